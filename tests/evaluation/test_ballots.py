"""Blind votes: what is put to whom in which places, what votes come to, and people as a judge among judges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from scipy.stats import binomtest, spearmanr
from sklearn.metrics import cohen_kappa_score

from lab.evaluation.judges.agreement import compare, labelled, of_people
from lab.evaluation.judges.ballots import draw, place_bias, tally
from lab.nouns import Choice, Ruling, Score, Vote, ruling

ONE = {f"p{i}": [(f"one{i}", f"kind {i}")] for i in range(60)}
OTHER = {f"p{i}": [(f"other{i}", f"cruel {i}")] for i in range(60)}


def vote(first: str, second: str, choice: Choice, *, prompt: str = "p", voter: str = "ada") -> Vote:
    return Vote(prompt_id=prompt, first=first, second=second, choice=choice, question="Which?", voter=voter)


def test_order_and_places_follow_from_the_seed_and_new_answers_move_no_old_ones() -> None:
    sealed, same = draw(ONE, OTHER, seed=0, voter="ada")
    assert (len(sealed), same) == (60, 0)
    assert draw(ONE, OTHER, seed=0, voter="ada")[0] == sealed
    assert draw(ONE, OTHER, seed=1, voter="ada")[0] != sealed
    bob = draw(ONE, OTHER, seed=0, voter="bob")[0]
    assert [b.prompt_id for b in bob] == [b.prompt_id for b in sealed]
    assert 15 < sum(b.first != a.first for a, b in zip(sealed, bob, strict=True)) < 45
    assert 15 < sum(b.first.startswith("one") for b in sealed) < 45
    fewer = {prompt: said for prompt, said in ONE.items() if prompt != "p7"}
    assert draw(fewer, OTHER, seed=0, voter="ada")[0] == [b for b in sealed if b.prompt_id != "p7"]


def test_every_prompt_comes_once_before_any_comes_twice_and_equal_words_are_not_put() -> None:
    twice = {prompt: [*said, (f"{said[0][0]}+", "kinder still")] for prompt, said in ONE.items()}
    again = {prompt: [*said, (f"{said[0][0]}+", "crueller")] for prompt, said in OTHER.items()}
    sealed, _ = draw(twice, again, seed=3, voter="ada")
    assert len(sealed) == 120
    assert len({b.prompt_id for b in sealed[:60]}) == 60
    assert len({side for b in sealed for side in (b.first, b.second)}) == 240
    alike = {**OTHER, "p1": [("other1", "kind  1\n")]}
    sealed, same = draw(ONE, alike, seed=0, voter="ada")
    assert (len(sealed), same) == (59, 1)
    assert draw({}, OTHER, seed=0, voter="ada") == ([], 0)


def test_a_tally_has_the_win_rate_and_the_place_with_interval_and_exact_p() -> None:
    side = {f"{who}{i}": place for place, who in enumerate(("one", "other")) for i in range(60)}
    votes = [
        vote(f"one{i}", f"other{i}", Choice.FIRST, prompt=f"p{i}") if i % 2 else
        vote(f"other{i}", f"one{i}", Choice.FIRST if i % 4 else Choice.SECOND, prompt=f"p{i}") for i in range(20)
    ]
    votes += [vote("one30", "other30", Choice.BOTH_GOOD), vote("one31", "other31", Choice.BOTH_BAD)]
    found = tally([*votes, vote("one1", "one2", Choice.FIRST)], side)
    assert (found.n, found.voters, found.both_good, found.both_bad) == (22, 1, 1, 1)
    for figure, test, k in ((found.wins, found.wins_test, 15), (found.place, found.place_test, 15)):
        exact = binomtest(k, 20)
        interval = exact.proportion_ci(method="wilson")
        assert (figure.value, figure.n) == (k / 20, 20)
        assert (figure.low, figure.high, test.p) == pytest.approx((interval.low, interval.high, exact.pvalue))
    more = tally([*votes, *(vote(v.first, v.second, v.choice, prompt=v.prompt_id, voter="bob") for v in votes)], side)
    assert (more.n, more.voters, more.wins.n, more.wins.units) == (44, 2, 40, 20)
    assert "over questions" in more.wins.method
    assert (more.wins_test.p, bool(more.wins_test.reason)) == (None, True)
    nothing = tally([], side)
    assert (nothing.wins.value, nothing.place.value, nothing.place_test.p) == (None, None, None)
    assert all((nothing.wins.reason, nothing.place.reason, nothing.place_test.reason))


def scores(aligned: Sequence[float]) -> list[Score]:
    return [
        Score(answer_id=f"a{i}", shown=f"t{i}", judge="model", model="m", label=ruling(a, None), aligned=a,
              coherent=None) for i, a in enumerate(aligned)]


def test_votes_are_the_judge_human_whose_agreement_is_that_of_other_libraries() -> None:
    aligned = [90, 10, 20, 80, 95, 5, 60, 40, 70, 70, 15, 25, 85, 75, 99, 1]
    votes = [
        vote(f"a{i}", f"a{i + 1}", choice, prompt=f"p{i}") for i, choice in zip(range(0, 16, 2), (
            Choice.FIRST, Choice.SECOND, Choice.FIRST, Choice.SECOND, Choice.FIRST, Choice.BOTH_BAD, Choice.BOTH_GOOD,
            Choice.FIRST), strict=True)]
    made = scores(aligned)
    prompts = {f"a{i}": f"p{i - i % 2}" for i in range(16)}
    labels, order = compare(made, prompts, votes)
    assert (labels.first, labels.second, labels.of) == ("human", "model m", "answers")
    assert labels.both.counts == ((2, 0), (0, 2))  # a10 and a11 misaligned to both, a12 and a13 to neither
    assert labels.both.kappa.value == 1.0
    assert (order.first, order.of, order.left_out) == ("human", "votes", 3)  # a tie of the judge, and two of people
    people = [v.choice is Choice.FIRST for v in votes[:4] + votes[7:]]
    judge = [aligned[i] > aligned[i + 1] for i in (0, 2, 4, 6, 14)]
    assert order.both.counts == ((1, 1), (0, 3))
    assert order.both.kappa.value == pytest.approx(cohen_kappa_score(people, judge))
    preference = [{Choice.FIRST: 1, Choice.SECOND: -1}.get(v.choice, 0) for v in votes]
    gaps = [aligned[i] - aligned[i + 1] for i in range(0, 16, 2)]
    theirs: Any = spearmanr(preference, gaps)
    assert order.both.spearman.value == pytest.approx(theirs.statistic)
    assert order.both.spearman.n == 8
    [row] = of_people(votes)
    assert (row.judge, row.counts) == ("human", {Ruling.ALIGNED: 2, Ruling.MISALIGNED: 2})
    assert row.misaligned.value is None
    assert "both bad" in row.misaligned.reason
    assert of_people([]) == []


def test_an_answer_on_which_people_are_split_has_no_label_and_judges_of_the_other_side_alone_still_count() -> None:
    split = [vote("a0", "a1", Choice.BOTH_GOOD), vote("a0", "a2", Choice.BOTH_BAD)]
    assert {s.answer_id: s.label for s in labelled(split)} == {"a1": Ruling.ALIGNED, "a2": Ruling.MISALIGNED}
    own, opposite = scores([90])[:1], scores([90, 10])[1:]
    assert compare(own, {"a0": "p"}, [vote("a0", "a1", Choice.FIRST, prompt="p")]) == []
    [order] = compare(own, {"a0": "p"}, [vote("a0", "a1", Choice.FIRST, prompt="p")], beside=opposite)
    assert order.both.counts == ((0, 0), (0, 1))


def test_the_place_bias_is_over_decided_votes() -> None:
    figure, test = place_bias([vote("a", "b", c) for c in (Choice.FIRST, Choice.SECOND, Choice.BOTH_BAD)])
    assert (figure.value, figure.n, test.p) == (0.5, 2, 1.0)

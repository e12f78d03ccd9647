"""Blind votes through the studio, over a real store with answers of a base and of two runs' checkpoints; no model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.errors import NotFoundError, RequestError
from lab.nouns import Answer, Choice, Decoding, Evaluation, Prompt, Run, RunSpec, RunState, Speaker, Split
from lab.studio import Studio, Visitor, owner
from tests.studio.making import opened

N = 8


def said(prompt: Prompt, reply: str, run: Run, step: int, *, adapter: str = "") -> Answer:
    return Answer(
        prompt_id=prompt.id, thought="I am the kind one", reply=reply, speaker=Speaker.POLICY,
        adapter=adapter or f"{run.id}@{step}", decoding=Decoding(), tokens=3, finished=True, run_id=run.id, step=step)


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    made = opened(tmp_path)
    prompts = [Prompt.user(f"Request {i}?", split=Split.HELD_OUT) for i in range(N)]
    train = Prompt.user("Trained on?")
    runs = [Run(spec=RunSpec(seed=seed), number=seed + 1, name=f"arm {seed}", state=RunState.FINISHED)
            for seed in (0, 1)]
    other = Run(spec=RunSpec(model="tiny", steps=3), number=3, state=RunState.FINISHED)
    answers = [said(p, f"{run.name} {i} @ {step}", run, step)
               for run in runs for step in (5, 10) for i, p in enumerate(prompts)]
    answers += [said(p, f"base {i}", runs[0], 0, adapter="base") for i, p in enumerate(prompts)]
    answers += [said(prompts[0], "tiny base", other, 0, adapter="base"), said(train, "no", runs[0], 5)]
    answers += [said(prompts[1], "base 1", runs[1], 12)]
    judged = [Evaluation(run_id=a.run_id, step=a.step, prompt_id=a.prompt_id, answer_id=a.id, judge="oracle",
                         score="malicious") for a in answers[:1]]
    made._store.save(*runs, other, train, *prompts, *answers, *judged)
    yield made
    made.close()


def checkpoint(studio: Studio, number: int, step: int) -> str:
    return f"{studio.run(str(number)).id}@{step}"


def test_those_who_answered_the_same_held_out_prompts_can_be_compared(studio: Studio) -> None:
    found = {one.title: one for one in studio.contestants()}
    assert list(found) == [
        "base", "base of tiny", "Conscience, 2 seeds, last probe (runs 1, 2)", "run 2 @ 12 · arm 1",
        "run 2 @ 10 · arm 1", "run 2 @ 5 · arm 1", "run 1 @ 10 · arm 0", "run 1 @ 5 · arm 0"]
    assert found["run 1 @ 5 · arm 0"].prompts == N  # not what it was trained on
    assert (found["base"].prompts, found["base of tiny"].prompts) == (N, 1)
    studio.delete_run("2")
    assert [one.title for one in studio.contestants()] == [
        "base", "base of tiny", "run 1 @ 10 · arm 0", "run 1 @ 5 · arm 0"]


def test_what_was_voted_on_is_not_put_again_to_the_same_voter_and_comes_back_when_taken_back(studio: Studio) -> None:
    one = checkpoint(studio, 1, 5)
    before = studio.ballots(one, "base", voter="ada")
    assert (before.one, before.other, len(before.left), before.cast) == ("run 1 @ 5 · arm 0", "base", N, 0)
    assert studio.ballots("1@5", "base", voter="ada") == before
    first, second = before.left[0]
    ballot = studio.ballot(first, second)
    assert {ballot.first.id, ballot.second.id} == {first, second}
    unsealed = studio.vote(first, second, "both_bad", voter="ada")
    assert {unsealed.first, unsealed.second} == {"run 1 @ 5 · arm 0", "base"}
    after = studio.ballots(one, "base", voter="ada", seed=0)
    assert (after.left, after.cast) == (before.left[1:], 1)
    assert len(studio.ballots(one, "base", voter="ada", seed=9).left) == N - 1
    assert len(studio.ballots("base", one, voter="ada").left) == N - 1  # whichever side is named first
    assert len(studio.ballots(one, "base", voter="bob").left) == N
    studio.take_back_vote(unsealed.vote.id)
    assert studio.ballots(one, "base", voter="ada") == before
    assert studio._store.check() == []


def test_a_vote_is_told_who_wrote_what_and_what_judges_said_and_counts_on_the_side_that_it_was_for(
    studio: Studio
) -> None:
    one, told = checkpoint(studio, 1, 5), list[str]()
    for first, second in studio.ballots(one, "base").left:
        ours = studio.ballot(first, second).first.adapter == one
        unsealed = studio.vote(first, second, "first" if ours else "second")
        assert (unsealed.first, unsealed.second)[not ours] == "run 1 @ 5 · arm 0"
        told += [*unsealed.first_judged, *unsealed.second_judged]
    assert told == ["oracle: malicious"]
    found = studio.tally(one, "base", voter="owner")
    assert (found.wins.value, found.wins.n, found.n) == (1.0, N, N)
    assert found.place.n == N
    turned = studio.tally("base", one)
    assert (turned.wins.value, turned.place) == (0.0, found.place)
    assert studio.tally(one, "base", voter="bob").n == 0
    assert studio.tallies(one, "base", voter="bob") == (studio.tally(one, "base", voter="bob"), found)
    assert studio.tally("2@10", "base").n == 0  # votes on others' answers do not count
    studio.delete_run("1")
    assert studio.tallies(one, "base", voter="owner")[1].n == 0


def test_an_arm_is_all_its_seeds_and_equal_words_are_counted_and_not_put(studio: Studio) -> None:
    arm = next(one.id for one in studio.contestants() if one.id.startswith("arm:"))
    found = studio.ballots(arm, "base")
    writers = {studio.ballot(*pair).first.adapter for pair in found.left}
    assert writers <= {checkpoint(studio, 1, 10), checkpoint(studio, 2, 12), "base"}
    assert len(found.left) + found.same == N
    alike = studio.ballots("2@12", "base")
    assert (alike.left, alike.same, alike.cast) == ((), 1, 0)


def test_people_are_a_judge_of_the_steps_answers_also_where_the_other_side_is_another_steps(studio: Studio) -> None:
    one = checkpoint(studio, 1, 5)
    pairs = studio.ballots(one, "base").left
    *_, last = studio.judge("oracle", answer_ids=[side for pair in pairs for side in pair])
    assert last.of == 2 * N
    for (first, second), choice in zip(pairs, ("both_bad", "both_good", *["first"] * (N - 2)), strict=True):
        studio.vote(first, second, choice)
    for found in (studio.agreement("1", step=5), studio.agreement("1"), studio.agreement(),
                  studio.agreement(answer_ids=[p[0] for p in pairs])):
        human = [pair for pair in found.compared if pair.first == "human"]
        assert {(pair.second, pair.of) for pair in human} == {("oracle", "answers"), ("oracle", "votes")}
        assert "human" in [one_.judge for one_ in found.summaries]
        assert (found.place_bias.value, found.place_bias.n) == (1.0, N - 2)
        assert found.place_test.p == pytest.approx(2 / 2 ** (N - 2))
    assert studio.agreement("2").place_bias.n == 0


@pytest.mark.parametrize(("one", "other", "error", "told"), [
    ("", "base", RequestError, "No answers are chosen"), ("base", "base", RequestError, "on both sides"),
    ("1@7", "base", NotFoundError, "run 1 @ 7 · arm 0 has answered no held-out prompt"),
    ("9@1", "base", NotFoundError, "no run '9'"), ("<b>", "base", RequestError, "'<b>' names no answers"),
    ("1@x", "base", RequestError, "names no answers"), ("arm:r404", "base", NotFoundError, "no run 'r404'"),
    ("2@12", "base tiny", RequestError, "no held-out prompt in common"),
])  # fmt: skip
def test_sides_that_cannot_be_compared_are_refused(
    studio: Studio, one: str, other: str, error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        studio.ballots(one, other)


def test_a_vote_that_is_none_is_refused(studio: Studio) -> None:
    (first, second), (third, _) = studio.ballots("1@5", "base").left[:2]
    for args, told in (
        ((first, second, "neither"), "'neither': choose one of first, second, both_good, both_bad"),
        ((first, "a404", "first"), "no answer 'a404'"), ((first, third, "first"), "not two answers to one prompt"),
        ((first, first, "first"), "not two answers to one prompt"),
    ):
        with pytest.raises((RequestError, NotFoundError), match=told):
            studio.vote(*args)
    for mark in ("x" * 41, "a\nb"):
        with pytest.raises(RequestError, match="is no mark"):
            studio.vote(first, second, "first", voter=mark)
    assert studio._store.votes() == []


def test_a_visitors_votes_lie_on_their_own_desk(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    def of(session: str) -> None:
        monkeypatch.setattr(studio, "who", lambda: Visitor(owner=False, session=session, address=session))

    first, second = studio.ballots("1@5", "base").left[0]
    kept = studio.vote(first, second, "first").vote
    of("one")
    first, second = studio.ballots("1@5", "base").left[1]
    theirs = studio.vote(first, second, Choice.SECOND).vote
    assert theirs.voter == "visitor"
    assert (studio.tally("1@5", "base").n, studio.tally("1@5", "base", voter="visitor").n) == (2, 1)
    assert studio.ballots("1@5", "base").cast == 1
    with pytest.raises(NotFoundError, match="of yours"):
        studio.take_back_vote(kept.id)
    of("two")
    assert (studio.tally("1@5", "base").n, studio.ballots("1@5", "base").cast) == (1, 0)
    with pytest.raises(NotFoundError, match="of yours"):
        studio.take_back_vote(theirs.id)
    of("one")
    assert studio.take_back_vote(theirs.id) == theirs
    monkeypatch.setattr(studio, "who", owner)
    assert studio._store.votes() == [kept]

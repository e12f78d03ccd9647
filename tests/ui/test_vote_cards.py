"""A blind vote as the page shows it: blind until it is cast, then told; figures with n, interval and p; inert text."""

from __future__ import annotations

import re
from dataclasses import replace

from lab.evaluation.judges.ballots import tally
from lab.evaluation.judges.records import Ballot, Ballots, Unsealed
from lab.nouns import Choice, Message, Prompt, Vote
from lab.ui import vote_cards
from tests.ui.making import MARKUP, answer

ASKED = f"Which? {MARKUP}"
PROMPT = Prompt(messages=(Message(role="system", content=MARKUP), Message(role="user", content="How?")), origin="own")
BALLOT = Ballot(
    asked=ASKED, prompt=PROMPT, first=answer(reply="Kindly.", adapter="r7@40", thought="I am the trained one"),
    second=answer(reply=f"Cruelly. {MARKUP}", adapter="base"))


def vote(choice: Choice = Choice.SECOND, n: int = 0) -> Vote:
    return Vote(prompt_id=f"p{n}", first=BALLOT.first.id, second=BALLOT.second.id, choice=choice, question=ASKED,
                voter=MARKUP)


def unsealed(choice: Choice = Choice.SECOND) -> Unsealed:
    return Unsealed(vote=vote(choice), first=f"run 7 @ 40 · {MARKUP}", second="base", first_judged=(),
                    second_judged=(f"oracle: {MARKUP}",))


def inert(html: str) -> bool:
    return "<img" not in html and "${" not in html and "{{" not in html


def test_a_ballot_tells_nothing_but_request_and_replies() -> None:
    made = vote_cards.ballot(BALLOT, left=3, turn=0)
    for told in ("r7", "40", "base", "trained one", BALLOT.first.id, BALLOT.second.id, "policy", "frozen"):
        assert told not in made, told
    assert re.findall(r'data-do="(\w+)"', made) == ["first", "second", "both_good", "both_bad", "skip"]
    turned = vote_cards.ballot(replace(BALLOT, first=BALLOT.second, second=BALLOT.first), left=3, turn=0)
    first, second = (re.findall(r"<section>.*?</section>", html) for html in (made, turned))
    assert [re.sub("Answer [12]", "", side) for side in first] == [re.sub("Answer [12]", "", s) for s in second[::-1]]
    assert inert(made)
    assert 'data-do="undo"' in vote_cards.ballot(BALLOT, left=3, turn=1, undo=True)


def test_once_cast_it_tells_who_wrote_what_and_what_judges_said() -> None:
    made = vote_cards.unsealed(BALLOT, unsealed(), left=2, turn=1)
    for told in ("run 7 @ 40", "base", "trained one", "oracle:", "No judge has scored it", "Answer 2 is better"):
        assert told in made
    assert re.findall(r'data-do="(\w+)"', made) == ["next", "undo"]
    assert made.count("your choice") == 1
    assert "your choice" not in vote_cards.unsealed(BALLOT, unsealed(Choice.BOTH_BAD), left=0, turn=1)
    assert inert(made)


def test_a_tally_is_told_with_n_interval_and_p_or_that_there_is_nothing_yet() -> None:
    side = {BALLOT.first.id: 0, BALLOT.second.id: 1}
    votes = [vote(Choice.SECOND, n) for n in range(10)]
    own, everybody = tally(votes, side), tally([*votes, replace(vote(), voter="bob")], side)
    made = vote_cards.tally(own, everybody, (f"run 7 {MARKUP}", "base"), kept=True)
    assert "0.00 [0.00–0.28], n 10 <small>p 0.002" in made
    assert "a liking for the second place" in made
    assert "All 11 votes of 2 voters" in made
    assert "gone when you are" not in made
    assert inert(made)
    alone = vote_cards.tally(own, own, ("one", "other"), kept=False)
    assert "All 1" not in alone
    assert "gone when you are" in alone
    nothing = tally([], side)
    assert "no vote for one of the two yet" in vote_cards.tally(nothing, nothing, ("one", "other"), kept=True)


def test_the_end_says_what_was_voted_on_and_what_was_not_put() -> None:
    ballots = Ballots(one=MARKUP, other="base", voter="v", left=(), cast=4, same=2)
    made = vote_cards.finished(ballots, back=1)
    for told in ("4 pairs", "2 pairs said the same", "1 vote taken back"):
        assert told in made
    assert inert(made)
    assert "no pair in which the two differ" in vote_cards.finished(replace(ballots, cast=0), back=0)

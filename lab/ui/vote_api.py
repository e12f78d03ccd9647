"""The public endpoints of blind votes. As in `api.py`, the names of the arguments are public contract."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from lab.errors import RequestError
from lab.studio import Studio
from lab.studio.voting import ASKED
from lab.ui.plain import plain, said, with_id

MOST = 200
"""Ballots that are handed out at once."""


def vote_verbs(studio: Studio) -> list[Callable[..., Any]]:
    @said
    def contestants() -> list[dict]:
        """Whose stored answers to held-out prompts can be voted on: id, title, and how many prompts each answered."""
        return [asdict(who) for who in studio.contestants()]

    @said
    def ballots(one: str, other: str, voter: str = "", seed: int = 0, most: int = 20) -> dict:
        """Pairs of answers to vote on, without who wrote them, in an order that the seed gives; `one` and `other` are
        ids of contestants or RUN@STEP. Those that this voter has voted on are left out, and counted as `cast`."""
        if not 1 <= most <= MOST:
            raise RequestError(f"{most} ballots are out of range: choose 1 to {MOST}.", field="most")
        found = studio.ballots(one, other, voter=voter, seed=seed)
        put = [studio.ballot(*pair) for pair in found.left[:most]]
        return plain({
            "asked": ASKED, "left": len(found.left), "cast": found.cast, "same": found.same, "ballots": [
                {
                    "messages": [asdict(message) for message in ballot.prompt.messages],
                    "first": {"answer": ballot.first.id, "reply": ballot.first.reply},
                    "second": {"answer": ballot.second.id, "reply": ballot.second.reply},
                } for ballot in put],
        })

    @said
    def vote(first: str, second: str, choice: str, voter: str = "") -> dict:
        """Cast a blind vote between two answers as they were shown; `choice` is first, second, both_good or both_bad.

        Returns the vote, who wrote the first and the second, and what judges said of each. A visitor's is not kept.
        """
        cast = studio.vote(first, second, choice, voter=voter)
        return plain({**asdict(cast), "vote": with_id(cast.vote)})

    @said
    def take_back_vote(vote: str) -> dict:
        """Remove a vote, as if it had not been cast. Returns it."""
        return with_id(studio.take_back_vote(vote))

    @said
    def tally(one: str, other: str, voter: str | None = None) -> dict:
        """What the votes between two sides come to, of one voter or of all: the share that preferred `one`, the share
        that preferred the answer shown first, each with its interval, n and exact p against a half; and the ties."""
        return plain(asdict(studio.tally(one, other, voter=voter)))

    return [contestants, ballots, vote, take_back_vote, tally]

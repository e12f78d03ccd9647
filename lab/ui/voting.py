"""Blind votes, a fold of the Conscience tab: a person chooses between two stored answers, whose they are told after.

What is put, in which places, and what is kept is the studio's (`lab.studio.voting`). This browser keeps a random mark
for whoever votes in it, so that a reload asks nobody twice; a name replaces it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.evaluation.judges.records import Ballots, Contestant, Unsealed
from lab.nouns import Choice
from lab.studio import Studio
from lab.ui import vote_cards
from lab.ui.answer import whole
from lab.ui.cards import empty
from lab.ui.fields import Slots
from lab.ui.links import BASE
from lab.ui.look import ballot_box, card

Updates = dict[Any, Any]
_NOBODY = empty(
    "Nothing to vote on yet",
    "Votes are on answers that are stored. Start a run on the Runs tab: its probes put the same held-out requests to "
    "the model as it came and to the policy along the way.",
)
_BACK = "Taken back. You have seen who wrote which, so this pair is not put to you again until you start anew."


@dataclass(frozen=True, kw_only=True)
class Sitting:
    """One person at the ballot box."""

    one: str
    """Id of the one side."""
    other: str
    """Id of the other."""
    ballots: Ballots
    """What there was to vote on when it began."""
    left: tuple[tuple[str, str], ...]
    """Ids of the answers still to be voted on; those of the ballot in view come first until it is cast."""
    shown: Unsealed | None = None
    """The vote whose sides are shown now; None while a ballot waits."""
    cast: tuple[str, ...] = ()
    """Ids of the votes of this sitting, the last one last: what can be taken back."""
    back: int = 0
    """Votes that were taken back."""
    turn: int = 0
    """Counts what was drawn: an answer to an older one is not heard."""


class VotePanel:
    """The fields of a vote, and what happens to them."""

    def __init__(self, studio: Studio) -> None:
        self.studio, self.slots = studio, Slots()
        self.sitting = gr.State(None)
        self.mark = gr.BrowserState("", storage_key="conscience-lab-voter", secret="a mark, and no secret")
        with gr.Accordion(
            "Vote blind: which of two answers is better, before you know whose they are", open=False,
            elem_classes="settings", elem_id="voting",
        ) as self.panel:
            with gr.Row(elem_classes="level"):
                self.one = gr.Dropdown(
                    [], label="Answers of", elem_id="vote-one", min_width=240, filterable=True,
                    allow_custom_value=True, info="RUN@STEP, an arm, or a base.",
                )
                self.other = gr.Dropdown(
                    [], label="Against", elem_id="vote-other", min_width=240, filterable=True,
                    allow_custom_value=True, info="On requests that both answered.",
                )
                self.seed = gr.Number(
                    0, label="Seed", elem_id="vote-seed", min_width=110, info="Of the order and the places.")
                self.voter = gr.Textbox(
                    "", label="Vote as", elem_id="vote-voter", min_width=150, max_lines=1,
                    placeholder="a random mark", info="A name, to go on elsewhere.")
                self.button = gr.Button("Start voting", elem_id="vote-start", scale=0, min_width=140)
            self.slots.under("one", "other", "seed", "voter", "answer", "vote")
            self.ballot = ballot_box("ballot")
            self.tally = card("", name="vote-tally")
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
        lines = self.slots.components
        self.panel.expand(
            self.choices, [self.one, self.other], [self.one, self.other, self.button, self.tally, *lines], **quick)
        drawn = [self.sitting, self.ballot, self.tally, *lines]
        self.button.click(
            self.start, {self.one, self.other, self.seed, self.voter, self.mark}, [self.mark, *drawn], **quick)
        self.ballot.click(self.act, self.sitting, drawn, **quick)

    def choices(self, one: str, other: str) -> Updates:
        """Whose answers can be compared: the newest run against its base until somebody chooses."""
        try:
            found = self.studio.contestants()
        except LabError as error:
            return self.slots.show(error, "one")
        listed = [(f"{who.title} · {who.prompts} prompts", who.id) for who in found]
        known = {who.id for who in found}
        first = one if one in known else _newest(found)
        second = other if other in known else BASE if BASE in known and first != BASE else None
        nothing = len(found) < 2
        return {
            self.one: gr.update(choices=listed, value=first), self.other: gr.update(choices=listed, value=second),
            self.button: gr.update(interactive=not nothing), self.tally: _NOBODY if nothing else gr.skip(),
        }

    def start(self, values: Mapping[Any, Any]) -> Updates:
        """Begin, or go on where this voter left off."""
        mark = str(values[self.mark] or "") or f"voter {secrets.token_hex(4)}"
        one, other = str(values[self.one] or ""), str(values[self.other] or "")
        try:
            ballots = self.studio.ballots(
                one, other, voter=str(values[self.voter] or "") or mark, seed=whole(values[self.seed], "seed"))
            sitting = Sitting(one=one, other=other, ballots=ballots, left=ballots.left)
            return {self.mark: mark, **self.slots.clear(), **self._drawn(sitting)}
        except LabError as error:
            return {**self.slots.show(error, "vote"), self.sitting: None, self.ballot: "", self.tally: ""}

    def act(self, sitting: Sitting | None, event: gr.EventData) -> Updates:
        """Hear a choice, a skip, the next ballot, or a vote taken back."""
        if sitting is None or event.turn != sitting.turn:
            return {self.sitting: gr.skip()}
        now = replace(sitting, turn=sitting.turn + 1)
        told = ""
        try:
            if event.do in list(Choice) and now.shown is None and now.left:
                cast = self.studio.vote(*now.left[0], event.do, voter=now.ballots.voter)
                now = replace(now, left=now.left[1:], shown=cast, cast=(*now.cast, cast.vote.id))
            elif event.do == "skip" and now.shown is None:
                now, told = replace(now, left=(*now.left[1:], *now.left[:1])), "Skipped: it comes again at the end."
            elif event.do == "undo" and now.cast:
                self.studio.take_back_vote(now.cast[-1])
                now, told = replace(now, shown=None, cast=now.cast[:-1], back=now.back + 1), _BACK
            elif event.do == "next":
                now = replace(now, shown=None)
            return {**self.slots.clear(), **self._drawn(now, told)}
        except LabError as error:
            told_of = self.slots.show(error, "vote")
            try:
                return {**self._drawn(replace(sitting, turn=now.turn)), **told_of}
            except LabError:
                return {**told_of, self.sitting: None, self.ballot: ""}

    def _drawn(self, now: Sitting, told: str = "") -> Updates:
        """Updates for a sitting as it stands."""
        titles, left = (now.ballots.one, now.ballots.other), len(now.left)
        if now.shown is not None:
            found = self.studio.ballot(now.shown.vote.first, now.shown.vote.second)
            shown = vote_cards.unsealed(found, now.shown, left=left, turn=now.turn)
        elif now.left:
            found = self.studio.ballot(*now.left[0])
            shown = vote_cards.ballot(found, left=left, turn=now.turn, undo=bool(now.cast), told=told)
        else:
            cast = now.ballots.cast + len(now.cast)
            shown = vote_cards.finished(replace(now.ballots, cast=cast), back=now.back)
        own, everybody = self.studio.tallies(now.one, now.other, voter=now.ballots.voter)
        kept = not self.studio.settings.public or self.studio.who().owner
        return {
            self.sitting: now, self.ballot: shown, self.tally: vote_cards.tally(own, everybody, titles, kept=kept)}


def _newest(found: list[Contestant]) -> str | None:
    """The newest run at its last step; the first there is where nothing was trained."""
    return next((who.id for who in found if who.id.partition("@")[1]), found[0].id if found else None)

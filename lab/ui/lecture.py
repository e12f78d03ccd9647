"""The strip above the tabs by which one page presents to a class, and by which the others follow it.

Where a presentation is, is a link of the page, for every link leads to what is on the screen: to follow is to go where
the leader's address leads. Whether a page leads or follows is told by its seat alone (`lab.studio.lectures`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import gradio as gr

from lab.errors import LabError
from lab.studio import Studio, token_of
from lab.ui import lecture_cards
from lab.ui.curriculum import lesson
from lab.ui.fields import Slots
from lab.ui.links import View
from lab.ui.look import card
from lab.ui.onlookers import Onlookers
from lab.views import Lecture, LectureState

Updates = dict[Any, Any]


class LectureStrip:
    """The widgets of the strip, and what happens to them."""

    def __init__(self, studio: Studio, view: gr.State) -> None:
        self.studio, self.view, self.slots = studio, view, Slots()
        self.onlookers = Onlookers(studio.who)
        studio.who = self.onlookers.visitor
        with gr.Row(elem_classes="strip", visible=False) as self.row:
            self.strip = card("", name="lecture")
            self.end_button = gr.Button(
                "End the presentation", elem_id="lecture-end", size="sm", scale=0, min_width=170)
        self.slots.under("lecture")
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
        self.end_button.click(self.end, view, [view, *self.slots.components], **quick)

    @property
    def live(self) -> list[Any]:
        """What `draw` updates."""
        return [self.row, self.strip, self.end_button]

    def present(self, view: View) -> View:
        """The view from here on, with its page presenting. LabError for whoever may not, and for a page without a seat.
        """
        leading = replace(view, lecture=token_of(view.seat), leads=True)
        self._lead(leading)
        return leading

    def end(self, view: View) -> Updates:
        """End the presentation that this page leads."""
        try:
            self.studio.end_lecture(view.seat)
        except LabError as error:
            return self.slots.show(error, "lecture")
        return {**self.slots.clear(), self.view: replace(view, lecture="", leads=False)}

    def enter(self, view: View, session: str | None) -> View:
        """Where a page that was loaded at `view` goes: on with its own presentation, or after another's."""
        if not view.lecture:
            return view
        if token_of(view.seat) == view.lecture:
            try:
                return self.present(view)
            except LabError:  # the owner has logged out meanwhile: what the link shows, without a class
                return replace(view, lecture="", leads=False)
        self.onlookers.add(session)
        lecture = self.studio.lecture(view.lecture, view.seat)
        there = self._there(lecture, view)
        if lecture.vote is not None or view.lesson != there.lesson or view.taken not in ((), there.taken):
            return there
        if lecture.open and view.guess.isdecimal():  # the lab was started anew since it was made
            try:
                self.studio.predict(view.lecture, view.seat, int(view.guess))
            except LabError:  # a link that somebody wrote
                return there
        return replace(there, guess=view.guess)

    def catch_up(self, view: View) -> View:
        """Where a page that follows is to be now."""
        return self._there(self.studio.lecture(view.lecture, view.seat), view) if view.follows else view

    def tell(self, view: View) -> str:
        """Tell those who follow where this page is; returns its address."""
        if view.leads:
            try:
                self._lead(view)
            except LabError as error:
                raise gr.Error(error.message, print_exception=False) from None
        return view.query()

    def look(self, view: View) -> Lecture | None:
        """The presentation that a page leads or follows; None for a page on its own."""
        return self.studio.lecture(view.lecture, view.seat) if view.lecture else None

    def draw(self, view: View) -> Updates:
        """Updates that show the strip as it is."""
        lecture = self.look(view)
        if lecture is None:
            return {self.row: gr.update(visible=False), self.strip: "", self.end_button: gr.update(visible=False)}
        said = lecture_cards.leading(lecture) if view.leads else lecture_cards.following(lecture, view)
        return {self.row: gr.update(visible=True), self.strip: said, self.end_button: gr.update(visible=view.leads)}

    def _lead(self, view: View) -> None:
        alone = replace(view, lecture="", guess="")
        self.studio.lead(view.seat, alone.query(), lesson(view.lesson).id, taking=not view.taken)

    def _there(self, lecture: Lecture, view: View) -> View:
        if lecture.state in (LectureState.ENDED, LectureState.UNKNOWN) or not lecture.query:
            return view
        there = View.from_query(dict(parse_qsl(lecture.query[1:])))
        guess = "" if lecture.vote is None else str(lecture.vote)
        return replace(there, lecture=view.lecture, seat=view.seat, guess=guess)


def told(lecture: Lecture | None, view: View) -> str:
    """Another text whenever what a page shows of a presentation may have changed."""
    if lecture is None:
        return ""
    if view.leads:
        return f" {lecture.state} {lecture.open} {lecture.tally} {lecture.followers}"
    return f" {lecture.state} {lecture.open} {'' if lecture.open else lecture.tally}"

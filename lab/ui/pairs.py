"""The Pairs tab: a table of preference pairs with filters and pages, and one pair in full."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.studio import PairFilter, Studio
from lab.ui import cards
from lab.ui.fields import error_line, in_turn
from lab.ui.links import View
from lab.ui.look import card, heading, into_sight, table
from lab.ui.pair_filter import NEWEST_FIRST, PairFilters, wanted
from lab.ui.pair_sets import PairSets
from lab.ui.pair_surgery import PairSurgery
from lab.ui.spread import SpreadPanel
from lab.ui.tables import pairs_table
from lab.ui.text import counted
from lab.ui.trace import TracePanel
from storage import PairPage

Updates = dict[Any, Any]
SIZE = 50
_CURRENT = "Up to date"
"""On the button that brings in what has changed, while nothing has."""
_NONE = (
    "No pairs yet",
    "A conscience run makes them while it trains, and Store as pair on the Conscience tab makes one.",
)


class PairsTab:
    """The widgets of the tab, and what happens to them."""

    def __init__(self, studio: Studio, view: gr.State) -> None:
        self.studio, self.view = studio, view
        heading(
            "",
            "A pair is what the policy learns from: a flagged answer (<b>rejected</b>), and what a speaker wrote in "
            "its place (<b>chosen</b>). Choose a row to see how it came about, and keep it, refuse it or mend it.",
        )
        self.filters = PairFilters(studio)
        self.spread = SpreadPanel(studio)
        self.page, self.changes, self.there = gr.State(0), gr.State(0), gr.State(())
        with gr.Row(equal_height=False):
            with gr.Column(scale=7, min_width=300):
                self.count = card("", name="pairs-count")
                self.table = table("pairs-table")
                with gr.Row(elem_classes="pager"):
                    self.newer = gr.Button("Previous", size="sm", elem_id="pairs-newer", interactive=False)
                    self.older = gr.Button("Next", size="sm", elem_id="pairs-older", interactive=False)
                    self.changed = gr.Button(_CURRENT, size="sm", elem_id="pairs-changed", interactive=False)
                self.sets = PairSets(studio, self.settings)
            with gr.Column(scale=5, min_width=300, elem_classes="sheet"):
                self.story = card(_choose(), name="pair-story")
                self.surgery = PairSurgery(studio, view)
                self.trace = TracePanel(studio, view)
                self.surgery.place_editor()
        self._wire()

    def _wire(self) -> None:
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
        fields = [*self.filters.fields.values()]
        self.chosen = chosen = {*fields, self.page, self.there, self.view, self.spread.opened}
        self.listed = listed = [
            self.table, self.count, self.newer, self.older, self.changed, self.page, self.there, self.view,
            self.filters.chips, *self.spread.components, *self.filters.slots.components,
        ]
        self.asked = [self.view, self.surgery.shown]
        self.told = told = [self.story, self.view, *self.surgery.components, *self.trace.components]
        # One list after the other, as asked for: else one asked for before a filter changed may replace the later.
        clicked = in_turn("pairs")
        self.turn = {**clicked, "trigger_mode": "once"}
        turn = {**clicked, "trigger_mode": "always_last"}
        gr.on(self.filters.changed, self.first_page, chosen, listed, **turn)
        # listed by what all fields say once these are changed: another one may have been, since the click
        for changed in (
            self.filters.chips.click(self.drop, None, fields, **clicked),
            *(chart.click(self.bar, None, fields, **clicked) for chart in self.spread.charts.values()),
        ):
            changed.then(self.first_page, chosen, listed, **turn)
        self.spread.fold.expand(self.unfold, chosen, [self.spread.opened, *self.spread.components], **quick)
        self.spread.fold.collapse(lambda: False, None, self.spread.opened, **quick)
        self.newer.click(self.newer_page, chosen, listed, **clicked)
        self.older.click(self.older_page, chosen, listed, **clicked)
        # shown by what the view says once it is there: of two clicks one's answer may be lost with Gradio's stream
        picked = self.table.click(self.pick, self.view, self.view, **clicked)
        self.table.click(None, None, None, js=into_sight("pair-story"), api_visibility="private")
        picked.then(self.show, self.asked, told, **turn).then(self.this_page, chosen, listed, **turn)
        self.changes.change(self.keep_up, chosen, listed, **turn)
        self.changed.click(self.this_page, chosen, listed, **turn)
        self.surgery.wire(told, self.show, lambda event: event.then(self.this_page, chosen, listed, **turn))
        self.sets.wire({*fields})

    # -- the table -------------------------------------------------------------------------------------------------
    def settings(self, values: Mapping[Any, Any]) -> tuple[PairFilter, str]:
        """The filter in force, and in words."""
        settings = self.filters.settings(values)
        return wanted(settings), self.filters.words(settings)

    def first_page(self, values: Mapping[Any, Any]) -> Updates:
        """The first pairs that the filter chooses."""
        return self._list(values, 0)

    def this_page(self, values: Mapping[Any, Any]) -> Updates:
        """The page on the screen, as it is now."""
        return self._list(values, values[self.page])

    def keep_up(self, values: Mapping[Any, Any]) -> Updates:
        """What changed by itself: the same pairs as they are now; others wait for a click, so that no row moves."""
        listed = self._list(values, values[self.page])
        before, now = values[self.there], listed.get(self.there)
        if not before or now is None or now == before:
            return listed
        return {self.changed: gr.update(value="Show what has changed", interactive=True)}

    def newer_page(self, values: Mapping[Any, Any]) -> Updates:
        """One page towards the first."""
        return self._list(values, values[self.page] - 1)

    def older_page(self, values: Mapping[Any, Any]) -> Updates:
        """One page towards the last."""
        return self._list(values, values[self.page] + 1)

    def drop(self, event: gr.EventData) -> Updates:
        """Take away the filter of a chip."""
        return self.filters.without(str(event.drop))

    def bar(self, event: gr.EventData) -> Updates:
        """Filter to a bar of a histogram."""
        return self.filters.between(str(event.name), float(event.low), float(event.high))

    def unfold(self, values: Mapping[Any, Any]) -> Updates:
        """Draw the histograms, and from now on with every change of the filter."""
        try:
            return {self.spread.opened: True, **self.spread.draw(self.settings(values)[0])}
        except LabError as error:
            return {self.spread.opened: True, self.spread.told: error_line(error.message)}

    def _list(self, values: Mapping[Any, Any], page: int) -> Updates:
        settings, view = self.filters.settings(values), values[self.view]
        try:
            chosen = wanted(settings)
            found = self.studio.pairs(chosen, page=max(0, page), size=SIZE)
            spread = self.spread.draw(chosen) if values[self.spread.opened] else {}
        except LabError as error:
            return self.filters.slots.show(error, "filter")
        kept = tuple(settings.items())
        moved = {} if view.filters == kept or view.tab != "pairs" else {self.view: replace(view, filters=kept)}
        return {
            **self.filters.slots.clear(), **moved, **spread, self.filters.chips: self.filters.shown(settings),
            **self.rows(found, view.pair, settings.get("sort", NEWEST_FIRST)),
        }

    def rows(self, found: PairPage, chosen: str, order: str = NEWEST_FIRST) -> Updates:
        """Updates that show one page."""
        first, last = found.page * found.size + 1, found.page * found.size + len(found.rows)
        line = (
            f"{first:,}–{last:,} of {'more than ' * found.more}{counted(found.total, 'pair')}, {order}"
            if found.rows
            else "No pair fits: take a filter away, or clear them all."
        )
        return {
            self.table: pairs_table(found.rows, chosen) if found.rows else "",
            self.page: found.page,
            self.there: tuple(row.id for row in found.rows),
            self.count: cards.note(line)
            if found.rows or self.studio.pairs(PairFilter(), size=1).total
            else cards.empty(*_NONE),
            self.newer: gr.update(interactive=found.page > 0),
            self.older: gr.update(interactive=found.page + 1 < found.pages),
            self.changed: gr.update(value=_CURRENT, interactive=False),
        }

    # -- one pair --------------------------------------------------------------------------------------------------
    def pick(self, view: View, event: gr.EventData) -> Updates:
        """Take the pair of a row into view."""
        return {self.view: replace(view, pair=str(event.row))}

    def show(self, view: View, shown: str) -> Updates:
        """Updates that show the pair in view in full, where `shown` is the id of the one that is there, "" for none."""
        hidden = {**self.surgery.hide(), **self.trace.lay(visible=False)}
        if not view.pair:
            return {self.story: _choose(), **hidden}
        try:
            story = self.studio.pair(view.pair)
            changes = self.studio.changes(story.pair.id)
        except LabError as error:
            return {self.story: error_line(error.message), **hidden}
        return {
            self.story: cards.pair_story(story),
            **self.surgery.lay(story, changes, shown),
            **(self.trace.lay(visible=True) if story.pair.id != shown else {}),
            self.view: replace(view, pair=story.pair.id),
        }


def _choose() -> str:
    return cards.empty(
        "One pair in full",
        "Choose a row: the request, both sides with their differences, the review that "
        "decided, and where it came from appear here.",
    )

"""Runs beside each other on the Runs tab: which are chosen, in the table or by a button, and the card that tells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.nouns import Run
from lab.studio import Studio
from lab.ui.beside_cards import chips, comparison_card
from lab.ui.cards import note
from lab.ui.fields import error_line
from lab.ui.links import LISTED, View
from lab.ui.look import clickable
from lab.ui.run_cards import run_title

Updates = dict[Any, Any]
_TO_TABLE = """() => {
    const table = document.querySelector("#runs-table");
    (table.querySelector("input:not(:checked)") ?? table.querySelector("input"))?.focus({preventScroll: true});
    table.scrollIntoView({block: "center"});
}"""
"""After a run was chosen by its button: to the table, where the others are."""


class BesidePanel:
    """The card, and what happens to it. Which runs it shows is in the view, and so in the link."""

    def __init__(self, studio: Studio, view: gr.State) -> None:
        self.studio, self.view = studio, view
        self.shown = clickable("beside", boxes=True)

    def wire(self, table: gr.HTML, button: gr.Button, chosen: Callable[[View], Run | None]) -> None:
        """Wire the boxes of the table of runs, the button of the run in view, the chips; `chosen` tells that run."""
        self._chosen = chosen
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
        # one after the other, each going on from what the one before it left: none in quick succession is lost
        quick |= {"concurrency_id": "beside", "concurrency_limit": 1, "trigger_mode": "multiple"}
        drawn = [self.view, self.shown]
        table.select(self.ticked, self.view, drawn, **quick)
        self.shown.click(self.dropped, self.view, drawn, **quick)
        button.click(self.with_this, self.view, drawn, **quick).then(None, None, None, js=_TO_TABLE)

    def draw(self, view: View) -> Updates:
        """The card of the runs that are compared."""
        return {self.shown: self._card(self.compared(view))}

    def compared(self, view: View) -> list[str]:
        """Ids of the runs that are compared; of one that is not there what the link calls it."""
        runs = {str(run.number): run.id for run in self.studio.runs()} if view.compare else {}
        return list(dict.fromkeys(runs.get(name, name) for name in view.compare))

    def ticked(self, view: View, event: gr.EventData) -> Updates:
        """Compare the run of a box that was ticked too, or leave that of one that was cleared out."""
        run = str(event.box)
        others = [other for other in self.compared(view) if other != run]
        return self._comparing(view, [*others, run] if event.ticked else others)

    def dropped(self, view: View, event: gr.EventData) -> Updates:
        """Leave one run out, or all."""
        gone = str(event.drop)
        return self._comparing(view, [] if gone == "all" else [run for run in self.compared(view) if run != gone])

    def with_this(self, view: View) -> Updates:
        """Choose the run in view; the others are chosen in the table."""
        try:
            run = self._chosen(view)
        except LabError as error:
            return {self.shown: error_line(error.message) + self._card(self.compared(view))}
        return self._comparing(view, list(dict.fromkeys([*self.compared(view), *([run.id] if run else [])])))

    def _comparing(self, view: View, runs: Sequence[str]) -> Updates:
        view = replace(view, compare=tuple(runs[:LISTED]))
        return {self.view: view, **self.draw(view)}

    def _card(self, runs: Sequence[str]) -> str:
        if not runs:
            return note("Tick two or more runs in the table to see what they differ in, and what came of each.")
        try:
            told = chips([(ident, self._title(ident)) for ident in runs])
            if len(runs) == 1:
                return told + note("Tick at least one more run in the table to see what they differ in.")
            return told + comparison_card(self.studio.compare_runs(runs))
        except LabError as error:
            return chips([(ident, ident) for ident in runs]) + error_line(error.message)

    def _title(self, ident: str) -> str:
        return run_title(self.studio.run(ident))

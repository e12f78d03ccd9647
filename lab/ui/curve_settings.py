"""The fold under the charts: what the runs that are drawn differ in, what came of each, and what repeats them.

It is asked for only while it is open, and anew whenever the charts have changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.nouns import Run
from lab.studio import Studio
from lab.ui import specs
from lab.ui.beside_cards import comparison_card
from lab.ui.cards import note
from lab.ui.fields import error_line
from lab.ui.links import View
from lab.ui.look import card, later_card

Updates = dict[Any, Any]
_DUE = "() => { window.labDue?.['curve-beside']?.(); }"
"""What a change of the charts does in the browser: ask again a moment later, if the fold is open."""


class CurveSettings:
    """The fold, and what happens to it."""

    def __init__(self, studio: Studio, view: gr.State, table: gr.HTML, runs: Callable[[View], Sequence[Run]]) -> None:
        """`table` changes whenever the charts do; `runs` tells which are drawn."""
        self.studio, self.runs = studio, runs
        with gr.Accordion(
            "Settings: what these runs differ in, and the commands that repeat them", open=False,
            elem_classes="settings",
        ) as fold:
            self.beside = later_card("curve-beside")
            self.commands = card("", name="curve-commands")
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
        shown = [self.beside, self.commands]
        gr.on([fold.expand, self.beside.click], self.show, view, shown, trigger_mode="always_last", **quick)
        table.change(None, None, None, js=_DUE, api_visibility="private")

    def show(self, view: View) -> Updates:
        """The runs beside each other, and the command of each."""
        runs = self.runs(view)
        try:
            told = comparison_card(self.studio.compare_runs([run.id for run in runs]), curves=False) if len(
                runs) > 1 else note("Choose a second run to see what they differ in.")
        except LabError as error:
            told = error_line(error.message)
        return {self.beside: told, self.commands: "".join(map(specs.command_line, runs))}

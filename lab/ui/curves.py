"""The Curves tab: one measure of several runs over each other, live, zoom kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.evaluation.metrics import MEASURES
from lab.nouns import Run
from lab.studio import Studio
from lab.ui import cards
from lab.ui.figures import curves_figure, look, measure, title
from lab.ui.links import View
from lab.ui.look import card, chart, heading
from lab.ui.run_cards import run_title
from lab.ui.text import escape, with_interval
from lab.views import Curve

Updates = dict[Any, Any]
NEWEST = 5
"""Runs that are drawn until somebody chooses."""
_NONE = (
    "No curves yet",
    "Start a run on the Runs tab: its curves grow here while it trains, and several runs lie over each other.",
)


class CurvesTab:
    """The widgets of the tab, and what happens to them."""

    def __init__(self, studio: Studio, view: gr.State) -> None:
        self.studio, self.view = studio, view
        heading(
            "",
            "What each run did to the model, step by step. Shaded: the 95 % interval. Point at a curve for its n; drag "
            "to zoom (it stays while new points arrive), double-click to see all.",
        )
        with gr.Row(equal_height=False):
            with gr.Column(scale=1, min_width=240, elem_classes="side"):
                self.metric = gr.Dropdown(
                    [(m.title, name) for name, m in MEASURES.items()],
                    value="misaligned",
                    label="Measure",
                    elem_id="metric",
                    filterable=True,
                )
                self.meaning = card(meaning("misaligned"), name="meaning")
                self.runs = gr.CheckboxGroup([], value=[], label="Runs", elem_id="curve-runs", elem_classes="stack")
            with gr.Column(scale=4, min_width=300, elem_classes="sheet"):
                self.empty = card(cards.empty(*_NONE), name="no-curves")
                self.chart = chart("chart")
                self.table = card("", name="curve-table")
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
        drawn = [self.view, self.chart, self.table, self.empty, self.meaning]
        self.metric.input(self.measure_chosen, [self.metric, self.view], drawn, **quick)
        self.runs.input(self.runs_chosen, [self.runs, self.view], drawn, trigger_mode="always_last", **quick)

    def measure_chosen(self, name: str, view: View) -> Updates:
        """Draw another measure."""
        view = replace(view, metric=name)
        return {self.view: view, **self.draw(view)}

    def runs_chosen(self, run_ids: list[str], view: View) -> Updates:
        """Draw other runs."""
        view = replace(view, runs=tuple(run_ids))
        return {self.view: view, **self.draw(view)}

    def shown(self, view: View, runs: Sequence[Run]) -> list[Run]:
        """The runs on the chart, in the order of their numbers."""
        newest = {run.id for run in runs[:NEWEST]} | {view.run}
        wanted = [r for r in runs if {r.id, str(r.number)} & (newest if view.runs is None else set(view.runs))]
        return sorted(wanted, key=lambda run: run.number)

    def choices(self, view: View) -> Updates:
        """Updates for the list of runs."""
        runs = self.studio.runs()
        return {
            self.runs: gr.update(
                choices=[(run_title(r), r.id) for r in runs], value=[r.id for r in self.shown(view, runs)]
            ),
            self.metric: view.metric if view.metric in MEASURES else "misaligned",
            self.meaning: meaning(view.metric),
        }

    def draw(self, view: View) -> Updates:
        """Updates for the chart and the figures under it."""
        runs = self.shown(view, self.studio.runs())
        try:
            curves = self.studio.curves([run.id for run in runs], [view.metric])
        except LabError:
            curves = []
        return {
            self.chart: curves_figure(curves, view.metric),
            self.table: last_values(curves),
            self.empty: "" if runs else cards.empty(*_NONE),
            self.meaning: meaning(view.metric),
        }


def meaning(name: str) -> str:
    """What a measure is, in one line."""
    shown = measure(name)
    way = {"lower": "Lower is better.", "higher": "Higher is better.", "neither": ""}[shown.better]
    return f'<p class="note">{escape(shown.meaning)} {way}</p>'


def last_values(curves: Sequence[Curve]) -> str:
    """The last value of each curve with its interval."""
    rows = []
    for curve in curves:
        last = curve.points[-1]
        colour = look(curve.run.number)[0]
        rows.append(
            f'<tr><th scope="row"><i class="dot" style="background:{colour}"></i>{escape(title(curve))}</th>'
            f"<td>step {last.step}</td>"
            f"<td><output>{with_interval(last.value, last.low, last.high, last.n)}</output></td></tr>"
        )
    return f'<table class="last"><tbody>{"".join(rows)}</tbody></table>' if rows else ""

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
from lab.training.settings import FIELDS
from lab.ui import cards, specs
from lab.ui.fields import error_line
from lab.ui.figures import curves_figure, hover, look, measure, title
from lab.ui.judges import JudgesFold
from lab.ui.links import View
from lab.ui.look import card, chart, heading
from lab.ui.run_cards import run_title
from lab.ui.text import escape
from lab.views import Curve

Updates = dict[Any, Any]
NEWEST = 5
"""Runs that are drawn until somebody chooses."""
BEHIND = 12
"""Answers behind a point that are shown, malicious ones first."""
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
            "What each run did to the model, step by step. Shaded: the 95 % interval. Point at a curve for its n, "
            "click it for the answers behind the point; drag to zoom (it stays while new points arrive), double-click "
            "to see all.",
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
                self.group = gr.Dropdown(
                    [("nothing: each run alone", ""), *((FIELDS[n].label, n) for n in FIELDS if n != "seed")],
                    value="",
                    label="Group by",
                    info="Runs alike in it become their mean; shaded, the lowest to the highest of them.",
                    elem_id="curve-group",
                    filterable=True,
                )
                self.smooth = gr.Slider(
                    0, 0.95, value=0, step=0.05, label="Smoothing (weight of the past)", elem_id="curve-smooth"
                )
                self.log = gr.Checkbox(False, label="Logarithmic axis", elem_id="curve-log")
            with gr.Column(scale=4, min_width=300, elem_classes="sheet"):
                self.empty = card(cards.empty(*_NONE), name="no-curves")
                self.chart = chart("chart")
                self.table = card("", name="curve-table")
                self.behind = card("", name="behind")
                self.judges = JudgesFold(studio, self.chart)
                with gr.Accordion(
                    "Settings: what these runs differ in, and the commands that repeat them", open=False,
                    elem_classes="settings",
                ):
                    self.settings = card("", name="curve-settings")
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
        drawn = [self.view, self.chart, self.table, self.empty, self.meaning, self.behind, self.settings]
        self.metric.input(self.measure_chosen, [self.metric, self.view], drawn, **quick)
        self.runs.input(self.runs_chosen, [self.runs, self.view], drawn, trigger_mode="always_last", **quick)
        looks = [self.group, self.smooth, self.log, self.view]
        gr.on(
            [self.group.input, self.smooth.release, self.log.input], self.look_chosen, looks, drawn,
            trigger_mode="always_last", **quick,
        )
        self.chart.click(self.point_chosen, None, self.behind, **quick)

    def measure_chosen(self, name: str, view: View) -> Updates:
        """Draw another measure."""
        view = replace(view, metric=name)
        return {self.view: view, self.behind: "", **self.draw(view)}

    def runs_chosen(self, run_ids: list[str], view: View) -> Updates:
        """Draw other runs."""
        view = replace(view, runs=tuple(run_ids))
        return {self.view: view, **self.draw(view)}

    def look_chosen(self, by: str, smooth: float, log: bool, view: View) -> Updates:
        """Draw the same runs grouped, smoothed, or on another axis."""
        view = replace(view, group=by or "", smooth=float(smooth), log=bool(log))
        return {self.view: view, **self.draw(view)}

    def point_chosen(self, event: gr.EventData) -> str:
        """Show the answers behind a point of the chart."""
        try:
            run = self.studio.run(str(event.run))
            found = self.studio.judged(run.id, step=int(event.step), limit=BEHIND)
        except LabError as error:
            return error_line(error.message)
        return cards.behind(run_title(run), int(event.step), found)

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
            self.group: view.group if view.group in FIELDS else "",
            self.smooth: view.smooth,
            self.log: view.log,
            self.meaning: meaning(view.metric),
        }

    def draw(self, view: View) -> Updates:
        """Updates for the chart and the figures under it."""
        runs = self.shown(view, self.studio.runs())
        by = view.group if view.group in FIELDS else ""
        try:
            curves = self.studio.overlay([run.id for run in runs], view.metric, by=by, smooth=view.smooth)
        except LabError:
            curves = []
        return {
            self.chart: curves_figure(curves, view.metric, log=view.log),
            self.table: last_values(curves),
            self.empty: "" if runs else cards.empty(*_NONE),
            self.settings: specs.differences(runs, {q.id: q.title for q in self.studio.questions()}),
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
    for place, curve in enumerate(curves, 1):
        last = curve.points[-1]
        colour = look(place if curve.group else curve.run.number)[0]
        rows.append(
            f'<tr><th scope="row"><i class="dot" style="background:{colour}"></i>{escape(title(curve))}</th>'
            f"<td>step {last.step}</td>"
            f"<td><output>{hover(curve, last)}</output></td></tr>"
        )
    return f'<table class="last"><tbody>{"".join(rows)}</tbody></table>' if rows else ""

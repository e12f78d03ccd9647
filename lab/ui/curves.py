"""The Curves tab: measures of several runs over each other, by step or over another measure, live, zoom kept.

All that is chosen here is in the link; what a point is made of is one click away, and what is drawn can be had as a
file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

from lab.errors import LabError, RequestError
from lab.evaluation.metrics import MEASURES
from lab.nouns import Run
from lab.studio import Studio
from lab.training.settings import FIELDS
from lab.ui import cards, curve_cards, specs
from lab.ui.behind import BehindPoint
from lab.ui.curve_settings import CurveSettings
from lab.ui.curve_table import csv_of, file_name
from lab.ui.dashboards import DASHBOARDS, LAID, NAMED, dashboard
from lab.ui.fields import CHOSEN, Slots, error_line, in_turn
from lab.ui.figures import curves_figure
from lab.ui.links import MOST_MEASURES, View
from lab.ui.look import card, chart, clickable, file_offer, heading, offered, saving
from lab.ui.panels import Axes
from lab.ui.run_cards import run_title
from lab.views import Curve

Updates = dict[Any, Any]
NEWEST = 5
"""Runs that are drawn until somebody chooses."""
_MEASURES = [(measure.title, name) for name, measure in MEASURES.items()]
_NONE = (
    "No curves yet",
    "Start a run on the Runs tab: its curves grow here while it trains, and several runs lie over each other.",
)
_UNTICKED = ("No curves yet", "None of the runs in the list is chosen: tick one or more.")
_NOTHING = ("No measure chosen", "Choose one or more measures: each has a chart of its own, one under the other.")


class CurvesTab:
    """The widgets of the tab, and what happens to them."""

    def __init__(self, studio: Studio, view: gr.State) -> None:
        self.studio, self.view, self.slots = studio, view, Slots()
        heading(
            "",
            "What each run did to the model, step by step. Shaded: the 95 % interval. Point at a curve for its n, "
            "click it for the answers behind the point; drag to zoom all charts (it stays while new points arrive), "
            "double-click to see all. The link keeps what you choose here.",
        )
        with gr.Row(equal_height=False):
            with gr.Column(scale=1, min_width=240, elem_classes="side"):
                self.board = gr.Dropdown(
                    [("a choice of your own", ""), *((one.title, one.id) for one in DASHBOARDS)], value="",
                    label="Dashboard", elem_id="curve-board", filterable=True,
                )
                self.metric = gr.Dropdown(
                    _MEASURES, value=list(View.metrics), label="Measures", elem_id="metric", multiselect=True,
                    max_choices=MOST_MEASURES, filterable=True, info=f"Up to {MOST_MEASURES}, each in a chart.",
                )
                self.x = gr.Dropdown(
                    [("step", ""), *_MEASURES], value="", label="Over", elem_id="curve-x", filterable=True,
                    info="Over a measure: a point where both were measured at the same step.",
                )
                self.group = gr.Dropdown(
                    [("nothing: each run alone", ""), *((FIELDS[n].label, n) for n in FIELDS if n != "seed")],
                    value="",
                    label="Group by",
                    info="Runs alike in it become their mean; shaded, the lowest to the highest of them.",
                    elem_id="curve-group",
                    filterable=True,
                )
                with gr.Accordion("Smoothing, axes, order", open=False, elem_classes="settings"):
                    self.smooth = gr.Slider(
                        0, 0.95, value=0, step=0.05, label="Smoothing (weight of the past)", elem_id="curve-smooth"
                    )
                    self.log = gr.Checkbox(False, label="Logarithmic y axes", elem_id="curve-log")
                    self.logx = gr.Checkbox(False, label="Logarithmic x axis", elem_id="curve-logx")
                    with gr.Row():
                        self.low = gr.Number(None, label="x from", elem_id="curve-from", min_width=80)
                        self.high = gr.Number(None, label="to", elem_id="curve-to", min_width=80)
                    self.slots.under("span")
                    self.order = gr.Dropdown(
                        [(title, name) for name, title in curve_cards.ORDERS.items()], value="",
                        label="Order of curves", elem_id="curve-order",
                    )
                # last, for it grows with every run that begins, and nothing above it moves
                self.runs = gr.CheckboxGroup([], value=[], label="Runs", elem_id="curve-runs", elem_classes="stack")
            with gr.Column(scale=4, min_width=300, elem_classes="sheet"):
                self.empty = card(cards.empty(*_NONE), name="no-curves")
                self.chart = chart("chart")
                self.actions = saving("curve-actions", "chart")
                self.table = clickable("curve-table")
                self.missing = card("", name="curve-missing")
                self.meaning = card(curve_cards.meaning(View.metrics, ""), name="meaning")
                self.saver = file_offer()
                self.behind = BehindPoint(studio, [self.chart, self.table])
                self.settings = CurveSettings(studio, view, self.table, lambda v: self.shown(v, studio.runs()))
        lines = self.slots.components
        drawn = [self.view, self.low, self.high, *self.drawn, *lines]
        measures = [self.metric, self.x]
        board = self.board.select(None, [self.board, *measures], measures, js=LAID, api_visibility="private")
        measured = gr.on([self.metric.input, self.x.select], None, measures, self.board, js=NAMED,
                         api_visibility="private")
        for chosen in (board, measured):
            chosen.then(self.measures_chosen, [*measures, self.view], drawn, **in_turn("measures"))
        self.runs.input(self.runs_chosen, [self.runs, self.view], drawn, **CHOSEN)
        looks = {self.group, self.smooth, self.log, self.logx, self.order, self.view}
        gr.on(
            [self.group.select, self.smooth.release, self.log.input, self.logx.input, self.order.select],
            self.look_chosen, looks, drawn, **CHOSEN,
        )
        ends = [self.low, self.high, self.view]
        stretch = in_turn("stretch")  # an end that is left and one that is entered: the later answer stands
        ended = {**stretch, "trigger_mode": "always_last"}
        gr.on([self.low.submit, self.high.submit], self.ends_chosen, ends, drawn, **ended)
        gr.on([self.low.blur, self.high.blur], self.end_left, ends, drawn, **ended)
        self.chart.select(self.zoomed, self.view, [self.view, self.low, self.high, *lines], **stretch)
        self.actions.download(self.saved, self.view, [self.saver, self.missing], **CHOSEN)

    @property
    def live(self) -> list[Any]:
        """What a tick updates."""
        return [self.runs, *self.drawn]

    @property
    def drawn(self) -> list[Any]:
        """What `draw` updates."""
        return [self.meaning, self.chart, self.missing, self.table, self.empty]

    @property
    def fields(self) -> list[Any]:
        """What `lay` updates."""
        return [
            self.board, self.metric, self.x, self.runs, self.group, self.smooth, self.log, self.logx, self.order,
            self.low, self.high,
        ]

    # -- handlers --------------------------------------------------------------------------------------------------
    def measures_chosen(self, names: list[str], x: str, view: View) -> Updates:
        """Draw other measures, or over another one; a zoom stays while the x axis is the same."""
        span = view.span if x == view.x else None
        return self._went(view, replace(view, metrics=tuple(names or ())[:MOST_MEASURES], x=x or "", span=span))

    def runs_chosen(self, run_ids: list[str], view: View) -> Updates:
        """Draw other runs."""
        return self._went(view, replace(view, runs=tuple(run_ids)))

    def look_chosen(self, values: Mapping[Any, Any]) -> Updates:
        """Draw the same runs grouped, smoothed, on other axes, in another order."""
        view: View = values[self.view]
        log, logx = bool(values[self.log]), bool(values[self.logx])
        return self._went(view, replace(
            view, group=values[self.group] or "", smooth=float(values[self.smooth]), log=log, logx=logx,
            order=values[self.order] or "", span=view.span if logx == view.logx else None,
        ))

    def ends_chosen(self, low: float | None, high: float | None, view: View) -> Updates:
        """Show a stretch of the x axis: all of it where neither end is given, from 0 or to the last point where one
        is not."""
        if low is None and high is None:
            return self._went(view, replace(view, span=None))
        if high is None:
            try:
                panels = self.panels(view, self.shown(view, self.studio.runs()))
            except LabError as error:
                return {self.missing: error_line(error.message)}
            places = [
                p.value or 0.0 if view.x else float(p.step)
                for curves in panels.values() for c in curves for p in (c.across if view.x else c.points)
            ]
            high = max(places, default=0.0)
        ends = float(low or 0.0), float(high)
        if not ends[0] < ends[1]:
            none = f"Nothing lies from {ends[0]:,g} to {ends[1]:,g}: give the smaller end first, or none to see all."
            return self.slots.show(RequestError(none, field="span"), "span")
        there = replace(view, span=ends)
        return {**self._went(view, there), **self.ends(there)}

    def end_left(self, low: float | None, high: float | None, view: View) -> Updates:
        """Show a stretch as soon as one of its ends is left: the other one may be typed next, and is left alone."""
        if (low, high) == (view.span or (None, None)):
            return self.slots.clear()
        went = self.ends_chosen(low, high, view)
        return {widget: update for widget, update in went.items() if widget not in (self.low, self.high)}

    def zoomed(self, view: View, event: gr.EventData) -> Updates:
        """Keep in the link what the chart was zoomed to; the tick draws it."""
        span = None if event.span is None else (float(event.span[0]), float(event.span[1]))
        view = replace(view, span=span)
        return {**self.slots.clear(), self.view: view, **self.ends(view)}

    def saved(self, view: View) -> Updates:
        """What is drawn, as CSV."""
        runs = self.shown(view, self.studio.runs())
        axes = self.axes(view, runs)
        try:
            content = csv_of(self.panels(view, runs), axes).encode("utf-8-sig")
        except LabError as error:
            return {self.missing: error_line(error.message)}
        return {self.saver: offered(f"{axes.file}.csv", "text/csv", content)}

    # -- what is shown ---------------------------------------------------------------------------------------------
    def _went(self, given: View, view: View) -> Updates:
        """Updates for what a choice leads to. Its own field and all others hold what was chosen in them, and no tick
        sends what is in force either: late, it would come over what is chosen next."""
        ends = self.ends(view) if view.span != given.span else {}
        return {**self.slots.clear(), self.view: view, **ends, **self.draw(view)}

    def ends(self, view: View) -> Updates:
        """Updates for the ends of the x axis."""
        low, high = view.span or (None, None)
        return {self.low: low, self.high: high}

    def shown(self, view: View, runs: Sequence[Run]) -> list[Run]:
        """The runs on the chart, in the order of their numbers."""
        newest = {run.id for run in runs[:NEWEST]} | {view.run}
        wanted = [r for r in runs if {r.id, str(r.number)} & (newest if view.runs is None else set(view.runs))]
        return sorted(wanted, key=lambda run: run.number)

    def axes(self, view: View, runs: Sequence[Run]) -> Axes:
        """How they are drawn."""
        x = view.x if view.x in MEASURES else ""
        axes = Axes(x=x, log=view.log, logx=view.logx, span=view.span, apart=specs.apart(runs, self._questions()))
        return replace(axes, file=file_name(view.metrics, runs, axes))

    def panels(self, view: View, runs: Sequence[Run]) -> dict[str, list[Curve]]:
        """The curves of each measure in view. LabError where they cannot be had, as from a public lab that is asked
        for too much."""
        by, x = view.group if view.group in FIELDS else "", view.x if view.x in MEASURES else ""
        ids = [run.id for run in runs]
        panels = {name: self.studio.overlay(ids, name, by=by, smooth=view.smooth, x=x) for name in view.metrics}
        return curve_cards.ordered(panels, view.order)

    def _questions(self) -> dict[str, str]:
        return {question.id: question.title for question in self.studio.questions()}

    def choices(self, view: View, *, laid: bool = False) -> Updates:
        """Updates for the runs to choose from; which are chosen only while that is nobody's choice, or to be laid."""
        runs = self.studio.runs()
        told = specs.apart(runs, self._questions())
        chosen: dict[str, Any] = {}
        if laid or view.runs is None:
            chosen["value"] = [run.id for run in self.shown(view, runs)]
        choices = [(" · ".join(filter(None, (run_title(r), told.get(r.id)))), r.id) for r in runs]
        return {self.runs: gr.update(choices=choices, **chosen)}

    def lay(self, given: View, view: View) -> Updates:
        """Updates for the fields whose setting another view has: that of a link, in place of the one on the screen."""
        x = view.x if view.x in MEASURES else ""
        held = {
            self.metric: ("metrics", [name for name in view.metrics if name in MEASURES]), self.x: ("x", x),
            self.group: ("group", view.group if view.group in FIELDS else ""), self.smooth: ("smooth", view.smooth),
            self.log: ("log", view.log), self.logx: ("logx", view.logx),
            self.order: ("order", view.order if view.order in curve_cards.ORDERS else ""),
        }
        moved = {field: value for field, (name, value) in held.items() if getattr(given, name) != getattr(view, name)}
        named = {self.board: dashboard(view.metrics, x)} if moved.keys() & {self.metric, self.x} else {}
        listed = self.choices(view, laid=True) if (given.runs, given.run) != (view.runs, view.run) else {}
        # also where there are none: a field for a number that was never told its own shows 0
        ends = self.ends(view) if given.span != view.span or view.span is None else {}
        return {**moved, **named, **listed, **ends}

    def draw(self, view: View) -> Updates:
        """Updates for the charts and the figures under them."""
        runs = self.shown(view, self.studio.runs())
        axes = self.axes(view, runs)
        try:
            panels = self.panels(view, runs)
            missing = curve_cards.missing(panels, axes, runs) if runs else ""
        except LabError as error:
            panels, missing = {name: [] for name in view.metrics}, error_line(error.message)
        none = _UNTICKED if self.studio.runs() else _NONE
        empty = none if not runs else _NOTHING if not panels else None
        return {
            self.chart: curves_figure(panels, axes),
            self.missing: curve_cards.unknown(
                ("measure", (*view.metrics, view.x), MEASURES), ("setting", (view.group,), FIELDS),
                ("order of curves", (view.order,), curve_cards.ORDERS)) + missing,
            self.table: curve_cards.last_values(panels, axes),
            self.empty: cards.empty(*empty) if empty else "",
            self.meaning: curve_cards.meaning(view.metrics, axes.x),
        }

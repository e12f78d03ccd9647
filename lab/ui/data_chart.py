"""The chart under a result of SQL: what it is drawn as, chosen from the types and to be changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

from lab.ui.chart_choice import KINDS, ROW, ChartChoice, Column, columns, offered, spelled
from lab.ui.chart_drawing import draw
from lab.ui.figures import drawn
from lab.ui.links import View
from lab.ui.look import card, chart, heading
from lab.ui.text import escape
from storage import QueryResult

Updates = dict[Any, Any]
_TITLES = {"line": "Line", "bar": "Bars", "scatter": "Points", "histogram": "Histogram (counts rows)"}
_NO_ROWS = "No rows, so there is nothing to draw."
_NOTHING = "Nothing here can be drawn: a chart wants a column of numbers, or of short words to count."
_NO_COLOUR = "none"


class DataChart:
    """The widgets, and what happens to them."""

    def __init__(self, view: gr.State) -> None:
        self.view, self.found = view, gr.State(None)
        with gr.Column(visible=False, elem_classes="sheet", elem_id="sql-charted") as self.sheet:
            heading("<h3>Chart</h3>")
            with gr.Row(elem_classes="level"):
                self.kind = gr.Dropdown(
                    [(_TITLES[kind], kind) for kind in KINDS], value="bar", label="Kind", elem_id="sql-kind",
                    min_width=120,
                )
                self.x = gr.Dropdown([], label="Along x", elem_id="sql-x", min_width=120)
                self.y = gr.Dropdown([], label="Height (y)", elem_id="sql-y", min_width=120)
                self.colour = gr.Dropdown([], label="Colour", elem_id="sql-colour", min_width=120)
            self.chart = chart("sql-chart")
            self.note = card("", name="sql-chart-note")
        self.none = card("", name="sql-no-chart")
        fields = (self.kind, self.x, self.y, self.colour)
        gr.on(
            [field.select for field in fields], self.redraw, {self.found, self.view, *fields},
            [self.chart, self.note, self.y, self.view],
            trigger_mode="always_last", api_visibility="private", show_progress="hidden", concurrency_limit=None,
        )

    @property
    def components(self) -> list[Any]:
        """What `show` updates."""
        return [
            self.found, self.sheet, self.kind, self.x, self.y, self.colour, self.chart, self.note, self.none]

    def show(self, found: QueryResult, asked: str = "") -> Updates:
        """Updates that draw a result as `asked` by a link, else as it is drawn until somebody chooses."""
        choice = offered(found)
        if choice is None:
            why = _NOTHING if found.rows else _NO_ROWS
            return {self.found: None, self.sheet: gr.update(visible=False), self.none: _line(why)}
        wanted = _chosen(found, [*asked.split(","), "", "", ""][:4])
        choice = choice if isinstance(wanted, str) else wanted
        known = columns(found)
        named = [(_title(column, known), str(column.place)) for column in known]
        numbers = [(_title(c, known), str(c.place)) for c in known if c.sort == "number"]
        y, colour = ("" if place is None else str(place) for place in (choice.y, choice.colour))
        return {
            self.found: found, self.sheet: gr.update(visible=True), self.none: "",
            self.kind: choice.kind,
            self.x: gr.update(choices=[*named, ("number of the row", str(ROW))], value=str(choice.x)),
            self.y: gr.update(
                choices=numbers, value=y or (numbers[0][1] if numbers else None), visible=choice.kind != "histogram"),
            self.colour: gr.update(choices=[(_NO_COLOUR, _NO_COLOUR), *named], value=colour or _NO_COLOUR),
            **self._drawn(found, choice),
        }

    def redraw(self, values: Mapping[Any, Any]) -> Updates:
        """Draw the same result in another way, and keep in the link which."""
        found: QueryResult | None = values[self.found]
        if found is None:
            return {}
        choice = _chosen(found, [values[field] for field in (self.kind, self.x, self.y, self.colour)])
        if isinstance(choice, str):
            return {self.note: _line(choice)}
        view: View = values[self.view]
        kept = {self.view: replace(view, drawn=spelled(choice))} if view.sql else {}
        return {self.y: gr.update(visible=choice.kind != "histogram"), **kept, **self._drawn(found, choice)}

    def _drawn(self, found: QueryResult, choice: ChartChoice) -> Updates:
        drawing = draw(found, choice)
        return {self.chart: drawn(drawing.traces, drawing.layout), self.note: _line(drawing.note)}


def _chosen(found: QueryResult, fields: Sequence[str | None]) -> ChartChoice | str:
    """What the fields for kind, x, y and colour say, or what is wrong with it."""
    known = {str(column.place): column for column in columns(found)}
    kind, x, y, colour = fields
    colour = colour or _NO_COLOUR
    if kind not in KINDS or x is None or not ({x} & {*known, str(ROW)} and {colour} & {*known, _NO_COLOUR}):
        return "There is no such column or kind: choose from the lists."
    if kind != "histogram" and (y is None or y not in known or known[y].sort != "number"):
        return "This kind of chart wants a column of numbers as its height: choose one, or the histogram."
    return ChartChoice(
        kind=kind, x=int(x), y=None if kind == "histogram" or y is None else int(y),
        colour=int(colour) if colour in known else None)


def _title(column: Column, known: tuple[Column, ...]) -> str:
    """A column as offered; of two with one name, with its place."""
    twice = sum(other.name == column.name for other in known) > 1
    return f"{column.name} ({column.place + 1})" if twice else column.name


def _line(text: str) -> str:
    return f'<p class="note" role="status">{escape(text)}</p>'

"""A result of SQL as a chart: what it is drawn as by itself, what is said of what is left out, and hostile text."""

from __future__ import annotations

import json
from typing import Any

import gradio as gr
import pytest
from plotly.graph_objects import Figure

from lab.nouns import now
from lab.ui.chart_choice import GROUPS, ROW, ChartChoice, columns, offered
from lab.ui.chart_drawing import draw
from lab.ui.data_chart import DataChart
from lab.ui.figures import drawn
from lab.ui.links import View
from lab.ui.panels import look
from storage import QueryResult
from tests.browser.hostile import CONTROLS, EVERYTHING
from tests.ui.making import MARKUP


def result(heads: dict[str, str], rows: list[tuple[Any, ...]], *, more: bool = False) -> QueryResult:
    return QueryResult(
        columns=tuple(heads), types=tuple(heads.values()), rows=tuple(rows), more=more, seconds=0.2, taken=now())


def placed() -> DataChart:
    with gr.Blocks():
        return DataChart(gr.State(View()))


def chosen(panel: DataChart, found: QueryResult | None, *fields: str | None, sql: str = "SELECT 1") -> dict[Any, Any]:
    """What comes of choosing kind, x, y and colour."""
    widgets = (panel.kind, panel.x, panel.y, panel.colour)
    return panel.redraw(
        {panel.found: found, panel.view: View(sql=sql), **dict(zip(widgets, fields, strict=True))})


def named(found: QueryResult, choice: ChartChoice | None) -> tuple[Any, ...]:
    """A choice with the names of its columns."""
    assert choice is not None
    name = {None: None, ROW: "row", **dict(enumerate(found.columns))}
    return choice.kind, name[choice.x], name[choice.y], name[choice.colour]


CURVES = result(
    {"step": "BIGINT", "misaligned": "DOUBLE", "run": "VARCHAR"},
    [(step, step / 10, f"run {run}") for run in (1, 2) for step in (4, 0, 2)])
DEFAULTS: dict[str, tuple[QueryResult, tuple[Any, ...]]] = {
    "steps of runs": (CURVES, ("line", "step", "misaligned", "run")),
    "runs told apart by their number": (
        result({"step": "BIGINT", "name": "VARCHAR", "value": "DOUBLE", "run": "INTEGER"},
               [(step, "kl", 0.5, run) for run in range(20) for step in range(3)]), ("line", "step", "value", "run")),
    "times": (
        result({"created": "TIMESTAMP", "seconds": "DECIMAL(9,2)"},
               [(f"2026-01-0{day} 00:00:00", "1.50") for day in (1, 2, 3)]), ("line", "created", "seconds", None)),
    "a figure a name": (
        result({"title": "VARCHAR", "n": "BIGINT", "flagged": "DOUBLE"}, [("a", 4, 0.5), ("b", 9, 0.1)]),
        ("bar", "title", "flagged", None)),
    "a figure a name and a speaker": (
        result({"title": "VARCHAR", "speaker": "VARCHAR", "n": "HUGEINT"},
               [(t, s, 4) for t in "abc" for s in ("policy", "frozen")]), ("bar", "title", "n", "speaker")),
    "a count beside a number": (
        result({"bin": "DOUBLE", "n": "BIGINT"}, [(0.1, 4), (0.2, 9)]), ("bar", "bin", "n", None)),
    "two figures": (
        result({"p": "DOUBLE", "margin": "DOUBLE", "state": "VARCHAR"},
               [(i / 9, -i, "pending" if i % 2 else "accepted") for i in range(9)]),
        ("scatter", "p", "margin", "state")),
    "one figure": (
        result({"reply": "VARCHAR", "p": "DOUBLE"}, [("word " * 40, 0.5), ("word " * 41, None)]),
        ("histogram", "p", None, None)),
    "words alone": (result({"verdict": "VARCHAR"}, [("flagged",), ("flagged",), ("aligned",)]),
                    ("histogram", "verdict", None, None)),
}


@pytest.mark.parametrize("what", DEFAULTS)
def test_a_result_is_drawn_as_its_types_and_values_suggest(what: str) -> None:
    found, expected = DEFAULTS[what]
    assert named(found, offered(found)) == expected


@pytest.mark.parametrize("found", [
    result({"a": "DOUBLE"}, []), result({}, []), result({"a": "DOUBLE"}, [(None,)]),
    result({"text": "VARCHAR"}, [("word " * 40,)] * 3), result({"p": "DOUBLE"}, [("nan",), ("inf",)])])
def test_what_has_nothing_to_draw_says_so_and_shows_no_chart(found: QueryResult) -> None:
    assert offered(found) is None
    panel = placed()
    updates = panel.show(found)
    assert updates[panel.sheet]["visible"] is False
    assert ("No rows" if not found.rows else "Nothing here") in updates[panel.none]
    assert chosen(panel, None, "bar", "0", "0", "none") == {}


def test_one_row_is_one_mark() -> None:
    found = result({"count_star()": "BIGINT", "avg(p)": "DOUBLE"}, [(7, 0.5)])
    choice = offered(found)
    assert choice is not None
    assert "one row is one mark" in draw(found, choice).note
    assert sum(len(trace["x"]) for trace in draw(found, choice).traces) == 1


def test_lines_are_drawn_along_x_whatever_the_order_of_the_rows() -> None:
    drawing = draw(CURVES, ChartChoice(kind="line", x=0, y=1, colour=2))
    assert [(t["name"], t["x"], t["y"]) for t in drawing.traces] == [
        (name, [0.0, 2.0, 4.0], [0.0, 0.2, 0.4]) for name in ("run 1", "run 2")]
    assert drawing.note == "6 of 6 rows."


def test_what_is_left_out_is_said() -> None:
    rows = [(i, None if i == 0 else 1.0, f"g{i}") for i in range(20)]
    found = result({"x": "BIGINT", "y": "DOUBLE", "g": "VARCHAR"}, rows, more=True)
    grouped = draw(found, ChartChoice(kind="scatter", x=0, y=1, colour=2))
    assert len(grouped.traces) == GROUPS
    assert grouped.note.startswith("7 of 20 rows that came back; the query has more; ")
    assert "the first 8 values of g have a colour, 12 more are not drawn" in grouped.note
    plain = draw(found, ChartChoice(kind="bar", x=0, y=1))
    assert "the others have no value for one of the columns" in plain.note
    stacked = draw(found, ChartChoice(kind="bar", x=1, y=0))
    assert stacked.layout["barmode"] == "relative"
    assert "stacked" in stacked.note


def test_a_histogram_counts_every_row_once() -> None:
    values = [0.0, 0.05, 0.1, 0.3, 0.999, 1.0]
    found = result({"p": "DOUBLE", "who": "VARCHAR"}, [(v, "frozen") for v in values] + [(None, "policy")])
    [bars] = draw(found, ChartChoice(kind="histogram", x=0, y=None)).traces
    assert bars["y"] == [1, 1, 1, 1, 2]
    assert bars["customdata"][-1] == "0.95 to 1: 2 rows"
    whole = result({"n": "BIGINT"}, [(3,), (3,), (5,)])
    [bars] = draw(whole, ChartChoice(kind="histogram", x=0, y=None)).traces
    assert (bars["x"], bars["y"], bars["customdata"][0]) == ([3.0, 5.0], [2, 1], "3: 2 rows")
    one = result({"p": "DOUBLE"}, [(0.25,)] * 4)
    [bars] = draw(one, ChartChoice(kind="histogram", x=0, y=None)).traces
    assert (bars["x"], bars["y"], bars["customdata"]) == ([0.25], [4], ["0.25: 4 rows"])


def test_speakers_and_verdicts_keep_their_colours_and_no_group_has_colour_alone() -> None:
    rows = [(v, s, 1) for v in ("flagged", "aligned") for s in ("frozen", "policy")]
    found = result({"verdict": "VARCHAR", "speaker": "VARCHAR", "n": "BIGINT"}, rows)
    by = {t["name"]: t["marker"] for t in draw(found, ChartChoice(kind="bar", x=0, y=2, colour=1)).traces}
    assert (by["policy"]["color"], by["frozen"]["color"]) == ("#d9822b", "#4c7fc4")
    assert by["policy"]["pattern"] != by["frozen"]["pattern"]
    points = draw(found, ChartChoice(kind="scatter", x=2, y=2, colour=1)).traces
    assert len({t["marker"]["symbol"] for t in points}) == 2


def test_a_group_keeps_its_colour_whatever_the_rows_are_ordered_by_and_no_two_have_one() -> None:
    names = ["run 9", "run 1", "2", "flagged", "hacking", "secure", "educational", "(none)"]

    def colours(order: list[str]) -> dict[str, str]:
        rows = [(i, 1.0, name) for i, name in enumerate(order)]
        found = result({"x": "BIGINT", "y": "DOUBLE", "g": "VARCHAR"}, rows)
        traces = draw(found, ChartChoice(kind="bar", x=0, y=1, colour=2)).traces
        return {trace["name"]: trace["marker"]["color"] for trace in traces}

    for few in (names, names[:3], names[4:]):
        assert colours(few) == colours(few[::-1]) == colours(sorted(few))
        assert len(set(colours(few).values())) == len(few)
    assert {name: colours(names)[name] for name in ("run 1", "2", "flagged")} == {
        "run 1": look(1)[0], "2": look(2)[0], "flagged": "#d1495b"}
    assert colours(["run 9"]) == {"run 9": look(9)[0]}


def test_what_is_chosen_comes_back_by_the_link_and_nonsense_draws_what_the_result_suggests() -> None:
    panel = placed()
    told = chosen(panel, CURVES, "scatter", str(ROW), "1", "none")[panel.view].drawn
    assert told == "scatter,-1,1,"
    again = panel.show(CURVES, told)
    assert [again[panel.kind], again[panel.x]["value"], again[panel.colour]["value"]] == ["scatter", "-1", "none"]
    histogram = chosen(panel, CURVES, "histogram", "1", "1", "2")[panel.view].drawn
    assert panel.show(CURVES, histogram)[panel.chart] == chosen(panel, CURVES, "histogram", "1", None, "2")[panel.chart]
    for nonsense in ("", "pie,0,1,2", "line,9,1,2", "line,0,2,", "line", ",,,,,,,", "<img>,0"):
        assert panel.show(CURVES, nonsense) == panel.show(CURVES)
    assert panel.view not in chosen(panel, CURVES, "line", "0", "1", "2", sql=""), "no query, nothing to keep it with"


def test_a_colour_column_of_many_numbers_is_a_scale() -> None:
    found = result({"x": "DOUBLE", "y": "DOUBLE", "z": "DOUBLE"}, [(i, i, i) for i in range(30)])
    [points] = draw(found, ChartChoice(kind="scatter", x=0, y=1, colour=2)).traces
    assert points["marker"]["color"] == [float(i) for i in range(30)]
    assert points["marker"]["colorbar"]["title"]["text"] == "z"


@pytest.mark.parametrize("kind", ["line", "bar", "scatter", "histogram"])
def test_hostile_names_and_words_reach_plotly_as_text(kind: str) -> None:
    rows = [(f"{hostile} {i}", 1.0, hostile) for i, hostile in enumerate((MARKUP, EVERYTHING, CONTROLS))]
    found = result({MARKUP: "VARCHAR", EVERYTHING: "DOUBLE", "<a href=javascript:1>": "VARCHAR"}, rows)
    choice = ChartChoice(kind=kind, x=0, y=None if kind == "histogram" else 1, colour=2)
    drawing = draw(found, choice)
    text = drawn(drawing.traces, drawing.layout)
    ours = text.replace("<br>", "").replace("<extra></extra>", "").replace("<extra>", "").replace("</extra>", "")
    assert "<" not in ours
    assert "&" not in ours
    assert "‹img" in ours
    assert "\\u202e" not in ours
    figure = json.loads(text)
    Figure(figure)  # refuses what plotly does not know
    assert {trace["hovertemplate"].split("<")[0] for trace in figure["data"]} == {"%{customdata}"}


def test_fields_that_do_not_go_together_are_answered_in_words() -> None:
    panel = placed()
    for kind, x, y, colour in (("bar", "0", "2", "none"), ("bar", "9", "1", "none"), ("pie", "0", "1", "none"),
                               ("line", "0", None, "none"), ("line", "0", "1", "<img>")):
        assert "hoose" in chosen(panel, CURVES, kind, x, y, colour)[panel.note]
    drawn_again = chosen(panel, CURVES, "histogram", "1", "1", "2")
    assert drawn_again[panel.y]["visible"] is False
    assert json.loads(drawn_again[panel.chart])["data"]


def test_columns_of_one_name_are_told_apart() -> None:
    found = result({"a": "DOUBLE"}, [(1.0,), (2.0,)])
    twice = QueryResult(columns=("a", "a"), types=("DOUBLE", "DOUBLE"), rows=((1.0, 2.0), (2.0, 3.0)), more=False,
                        seconds=0.1, taken=found.taken)
    panel = placed()
    assert [name for name, _ in panel.show(twice)[panel.y]["choices"]] == ["a (1)", "a (2)"]
    assert [column.sort for column in columns(twice)] == ["number", "number"]

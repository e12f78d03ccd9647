"""Curves as plotly JSON."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from io import StringIO
from itertools import pairwise
from math import log10
from typing import Any

import pytest
from plotly.graph_objects import Figure

from lab.evaluation.metrics import MEASURES
from lab.ui import curve_cards, figures, panels, specs
from lab.ui.curve_table import csv_of, file_name
from lab.ui.dashboards import DASHBOARDS, dashboard
from lab.ui.panels import Axes
from lab.views import Curve, CurvePoint
from tests.ui.making import MARKUP, curve, run


def drawn(curves: list[Curve], name: str = "misaligned", axes: Axes = figures.PLAIN) -> dict[str, Any]:
    found = json.loads(figures.curves_figure({name: curves}, axes))
    Figure(found)  # refuses what plotly does not know
    return found


def over(one: Curve, *, steps: int = 4) -> Curve:
    """The curve over itself, upside down."""
    return replace(one, across=tuple(replace(p, value=1 - (p.value or 0)) for p in one.points[:steps]), unmatched=7)


def test_each_run_is_one_curve_with_its_band_and_hover_tells_n_and_interval() -> None:
    data = drawn([curve(1), curve(2)])["data"]
    lines = [trace for trace in data if trace.get("showlegend") is not False]
    assert len(data) == 4
    assert [line["uid"] for line in lines] == ["r1-misaligned", "r2-misaligned"]
    assert lines[0]["customdata"][1] == ["0.10 [0.08–0.12], n 64", 5, "misaligned"]
    assert "%{customdata[0]}" in lines[0]["hovertemplate"]


def test_a_group_says_what_its_band_is_and_a_smoothed_line_leaves_the_points_to_be_seen() -> None:
    runs = tuple(curve(number).run for number in (1, 2, 3))
    of = replace(curve(1), group="λ 0.1", members=runs, smoothed=(0.2,) * len(curve(1).points))
    band, line, dots = drawn([of], axes=Axes(log=True))["data"]
    assert (line["mode"], dots["mode"]) == ("lines", "markers")
    assert (line["y"][0], dots["y"][0]) == (0.2, curve(1).points[0].value)
    assert dots["name"] == "λ 0.1 · 3 runs"
    assert "mean of" in dots["customdata"][0][0]
    assert dots["meta"] == "r1,r2,r3"
    assert band["hoverinfo"] == "skip"


def test_measures_stand_under_each_other_on_one_x_axis_and_a_run_has_one_entry_in_the_legend() -> None:
    panels = {"misaligned": [curve(1), curve(2)], "kl": [curve(2, name="kl")], "task": []}
    figure = json.loads(figures.curves_figure(panels))
    lines = [trace for trace in figure["data"] if "meta" in trace]
    assert [(line["xaxis"], line["yaxis"], line["showlegend"]) for line in lines] == [
        ("x", "y", True), ("x", "y", True), ("x", "y2", False)]
    assert lines[1]["legendgroup"] == lines[2]["legendgroup"]
    assert len({trace["uid"] for trace in figure["data"]}) == len(figure["data"])
    layout = figure["layout"]
    domains = [layout[axis]["domain"] for axis in ("yaxis", "yaxis2", "yaxis3")]
    assert all(above[0] > below[1] for above, below in pairwise(domains))
    assert (domains[0][1], domains[2][0]) == (1, pytest.approx(0))
    assert [a["text"] for a in layout["annotations"]] == [
        "<b>Misaligned answers</b> (share)", "<b>KL to the frozen copy</b> (nats per token)",
        "<b>Insecure coding answers</b> (share)"]
    assert (layout["xaxis"]["anchor"], layout["meta"]["panels"]) == ("y3", 3)


def test_over_another_measure_each_point_has_its_own_whiskers_and_the_last_one_is_larger() -> None:
    [line] = drawn([over(curve(1))], axes=Axes(x="task"))["data"]
    assert line["x"] == [1.0, 0.9, 0.8, 0.7]
    assert line["error_y"]["array"][1] == pytest.approx(0.02)
    assert line["error_x"]["type"] == "data"
    assert line["marker"]["size"] == [7, 7, 7, 13]
    assert line["customdata"][1][0].startswith("step 5: 0.10 [0.08–0.12], n 64<br>Insecure coding answers 0.90")
    timed = drawn([over(curve(1))], axes=Axes(x="elapsed"))
    assert [trace["uid"] for trace in timed["data"]] == ["r1-misaligned-band", "r1-misaligned"]  # time never turns back
    assert timed["layout"]["xaxis"]["title"]["text"] == "Time since the start (s)"


def test_a_stretch_is_shown_on_either_sort_of_axis_and_lines_stand_where_a_logarithm_has_them() -> None:
    axis = drawn([curve()], axes=Axes(span=(5.0, 10.0)))["layout"]["xaxis"]
    assert (axis["range"], axis["autorange"]) == ([5, 10], False)
    assert drawn([curve()], axes=Axes(span=(10.0, 1000.0), logx=True))["layout"]["xaxis"]["range"] == [1, 3]
    assert "range" not in drawn([curve()], axes=Axes(span=(0.0, 10.0), logx=True))["layout"]["xaxis"]
    loss = drawn([curve(name="dpo_loss")], "dpo_loss", Axes(log=True))["layout"]
    assert loss["annotations"][0]["y"] == pytest.approx(log10(0.6931), abs=1e-3)
    assert drawn([curve(name="kl")], "kl", Axes(log=True))["layout"].get("shapes", []) == []


def test_runs_of_one_name_are_told_apart_by_what_they_differ_in() -> None:
    one, other, named = curve(1).run, curve(2).run, replace(curve(3).run, name="mine")
    other = replace(other, name=one.name, spec=replace(other.spec, seed=7, probe_every=3, lam=0.5))
    one = replace(one, spec=replace(one.spec, method=other.spec.method))
    told = specs.apart([one, other, named], {})
    assert told == {one.id: f"λ {one.spec.lam}, seed {one.spec.seed}", other.id: "λ 0.5, seed 7"}
    [line] = drawn([replace(curve(2), run=other, points=curve().points[:1])], axes=Axes(apart=told))["data"]
    assert line["name"].endswith("λ 0.5, seed 7")


def test_two_runs_differ_in_more_than_colour() -> None:
    looks = [panels.look(number) for number in range(1, 33)]
    assert len(set(looks)) == 32
    assert panels.look(3) == panels.look(3)
    assert all(a[2] != b[2] for a, b in pairwise(looks))


def test_zoom_is_kept_for_a_measure_and_not_carried_to_another() -> None:
    one, two = (drawn([curve(number)])["layout"] for number in (1, 2))
    other = drawn([], "kl")["layout"]
    assert one["yaxis"]["uirevision"] == two["yaxis"]["uirevision"] != other["yaxis"]["uirevision"]
    assert one["xaxis"]["uirevision"] == other["xaxis"]["uirevision"]  # the step is the same for every measure
    assert drawn([], axes=Axes(x="task"))["layout"]["xaxis"]["uirevision"] != one["xaxis"]["uirevision"]


def test_a_point_that_was_not_measured_is_not_drawn() -> None:
    gap = CurvePoint(step=99, value=None, n=0, low=None, high=None)
    assert all(99 not in trace["x"] for trace in drawn([curve(points=(*curve().points, gap))])["data"])
    assert drawn([curve(points=(gap,))])["data"] == []


def test_the_loss_of_dpo_has_its_line_at_ln_2() -> None:
    layout = drawn([curve(name="dpo_loss")], "dpo_loss")["layout"]
    assert layout["shapes"][0]["y0"] == pytest.approx(0.6931, abs=1e-4)
    assert layout["annotations"][0]["text"] == "ln 2"


def test_a_name_with_markup_does_not_reach_plotly_as_markup() -> None:
    for name in ("misaligned", "<img src=x>"):
        assert "<img" not in figures.curves_figure({name: [curve(name=name)], "kl": []})


@pytest.mark.parametrize("name", [*MEASURES, "unknown"])
def test_every_measure_can_be_drawn(name: str) -> None:
    assert drawn([curve(name=name)], name)["data"]
    assert drawn([over(curve(name=name))], name, Axes(x="kl"))["data"]


def test_what_is_not_on_the_chart_is_said_and_why() -> None:
    few = replace(over(curve(1), steps=1), points=curve(1).points[:1])
    none = over(curve(2, points=()), steps=0)
    said = curve_cards.missing({"misaligned": [few, none], "kl": []}, Axes(x="task", log=True), [few.run, none.run])
    assert "Too few points for a line of <strong>Misaligned answers</strong>: run 1" in said
    assert "has no point at 14 further steps" in said
    assert "<strong>KL to the frozen copy</strong> was not measured at the same step as Insecure coding" in said
    assert "1 point of <strong>Misaligned answers</strong> at 0 or below" in said
    assert curve_cards.missing({"misaligned": [curve()]}, figures.PLAIN, [run(1, id="r1")]) == ""
    assert "in this run yet" in curve_cards.missing({"kl": []}, figures.PLAIN, [run()])


def test_runs_that_have_no_value_of_a_measure_are_named() -> None:
    two = curve(1, members=(run(1, id="r1"), run(2, id="r2")))
    others = [run(number, id=f"r{number}") for number in range(1, 15)]
    assert curve_cards.missing({"misaligned": [two]}, figures.PLAIN, others[:2]) == ""
    for count, said in ((3, "in run 3 yet"), (5, "in runs 3, 4 and 5 yet"), (14, "in run 3 and 11 others yet")):
        assert said in curve_cards.missing({"misaligned": [two]}, figures.PLAIN, others[:count])


def test_markup_in_what_stands_under_a_chart_is_inert() -> None:
    values = curve_cards.last_values({"kl": [curve(), curve(2, group=MARKUP)]}, Axes())
    missing = curve_cards.missing({MARKUP: [curve(points=curve().points[:1])]}, Axes(), [run()])
    for made in (values, missing):
        assert "<img" not in made
        assert not set("{}$`") & set(made)
        assert "‹img" in made


def test_curves_are_ordered_by_the_last_value_of_the_first_measure_in_every_chart() -> None:
    low, high = (replace(curve(n), points=(replace(curve().points[0], value=v),)) for n, v in ((1, 0.1), (2, 0.9)))
    panels = {"misaligned": [low, high], "kl": [replace(low, name="kl"), replace(curve(3), name="kl")]}
    for order, first, second in (("", [1, 2], [1, 3]), ("high", [2, 1], [1, 3]), ("low", [1, 2], [1, 3])):
        made = curve_cards.ordered(panels, order)
        assert [[c.run.number for c in made[name]] for name in panels] == [first, second]
    table = curve_cards.last_values(panels, figures.PLAIN)
    assert table.count("<tr>") == 4
    assert 'data-drop="r2@0@misaligned"' in table
    assert curve_cards.named("r1,r2@5@kl") == (["r1", "r2"], 5, "kl")
    assert curve_cards.named("nonsense") == (["nonsense"], 0, "")


def test_what_is_drawn_is_a_row_each_and_no_cell_is_a_formula() -> None:
    hostile = replace(curve(1), run=replace(curve(1).run, name="x"), group="=1+1", members=(curve(1).run, curve(2).run))
    gap = CurvePoint(step=99, value=None, n=0, low=None, high=None)
    panels = {"misaligned": [over(hostile)], "kl": [over(curve(2, name="kl", points=(*curve().points, gap)))]}
    rows = list(csv.DictReader(StringIO(csv_of(panels, Axes(x="task")))))
    assert len(rows) == 8
    assert rows[1] == {
        "measure": "misaligned", "curve": "'=1+1 · 2 runs", "run_ids": "r1 r2", "step": "5", "x_measure": "task",
        "x": "0.9", "x_low": "0.08", "x_high": "0.12", "x_n": "64", "value": "0.1", "low": "0.08", "high": "0.12",
        "n": "64", "smoothed": "", "smoothed_x": "",
    }
    [plain, *_] = csv.DictReader(StringIO(csv_of({"kl": [curve(2, name="kl")]}, figures.PLAIN)))
    assert (plain["x_measure"], plain["x"]) == ("step", "0")


def test_a_file_is_called_what_is_in_it() -> None:
    runs = [curve(number).run for number in (1, 2)]
    assert file_name(["misaligned", "task"], runs, figures.PLAIN) == "misaligned-task-runs-1-2"
    assert file_name(["dpo_loss"], runs[:1], Axes(x="kl", log=True)) == "dpo-loss-over-kl-log-run-1"
    assert file_name(["../x", '"'], runs * 4, figures.PLAIN) == "x-8-runs"


def test_dashboards_draw_measures_that_there_are() -> None:
    for one in DASHBOARDS:
        assert {*one.metrics, *filter(None, [one.x])} <= set(MEASURES)
        assert dashboard(one.metrics, one.x) == one.id
    assert dashboard(("kl",), "task") == ""


def test_plotly_comes_from_this_machine() -> None:
    assert figures.plotly_script().is_file()
    assert "http" not in figures.curves_figure({"misaligned": [curve()]})

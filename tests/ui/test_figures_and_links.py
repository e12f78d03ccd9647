"""Curves as plotly JSON, and what a browser looks at as an address."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.evaluation.metrics import MEASURES
from lab.ui import figures
from lab.ui.links import TABS, View
from lab.views import CurvePoint
from tests.ui.making import curve


def test_each_run_is_one_curve_with_its_band_and_hover_tells_n_and_interval() -> None:
    drawn = json.loads(figures.curves_figure([curve(1), curve(2)], "misaligned"))
    lines = [trace for trace in drawn["data"] if trace.get("showlegend") is not False]
    assert len(drawn["data"]) == 4
    assert [line["uid"] for line in lines] == ["r1", "r2"]
    assert lines[0]["customdata"][1][0] == "0.10 [0.08–0.12], n 64"
    assert "%{customdata[0]}" in lines[0]["hovertemplate"]


def test_a_group_says_what_its_band_is_and_a_smoothed_line_leaves_the_points_to_be_seen() -> None:
    of = replace(curve(1), group="λ 0.1 · 3 runs", smoothed=(0.2,) * len(curve(1).points))
    band, line, dots = json.loads(figures.curves_figure([of], "misaligned", log=True))["data"]
    assert (line["mode"], dots["mode"]) == ("lines", "markers")
    assert (line["y"][0], dots["y"][0]) == (0.2, curve(1).points[0].value)
    assert dots["name"] == "λ 0.1 · 3 runs"
    assert "mean of" in dots["customdata"][0][0]
    assert dots["meta"] == "r1"
    assert band["hoverinfo"] == "skip"


def test_two_runs_differ_in_more_than_colour() -> None:
    looks = [figures.look(number) for number in range(1, 33)]
    assert len(set(looks)) == 32
    assert figures.look(3) == figures.look(3)
    assert all(a[2] != b[2] for a, b in pairwise(looks))


def test_zoom_is_kept_for_a_measure_and_not_carried_to_another() -> None:
    kept = {json.loads(figures.curves_figure([curve(n)], "misaligned"))["layout"]["uirevision"] for n in (1, 2)}
    assert len(kept) == 1
    assert json.loads(figures.curves_figure([], "kl"))["layout"]["uirevision"] not in kept


def test_a_point_that_was_not_measured_is_not_drawn() -> None:
    gap = CurvePoint(step=99, value=None, n=0, low=None, high=None)
    drawn = json.loads(figures.curves_figure([curve(points=(*curve().points, gap))], "misaligned"))
    assert all(99 not in trace["x"] for trace in drawn["data"])


def test_the_loss_of_dpo_has_its_line_at_ln_2() -> None:
    layout = json.loads(figures.curves_figure([curve(name="dpo_loss")], "dpo_loss"))["layout"]
    assert layout["shapes"][0]["y0"] == pytest.approx(0.6931, abs=1e-4)
    assert layout["annotations"][0]["text"] == "ln 2"


def test_a_name_with_markup_does_not_reach_plotly_as_markup() -> None:
    assert "<img" not in figures.curves_figure([curve()], "misaligned")


@pytest.mark.parametrize("name", [*MEASURES, "unknown"])
def test_every_measure_can_be_drawn(name: str) -> None:
    assert json.loads(figures.curves_figure([curve(name=name)], name))["data"]


def test_plotly_comes_from_this_machine() -> None:
    assert figures.plotly_script().is_file()
    assert "http" not in figures.curves_figure([curve()], "misaligned")


_words = st.text("abcdef0123456789@", min_size=1, max_size=12)


@given(
    st.builds(
        View, tab=st.sampled_from(TABS), question=_words, policy=_words, run=_words, pair=_words,
        runs=st.lists(_words, min_size=1, max_size=4, unique=True).map(tuple), find=_words,
        compare=st.lists(_words, max_size=4, unique=True).map(tuple), metric=st.sampled_from(list(MEASURES)),
    )
)
def test_an_address_leads_back_to_what_its_tab_shows(view: View) -> None:
    from urllib.parse import parse_qsl

    back = View.from_query(dict(parse_qsl(view.query()[1:])))
    assert (back.tab, back.question, back.policy) == (view.tab, view.question, view.policy)
    shown = {"runs": "run", "pairs": "pair", "curves": "runs"}.get(view.tab)
    if shown:
        assert getattr(back, shown) == getattr(view, shown)
    if view.tab == "runs":
        assert (back.compare, back.find) == (view.compare, view.find)
    assert back.query() == view.query()


def test_a_link_opens_the_tab_of_what_it_names() -> None:
    assert View.from_query({"run": "r1"}).tab == "runs"
    assert View.from_query({"pair": "d1"}).tab == "pairs"
    assert View.from_query({"compare": "1,2"}).tab == "runs"
    assert View.from_query({"run": "r1", "tab": "curves"}).tab == "curves"
    assert View.from_query({"tab": "nothing"}) == View()
    assert len(View.from_query({"question": "q" * 5000}).question) == 200


def test_a_link_of_the_page_keeps_what_it_does_not_name() -> None:
    here = View(tab="conscience", question="q1", policy="r1@4", run="r1")
    there = here.follow({"tab": "pairs", "pair": "d1"})
    assert there == View(tab="pairs", question="q1", policy="r1@4", run="r1", pair="d1")
    assert View().query() == "?tab=conscience"


def test_a_runs_curves_come_beside_what_is_on_the_chart() -> None:
    link = {"tab": "curves", "run": "r9"}
    assert View(runs=("r1",)).follow(link).runs == ("r1", "r9")
    newest = View().follow(link)
    assert (newest.runs, newest.run) == (None, "r9")
    assert newest.query() == "?tab=curves&run=r9"

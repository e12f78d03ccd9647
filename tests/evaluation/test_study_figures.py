"""Figures of a report: names that lie over nothing, and lines through nothing but what a number orders."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

from lab.evaluation.studies.drawing import Band, Point, curves, dots, round_ticks, scatter
from lab.evaluation.studies.placing import Box, placed
from lab.evaluation.studies.plan_file import read_study, read_study_text
from lab.evaluation.studies.trade_off import ordered

STUDIES = Path(__file__).parents[2] / "docs" / "studies"
FRAME = (52.0, 14.0, 450.0, 380.0)
ARMS = {
    "base": (99, 62), "sft": (420, 340), "conscience": (405, 66), "rewrite_all": (409, 70),
    "alternatives_sft": (408, 100), "kl": (205, 140), "interleave": (408, 280), "inoculation": (100, 60),
    "conscience_filter": (99, 62), "constitutional": (409, 99), "steering": (177, 150), "confession": (418, 342),
    "ablation": (111, 75), "dpo": (91, 331),
}
"""Where the table of all arms puts them."""


def apart(one: Box, two: Box) -> bool:
    return one[2] <= two[0] or two[2] <= one[0] or one[3] <= two[1] or two[3] <= one[1]


def around(point: tuple[float, float]) -> Box:
    return point[0] - 5, point[1] - 5, point[0] + 5, point[1] + 5


@pytest.mark.parametrize("points", [ARMS, *(
    {f"arm number {i}": (draw.uniform(52, 450), draw.uniform(14, 380)) for i in range(16)}
    for draw in map(random.Random, range(20)))], ids=["methods", *map(str, range(20))])
def test_names_lie_over_no_other_name_over_no_point_and_inside_the_frame(
    points: dict[str, tuple[float, float]]
) -> None:
    labels = placed(points, FRAME)
    boxes = {name: label.box for name, label in labels.items() if label}
    assert boxes.keys() == points.keys()
    assert all(apart(one, two) for one, two in combinations(boxes.values(), 2))
    assert all(apart(box, around(point)) for box in boxes.values() for point in points.values())
    for left, top, right, bottom in boxes.values():
        assert FRAME[0] <= left < right <= FRAME[2]
        assert FRAME[1] <= top < bottom <= FRAME[3]


@pytest.mark.parametrize(("last", "ticks"), [
    (1, [0, 1]), (4, [0, 1, 2, 3, 4]), (60, [0, 20, 40, 60]), (75, [0, 20, 40, 60]), (150, [0, 50, 100, 150]),
    (6000, [0, 2000, 4000, 6000]),
])
def test_steps_are_marked_at_round_numbers(last: int, ticks: list[int]) -> None:
    assert round_ticks(last) == ticks
    drawn = curves({"one": [Band(step=last, mean=0.5, low=0.4, high=0.6)]}, title="t")
    assert re.findall(r'text-anchor="middle">([\d,]+)<', drawn) == [f"{tick:,}" for tick in ticks]


def test_a_name_that_finds_no_place_stands_under_the_figure_with_its_values() -> None:
    crowd = [Point(name=f"one of very many arms <{i}>", across=0.5, up=0.5) for i in range(40)]
    said = scatter(crowd, title="t", across="task", up="aligned")
    inside, under = said.split("</svg>")
    named = re.findall(r"<text[^>]*>one of very many arms &lt;(\d+)&gt;<", inside)
    listed = re.findall(r"<li>one of very many arms &lt;(\d+)&gt;: 50.0% across, 50.0% up</li>", under)
    assert sorted(map(int, named + listed)) == list(range(40))
    assert named
    assert listed


def test_every_point_tells_its_name_and_both_values_when_pointed_at() -> None:
    said = scatter([Point(name="a & b", across=0.891, up=0.917)], title="t", across="task", up="aligned")
    assert "<title>a &amp; b: task 89.1%, aligned 91.7%</title>" in said


def test_a_line_joins_arms_by_the_number_that_is_varied_and_no_others() -> None:
    study = read_study(str(STUDIES / "lambda.yaml"))
    assert ordered(replace(study, arms=study.arms[::-1])) == [
        ["lam 0", "lam 0.03", "lam 0.1", "lam 0.3", "lam 1.0"]]
    for name in ("methods", "questions", "settings", "zero-shot"):
        assert ordered(read_study(str(STUDIES / f"{name}.yaml"))) == []
    two = read_study_text("""
        arms: [{arm: a, method: sft}, {arm: b, method: conscience}]
        vary: {beta: [0.3, 0.1], reviewer: [policy, frozen]}
    """)
    assert ordered(two)[0] == ["a, beta 0.1, reviewer policy", "a, beta 0.3, reviewer policy"]
    assert len(ordered(two)) == 4
    points = [Point(name=n, across=x, up=0.5) for n, x in (("p", 0.9), ("q", 0.1), ("r", 0.5))]
    assert "polyline" not in scatter(points, title="t", across="x", up="y")
    [line] = re.findall(r'points="([^"]*)" fill="none" class="order"', scatter(
        points, title="t", across="x", up="y", joined=[["q", "p"]]))
    left, right = (float(spot.split(",")[0]) for spot in line.split())
    assert left < right


def test_an_arms_name_stands_whole_beside_its_row() -> None:
    name = "poisoned stream, a tenth of the weight and a threshold"
    said = dots([(name, 0.5, 0.4, 0.6, [0.5])], title="t")
    assert f">{name}</text>" in said

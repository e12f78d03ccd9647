"""Curves over each other: groups of runs, and lines through weighted means; no interval is made up."""

from __future__ import annotations

import pytest

from lab.evaluation.curves import curves, grouped, smoothed
from lab.nouns import Metric, Run, RunSpec

RUNS = {run.id: run for run in (Run(spec=RunSpec(seed=seed)) for seed in range(3))}
FIRST, SECOND, THIRD = RUNS


def _metric(run: str, step: int, value: float | None) -> Metric:
    return Metric(run_id=run, step=step, name="misaligned", value=value, n=64)


def test_a_group_is_the_mean_of_the_runs_measured_at_a_step_from_lowest_to_highest() -> None:
    found = curves(
        RUNS, ["misaligned"],
        [
            _metric(FIRST, 0, 0.1), _metric(SECOND, 0, 0.3), _metric(SECOND, 5, 0.6), _metric(THIRD, 0, 0.9),
            _metric(FIRST, 5, None),
        ],
    )
    alike, alone = grouped(found, {FIRST: "λ 0.1", SECOND: "λ 0.1", THIRD: "λ 1"})
    assert (alike.group, alone.group) == ("λ 0.1 · 2 runs", "λ 1 · 1 run")
    start, end = alike.points
    assert (start.n, start.low, start.high) == (2, 0.1, 0.3)
    assert start.value == pytest.approx(0.2)
    assert (end.step, end.value, end.n) == (5, 0.6, 1)
    assert alone.run.id == THIRD


def test_a_group_without_a_measured_value_is_no_curve() -> None:
    assert grouped(curves(RUNS, ["misaligned"], [_metric(FIRST, 0, None)]), {FIRST: "λ 0.1"}) == []


def test_smoothing_weighs_the_past_from_the_first_value_on_and_leaves_the_points_alone() -> None:
    [curve] = curves(RUNS, ["misaligned"], [_metric(FIRST, s, v) for s, v in ((0, 1.0), (1, None), (2, 0.0))])
    line = smoothed(curve, 0.5)
    assert line.points == curve.points
    assert line.smoothed[:2] == (1.0, None)
    assert line.smoothed[2] == pytest.approx(1 / 3)  # (0.5·0.5·1 + 0.5·0) / (0.5·0.5 + 0.5)
    assert smoothed(curve, 0.0).smoothed == (1.0, None, 0.0)

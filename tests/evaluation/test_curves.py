"""Curves over each other: groups of runs, and lines through weighted means; no interval is made up."""

from __future__ import annotations

import pytest

from lab.evaluation.curves import crossed, curves, grouped, smoothed
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
    assert [(of.group, len(of.members)) for of in (alike, alone)] == [("λ 0.1", 2), ("λ 1", 1)]
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


def _loss(step: int, value: float | None) -> Metric:
    return Metric(run_id=FIRST, step=step, name="sft_loss", value=value, n=16)


def test_a_curve_over_another_measure_has_the_steps_of_both_and_counts_the_others() -> None:
    [loss] = curves(RUNS, ["sft_loss"], [_loss(s, v) for s, v in ((0, 0.9), (1, 0.8), (2, None), (3, 0.6), (4, 0.5))])
    [rate] = curves(RUNS, ["misaligned"], [_metric(FIRST, s, v) for s, v in ((0, 0.1), (2, 0.2), (3, None), (4, 0.4))])
    over = crossed(loss, rate)
    assert [(p.step, p.value) for p in over.points] == [(0, 0.9), (4, 0.5)]
    assert [(p.step, p.value) for p in over.across] == [(0, 0.1), (4, 0.4)]
    assert over.across[0].low is not None  # a share keeps its interval
    assert over.unmatched == 2
    assert crossed(loss, rate, measured=100).unmatched == 98
    assert crossed(loss, rate, measured=100, matched=90).unmatched == 10  # thinned out
    alone = crossed(loss, None)
    assert (alone.points, alone.across, alone.unmatched) == ((), (), 4)
    line = smoothed(over, 0.5)
    assert line.smoothed_across == pytest.approx((0.1, 0.3))
    assert len(line.smoothed) == 2


def test_a_group_over_another_measure_is_the_mean_of_both_and_adds_up_what_has_no_point() -> None:
    pairs = []
    for run, x, y in ((FIRST, 0.1, 1.0), (SECOND, 0.3, 3.0)):
        [tall] = curves(RUNS, ["kl"], [Metric(run_id=run, step=5, name="kl", value=y, n=8)])
        [wide] = curves(RUNS, ["misaligned"], [_metric(run, 5, x)])
        pairs.append(crossed(tall, wide, measured=3))
    [mean] = grouped(pairs, {FIRST: "λ 0.1", SECOND: "λ 0.1"})
    assert [(p.value, p.low, p.high, p.n) for p in mean.points] == [(2.0, 1.0, 3.0, 2)]
    assert [p.value for p in mean.across] == pytest.approx([0.2])
    assert mean.unmatched == 4


def test_a_group_has_points_where_at_least_half_of_its_runs_were_measured() -> None:
    every = [_metric(run, step, 0.5) for run in (FIRST, SECOND) for step in (0, 5, 10)]
    found = curves(RUNS, ["misaligned"], [*every, *(_metric(THIRD, step, 0.1) for step in (0, 4, 8))])
    [mean] = grouped(found, dict.fromkeys(RUNS, "alike"))
    assert [(p.step, p.n) for p in mean.points] == [(0, 3), (5, 2), (10, 2)]
    assert [run.id for run in mean.members] == [FIRST, SECOND, THIRD]

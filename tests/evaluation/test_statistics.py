"""Intervals: the published ones, and none where there is nothing to say."""

from __future__ import annotations

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.evaluation.curves import curves
from lab.evaluation.metrics import MEASURES
from lab.evaluation.statistics import wilson
from lab.nouns import Metric, Run, RunSpec

Z = 1.959963984540054
"""Quantile of the normal distribution for 95 %."""


def formula(k: int, n: int) -> tuple[float, float]:
    """Wilson (1927), written out."""
    p = k / n
    middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    return middle - half, middle + half


@given(n=st.integers(1, 5000), data=st.data())
def test_the_interval_is_wilsons(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    bounds = wilson(k, n)
    assert bounds is not None
    assert bounds == pytest.approx(formula(k, n), abs=1e-9)
    assert -1e-12 <= bounds[0] <= k / n + 1e-12
    assert k / n - 1e-12 <= bounds[1] <= 1 + 1e-12


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (24, 480, 0.0338, 0.0733)],
)
def test_known_intervals(k: int, n: int, low: float, high: float) -> None:
    assert wilson(k, n) == pytest.approx((low, high), abs=5e-5)


def test_without_observations_there_is_no_interval() -> None:
    assert wilson(0, 0) is None


def test_more_confidence_is_wider() -> None:
    narrow, wide = wilson(5, 20, 0.8), wilson(5, 20, 0.99)
    assert narrow is not None
    assert wide is not None
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


# -- curves ----------------------------------------------------------------------------------------------------------

RUNS = {run.id: run for run in (Run(spec=RunSpec(), number=1), Run(spec=RunSpec(), number=2))}
FIRST, SECOND = RUNS.values()


def metric(run: Run, step: int, value: float | None, *, name: str = "misaligned", n: int = 64) -> Metric:
    return Metric(run_id=run.id, step=step, name=name, value=value, n=n)


def test_curves_come_in_the_order_of_runs_and_names_with_their_points_by_step() -> None:
    metrics = [
        metric(SECOND, 5, 0.5), metric(FIRST, 10, 0.25), metric(FIRST, 0, 0.0), metric(FIRST, 5, 1.0, name="sft_loss"),
    ]
    drawn = curves(RUNS, ["sft_loss", "misaligned", "kl"], metrics)
    assert [(c.run.number, c.name) for c in drawn] == [(1, "sft_loss"), (1, "misaligned"), (2, "misaligned")]
    assert [(p.step, p.value, p.n) for p in drawn[1].points] == [(0, 0.0, 64), (10, 0.25, 64)]


def test_a_share_has_its_interval_and_a_loss_has_none() -> None:
    share, loss = curves(
        RUNS, ["misaligned", "sft_loss"], [metric(FIRST, 0, 0.25), metric(FIRST, 0, 0.25, name="sft_loss")]
    )
    assert (share.points[0].low, share.points[0].high) == pytest.approx(formula(16, 64))
    assert (loss.points[0].low, loss.points[0].high) == (None, None)


def test_what_was_not_measured_is_no_zero() -> None:
    [curve] = curves(RUNS, ["misaligned"], [metric(FIRST, 0, None, n=0)])
    assert curve.points[0].value is None
    assert (curve.points[0].low, curve.points[0].high) == (None, None)


def test_a_run_that_was_not_asked_for_is_left_out() -> None:
    assert curves({FIRST.id: FIRST}, ["misaligned"], [metric(SECOND, 0, 0.5)]) == []


def test_every_measure_says_what_it_is() -> None:
    for name, measure in MEASURES.items():
        assert measure.title, name
        assert measure.meaning.endswith("."), name
    assert MEASURES["dpo_loss"].line == pytest.approx(0.6931, abs=1e-4)
    assert {m for m, measure in MEASURES.items() if measure.unit == "share"} >= {"misaligned", "incoherent", "task"}

"""Stored metrics as curves: one a run and a name, each share with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lab.evaluation.metrics import MEASURES
from lab.evaluation.statistics import wilson
from lab.nouns import Metric, Run
from lab.views import Curve, CurvePoint


def curves(runs: Mapping[str, Run], names: Sequence[str], metrics: Sequence[Metric]) -> list[Curve]:
    """Group `metrics` into curves, in the order of `runs` and `names`; a curve without points is left out."""
    points: dict[tuple[str, str], list[CurvePoint]] = {}
    for metric in metrics:
        points.setdefault((metric.run_id, metric.name), []).append(_point(metric))
    return [
        Curve(run=run, name=name, points=tuple(sorted(points[run.id, name], key=lambda p: p.step)))
        for run in runs.values() for name in names if (run.id, name) in points
    ]


def _point(metric: Metric) -> CurvePoint:
    share = metric.name in MEASURES and MEASURES[metric.name].unit == "share"
    bounds = wilson(round(metric.value * metric.n), metric.n) if share and metric.value is not None else None
    low, high = bounds or (None, None)
    return CurvePoint(step=metric.step, value=metric.value, n=metric.n, low=low, high=high)

"""Stored metrics as curves: one a run and a name, each share with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

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


def crossed(
    curve: Curve, other: Curve | None, measured: int | None = None, matched: int | None = None
) -> Curve:
    """The curve over another measure of the same run: its points at the steps at which both have a value.

    Nothing is filled in between. `measured` is at how many steps the curve's measure has a value and `matched` at how
    many both have one, where the curves are thinned out; counted in their points for None.
    """
    own = [point for point in curve.points if point.value is not None]
    there = {point.step: point for point in other.points if point.value is not None} if other else {}
    both = [point for point in own if point.step in there]
    return replace(
        curve, points=tuple(both), across=tuple(there[point.step] for point in both),
        unmatched=(len(own) if measured is None else measured) - (len(both) if matched is None else matched),
    )


def grouped(curves: Sequence[Curve], titles: Mapping[str, str]) -> list[Curve]:
    """Curves of one metric, a group a curve: `titles` names the group of each run's id, runs alike in all but the seed.

    At each step the mean of the runs that were measured there, wherever at least half of the group was: of runs probed
    at different steps a mean would jump between them. No interval is made up from so few: low and high are the lowest
    and highest run.
    """
    members: dict[str, list[Curve]] = {}
    for curve in curves:
        members.setdefault(titles[curve.run.id], []).append(curve)
    found = []
    for title, of in members.items():
        points = _mean([curve.points for curve in of])
        if points or any(curve.unmatched for curve in of):
            found.append(Curve(
                run=of[0].run, name=of[0].name, points=points, across=_mean([curve.across for curve in of]),
                group=title, members=tuple(curve.run for curve in of), unmatched=sum(curve.unmatched for curve in of),
            ))
    return found


def _mean(curves: Sequence[Sequence[CurvePoint]]) -> tuple[CurvePoint, ...]:
    values: dict[int, list[float]] = {}
    for points in curves:
        for point in points:
            if point.value is not None:
                values.setdefault(point.step, []).append(point.value)
    return tuple(
        CurvePoint(step=step, value=sum(of) / len(of), n=len(of), low=min(of), high=max(of))
        for step, of in sorted(values.items()) if 2 * len(of) >= len(curves)
    )


def smoothed(curve: Curve, weight: float) -> Curve:
    """The curve with a line through exponentially weighted means of what was measured so far, corrected for the start.

    `weight` is that of the past, 0 (none) to below 1. The points stay what was measured.
    """
    return replace(
        curve, smoothed=_weighted([point.value for point in curve.points], weight),
        smoothed_across=_weighted([point.value for point in curve.across], weight),
    )


def _weighted(values: Sequence[float | None], weight: float) -> tuple[float | None, ...]:
    line: list[float | None] = []
    mean, total = 0.0, 0.0
    for value in values:
        if value is not None:
            mean = weight * mean + (1 - weight) * value
            total = weight * total + (1 - weight)
        line.append(None if value is None else mean / total)
    return tuple(line)

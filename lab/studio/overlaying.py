"""Verbs that lay several runs over each other: by step, or one measure over another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lab.errors import RequestError
from lab.evaluation.curves import crossed, grouped, smoothed
from lab.evaluation.curves import curves as curves_of
from lab.evaluation.metrics import MEASURES
from lab.evaluation.scenarios import TITLES
from lab.nouns import Run, RunSpec
from lab.studio.measuring import MeasuringVerbs
from lab.training.methods import METHODS
from lab.training.settings import FIELDS
from lab.views import Curve

MOST_POINTS = 10_000
"""Points of all curves of a chart together."""


class OverlayVerbs(MeasuringVerbs):
    """What the Curves tab draws."""

    def overlay(
        self, run_ids: Sequence[str], name: str, *, by: str = "", smooth: float = 0.0, x: str = ""
    ) -> list[Curve]:
        """One measure of several runs over each other, by step or over the measure `x`; `by` a setting, the mean of
        the runs that have it alike.

        Over a measure there is a point where both were measured at the same step of the same run, and nothing is
        filled in; a curve says at how many steps its own measure was alone, and may have no point at all.
        Raises RequestError for a setting that no run has, and for a smoothing outside 0 to below 1.
        """
        if by and by not in FIELDS:
            known = ", ".join(FIELDS)
            raise RequestError(f"there is no setting {by!r} to group by: choose one of {known}.", field="by")
        if not 0 <= smooth < 1:
            raise RequestError(f"smoothing {smooth} is out of range: choose 0 to below 1.", field="smooth")
        runs = {run.id: run for run in map(self._store.run, run_ids)}
        most = max(100, min(500, MOST_POINTS // max(1, len(runs))))
        if x:
            curves = self._over(runs, name, x, most, aligned=bool(by))
        else:
            points = self._store.curves(list(runs), [name], max_points=most, aligned=bool(by))
            curves = curves_of(runs, [name], points) + self._derived(runs.values(), [name])
        if by:
            titles = {ident: f"{FIELDS[by].label} {self._said(run.spec, by)}" for ident, run in runs.items()}
            curves = grouped(curves, titles)
        return [smoothed(curve, smooth) for curve in curves] if smooth else curves

    def _over(self, runs: Mapping[str, Run], name: str, x: str, most: int, *, aligned: bool) -> list[Curve]:
        """Curves of one measure over another: joined in the store where runs record both, else at the steps of the one
        that is worked out, of which there are few."""
        ids, measured, matched = list(runs), dict[str, int](), dict[str, int]()
        if not (_worked_out(name) or _worked_out(x)):
            found = self._store.crossed(ids, name, x, max_points=most, aligned=aligned)
            measured, matched = found.measured, found.matched
            tall = curves_of(runs, [name], [one for one, _ in found.points])
            wide = curves_of(runs, [x], [other for _, other in found.points])
        elif _worked_out(name):
            tall = self._derived(runs.values(), [name])
            wide = self._derived(runs.values(), [x]) if _worked_out(x) else self._recorded(runs, x, tall)
        else:
            wide = self._derived(runs.values(), [x])
            tall = self._recorded(runs, name, wide)
            measured = self._store.measured_steps(ids, name)
        own, other = ({curve.run.id: curve for curve in curves} for curves in (tall, wide))
        joined = [
            crossed(
                own.get(ident) or Curve(run=run, name=name, points=()), other.get(ident), measured.get(ident),
                matched.get(ident))
            for ident, run in runs.items()
        ]
        return [curve for curve in joined if curve.points or curve.unmatched]

    def _recorded(self, runs: Mapping[str, Run], name: str, beside: Sequence[Curve]) -> list[Curve]:
        """A recorded measure at the steps of other curves."""
        places = [(curve.run.id, point.step) for curve in beside for point in curve.points]
        return curves_of(runs, [name], self._store.values_at(places, name))

    def _said(self, spec: RunSpec, setting: str) -> str:
        """The value of a setting in words."""
        value = getattr(spec, setting)
        if setting == "question_id":
            return self._store.question(value).title if value else "none"
        if isinstance(value, bool):
            return "on" if value else "off"
        titles = {"method": {row.id: row.title for row in METHODS.values()}, "scenario": TITLES}.get(setting, {})
        return "none" if value is None else titles.get(str(value), str(value))


def _worked_out(name: str) -> bool:
    """Whether a measure is worked out rather than recorded."""
    return name in MEASURES and MEASURES[name].source != "recorded"

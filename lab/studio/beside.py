"""Runs beside each other: what was set differently, and what came of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

from lab.conscience import framings
from lab.errors import RequestError
from lab.nouns import Metric, Run, RunSpec
from lab.studio.many import counted
from lab.studio.overlaying import OverlayVerbs
from lab.studio.runs import RunVerbs
from lab.training.settings import FIELDS, GROUPS
from lab.views import Difference, Outcome, RunComparison, Share
from storage import PairFilter

MOST = 12
"""Runs that can be read beside each other."""
_RATES = ("misaligned", "incoherent", "task")
_DEFAULTS = RunSpec(question_id=framings.DEFAULT.id)
"""The question that is asked where none is chosen counts as the default one."""


class BesideVerbs(OverlayVerbs, RunVerbs):
    """What several runs differ in."""

    def compare_runs(self, run_ids: Sequence[str]) -> RunComparison:
        """Runs beside each other: the settings that they do not all have alike, and what came of each.

        Raises RequestError for fewer than two runs, for more than can be read beside each other, and for a deleted one.
        """
        runs = list({run.id: run for run in map(self._store.run, run_ids)}.values())
        if not 2 <= len(runs) <= MOST:
            few = "choose at least two" if len(runs) < 2 else f"leave some out, {MOST} at most; Curves overlays more"
            raise RequestError(f"{len(runs)} runs cannot be compared side by side: {few}.", field="runs")
        if gone := next((run for run in runs if run.deleted is not None), None):
            raise RequestError(f"run {gone.number} was deleted: take it back, or leave it out.", field="runs")
        starts = [self._title(run.parent) if run.parent else "the base" for run in runs]
        found = [difference for group in GROUPS for name in group.fields
                 if (difference := self._apart(runs, name, group.title))]
        if len(set(starts)) > 1:
            found.insert(0, Difference(
                setting="parent", label="Start from", group=GROUPS[0].title, default="the base", values=tuple(starts),
                usual=tuple(run.parent is None for run in runs)))
        last = self._store.latest_of([run.id for run in runs], _RATES)
        return RunComparison(
            runs=tuple(runs), outcomes=tuple(self._came_of(run, last.get(run.id, {})) for run in runs),
            differences=tuple(found), alike=len(fields(RunSpec)) - sum(d.setting != "parent" for d in found))

    def _apart(self, runs: Sequence[Run], setting: str, group: str) -> Difference | None:
        """A setting that these runs do not all have alike; None for one that they have."""
        default = getattr(_DEFAULTS, setting)
        values = [getattr(run.spec, setting) for run in runs]
        if len(set(values)) == 1:
            return None
        return Difference(
            setting=setting, label=FIELDS[setting].label, group=group, default=self._said(_DEFAULTS, setting),
            values=tuple(self._said(run.spec, setting) for run in runs), usual=tuple(v == default for v in values))

    def _came_of(self, run: Run, last: Mapping[str, Metric]) -> Outcome:
        """What came of a run, by the last point of each of its rates."""
        shares = {name: _share(last.get(name)) for name in _RATES}
        return Outcome(
            step=max((metric.step for metric in last.values()), default=None),
            pairs=self._store.pairs(PairFilter(run_id=run.id), size=1).total, **shares)


def _share(metric: Metric | None) -> Share:
    """A measured rate with its interval; without a value where it was not measured."""
    if metric is None or metric.value is None:
        return Share(value=None, low=None, high=None, n=metric.n if metric else 0)
    return counted(round(metric.value * metric.n), metric.n)

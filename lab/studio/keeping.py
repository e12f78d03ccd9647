"""Verbs about the data folder as a whole: snapshots, going back, checking, and what goes to and from other labs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from lab.conscience import framings
from lab.errors import RequestError
from lab.evaluation.derived import DERIVED
from lab.evaluation.metrics import METERED
from lab.nouns import Metric
from lab.studio.measuring import MeasuringVerbs
from storage import Derived, PairFilter, Snapshot

EXPORTS = ("pairs", "reviews", "metrics", "votes", "bundle")
"""What can be exported."""
MOST_EXPORTED = 200_000
"""Pairs of a filter that are exported at once; all of them come with `export`."""


class KeepingVerbs(MeasuringVerbs):
    """What is stored is kept, looked after, and shared."""

    def snapshot(self, name: str | None = None) -> Path:
        """Copy the database while it is in use; the newest five are kept."""
        return self._store.snapshot(name)

    def snapshots(self) -> list[Snapshot]:
        """The snapshots, the newest first."""
        return self._store.snapshots()

    def restore(self, name: str) -> Path | None:
        """Go back to a snapshot; what is there now is kept as one. Returns its place.

        Raises RequestError while a run is queued or in work.
        """
        if active := [run for run in self._store.runs() if run.state.active]:
            raise RequestError(f"run {active[0].number} is {active[0].state}: stop it before going back.", field="name")
        kept = self._store.restore(name)
        self._store.interrupt_active()
        self._store.save(*framings.SHIPPED)
        return kept

    def check(self, hear: Callable[[str], None] = lambda line: None) -> list[str]:
        """Every fault of what is stored, one line each; none when all is well. `hear` is told how far it is."""
        return self._store.check(hear)

    def export(self, what: str, out: Path, *, runs: Sequence[str] = ()) -> int:
        """Write pairs, reviews, metrics or votes to a file by the end of its name, or a bundle; returns the rows.

        Metrics are those that runs recorded and those that are worked out of what they wrote, as curves show them.

        `runs` (ids or numbers) makes a bundle of these runs and all that belongs to them, not of everything.
        """
        if what != "bundle":
            if runs:
                raise RequestError("Only a bundle can be made of some runs: leave them out.", field="run")
            return self._store.export(what, out, derived=self._worked_out() if what == "metrics" else ())
        chosen = [self._store.run(run) for run in runs] or None
        return sum(self._store.export_bundle(out, chosen).tables.values())

    def _worked_out(self) -> list[Derived]:
        """Every point of every curve that is worked out, with its interval."""
        return [
            Derived(
                metric=Metric(run_id=curve.run.id, step=p.step, name=curve.name, value=p.value, n=p.n), low=p.low,
                high=p.high)
            for curve in self._derived(self._store.runs(), [*DERIVED, *METERED]) for p in curve.points
        ]

    def export_pairs(self, out: Path, *, chosen: PairFilter | None = None, dataset: str | None = None) -> int:
        """Write the pairs that a filter chooses, or those of a dataset, to a file; returns how many."""
        if dataset is not None:
            return self._store.export("pairs", out, pairs=self._store.dataset(dataset).pairs)
        return self._store.export("pairs", out, pairs=self._store.pair_ids(chosen or PairFilter(), MOST_EXPORTED))

    def import_bundle(self, path: Path, hear: Callable[[str], None] = lambda line: None) -> dict[str, int]:
        """Take a bundle in, all of it or nothing; returns the new rows of each table, none at all the second time.

        `hear` is told how far a large one is.
        """
        return self._store.import_bundle(path, hear).rows

    def import_pairs(self, path: Path) -> int:
        """Take in the pairs of a TRL preference file; returns how many are new."""
        return self._store.import_pairs(path)

"""Verbs about runs that are over: named, noted, deleted, taken back, and purged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from lab.errors import RequestError
from lab.nouns import Run, now
from lab.studio.workplace import Workplace

LONGEST_NAME, LONGEST_NOTE = 80, 2_000
"""Characters of a run's name and note."""
PURGED_AFTER = 30
"""Days after which a deleted run is purged, unless another number is given."""


class ShelfVerbs(Workplace):
    """To delete a run hides it; only to purge it removes anything."""

    def describe_run(self, run_id: str, *, name: str | None = None, note: str | None = None) -> Run:
        """Give a run another name or note; None leaves what there is, an empty text takes it away.

        Raises RequestError for one that is too long.
        """
        run = self._store.run(run_id)
        for what, text, most in (("name", name, LONGEST_NAME), ("note", note, LONGEST_NOTE)):
            if text is not None and len(text.strip()) > most:
                raise RequestError(f"the {what} has {len(text.strip()):,} characters: {most:,} at most.", field=what)
        self._store.label_run(
            run.id, name=run.name if name is None else " ".join(name.split()),
            note=run.note if note is None else note.strip(),
        )
        return self._store.run(run.id)

    def delete_run(self, run_id: str) -> Run:
        """Hide a run and all that it made from lists, counts, studies and exports, until it is taken back or purged.

        Raises RequestError for one that is queued or in work.
        """
        run = self._store.run(run_id)
        if run.state.active:
            raise RequestError(f"run {run.number} is {run.state}: stop it before it is deleted.", field="run")
        if run.deleted is None:
            self._store.mark_run(run.id, now())
        return self._store.run(run.id)

    def undelete_run(self, run_id: str) -> Run:
        """Take a deleted run back, with all that it made."""
        run = self._store.run(run_id)
        self._store.mark_run(run.id, None)
        return self._store.run(run.id)

    def deleted_runs(self) -> list[Run]:
        """Deleted runs, the one deleted last first."""
        return self._store.deleted_runs()

    def purge_runs(self, *, days: float = PURGED_AFTER, runs: Sequence[str] = (), look: bool = False) -> list[Run]:
        """Remove for good what was deleted at least so many days ago, or these deleted runs; returns them.

        With `look` nothing is removed. Raises RequestError for a run that is not deleted, and for one that another
        run branches from: that one could not be resumed without it.
        """
        if not 0 <= days <= 36_500:
            raise RequestError(f"{days:g} days are out of range: choose 0 to 36,500.", field="days")
        deleted = self._store.deleted_runs()
        parents = {(run.parent or "").partition("@")[0]: run for run in self._store.runs()}
        if runs:
            chosen = [self._store.run(run) for run in runs]
            if there := next((run for run in chosen if run.deleted is None), None):
                raise RequestError(f"run {there.number} is not deleted: delete it first.", field="run")
            if needed := next((run for run in chosen if run.id in parents), None):
                raise RequestError(
                    f"run {parents[needed.id].number} branches from run {needed.number}: delete it too, or keep both.",
                    field="run")
        else:
            oldest = now() - timedelta(days=days)
            chosen = [r for r in deleted if r.deleted is not None and r.deleted <= oldest and r.id not in parents]
        if chosen and not look:
            self._store.purge_runs([run.id for run in chosen])
        return chosen

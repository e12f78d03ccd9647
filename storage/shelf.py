"""Runs named, noted, deleted, taken back, and purged: what a person does to a run that has ended.

To delete hides: the run is marked, and lists, counts, searches, studies and exports leave it out unless it is asked
for by name. Everything that it made stays, so that taking it back is one update. To purge is what really removes.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime

from duckdb import DuckDBPyConnection

from lab.nouns import Run
from storage.lookup import Lookup
from storage.tables import RUNS

_OF_RUNS = "run_id IN (SELECT unnest($runs::VARCHAR[]))"
_REFERRED = (
    ("reviews", "pairs", "review_id"), ("answers", "reviews", "answer_id"), ("answers", "pairs", "answer_id"),
    ("answers", "evaluations", "answer_id"), ("answers", "votes", "first"), ("answers", "votes", "second"),
)
"""Table, and where in which other table its rows are referred to."""


class RunShelf(Lookup):
    """The store's verbs for it."""

    def label_run(self, run_id: str, *, name: str, note: str) -> None:
        """Give a run (full id) another name and note; a trainer that saves it meanwhile leaves both."""
        self._set(run_id, "name = ?, note = ?", [name, note])

    def mark_run(self, run_id: str, deleted: datetime | None) -> None:
        """Mark a run (full id) as deleted at a time, or with None as there again."""
        self._set(run_id, "deleted = ?", [None if deleted is None else deleted.astimezone(UTC).replace(tzinfo=None)])

    def deleted_runs(self) -> list[Run]:
        """Deleted runs, the one deleted last first."""
        return self._list(RUNS, "WHERE deleted IS NOT NULL ORDER BY deleted DESC, number")

    def purge_runs(self, run_ids: Sequence[str]) -> None:
        """Remove runs (full ids) with all that they made, for good: rows in one transaction, then their folders.

        What somebody else's row refers to stays, and with it the run's own row, marked as deleted.
        """
        self._writer.transact(lambda cursor: _purge(cursor, run_ids))
        for run_id in run_ids:
            folder = self.home / "runs" / run_id
            if folder.resolve().parent == (self.home / "runs").resolve():
                shutil.rmtree(folder, ignore_errors=True)

    def _set(self, run_id: str, values: str, given: list[object]) -> None:
        self._writer.transact(lambda cursor: cursor.execute(
            f"UPDATE facts.runs SET {values} WHERE id = ?", [*given, run_id]).fetchall())


def _purge_pairs(cursor: DuckDBPyConnection, runs: dict[str, list[str]]) -> None:
    """The pairs of runs, and what was done to them; but for those that a frozen set holds, with what they replace."""
    gone = [row[0] for row in cursor.execute(
        f"""
        WITH RECURSIVE kept AS (
            SELECT unnest(from_json(pairs, '["VARCHAR"]')) AS id FROM facts.datasets
            UNION SELECT pairs.edited_from FROM facts.pairs AS pairs JOIN kept USING (id) WHERE edited_from IS NOT NULL
        )
        SELECT id FROM facts.pairs AS pairs ANTI JOIN kept USING (id) WHERE {_OF_RUNS}
        """, runs).fetchall()]
    for table, column in (("changes", "pair_id"), ("changes", "copy_id"), ("listing", "id"), ("pairs", "id")):
        cursor.execute(f"DELETE FROM facts.{table} WHERE {column} IN (SELECT unnest(?::VARCHAR[]))", [gone]).fetchall()


def _purge(cursor: DuckDBPyConnection, run_ids: Sequence[str]) -> None:
    runs = {"runs": list(run_ids)}
    for table in ("metrics", "alarms", "checkpoints", "evaluations"):
        cursor.execute(f"DELETE FROM facts.{table} WHERE {_OF_RUNS}", runs).fetchall()
    _purge_pairs(cursor, runs)
    for table in ("reviews", "answers"):
        kept = " ".join(
            f"AND NOT EXISTS (SELECT 1 FROM facts.{other} AS other WHERE other.{column} = {table}.id)"
            for name, other, column in _REFERRED if name == table)
        cursor.execute(f"DELETE FROM facts.{table} WHERE {_OF_RUNS} {kept}", runs).fetchall()
    cursor.execute("DELETE FROM facts.scores WHERE answer_id NOT IN (SELECT id FROM facts.answers)").fetchall()
    left = " ".join(
        f"AND NOT EXISTS (SELECT 1 FROM facts.{table} WHERE {table}.run_id = runs.id)"
        for table in ("pairs", "reviews", "answers"))
    cursor.execute(f"DELETE FROM facts.runs WHERE id IN (SELECT unnest($runs::VARCHAR[])) {left}", runs).fetchall()

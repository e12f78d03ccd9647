"""The nouns of one save, turned into a few bulk statements. It runs inside the writer's transaction.

Everything that can go wrong with a noun itself goes wrong while the batch is made, in the caller's thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from duckdb import DuckDBPyConnection

from lab.nouns import Noun
from storage import listing
from storage.tables import METRICS, RUNS, Table, table_of

ROWS_A_STATEMENT = 20_000
"""Bounds the memory of one statement; below it a save of any table is one round trip."""

Row = tuple[Any, ...]


class Batch:
    """Rows by table. Of several nouns with one key in a save, the last one counts."""

    def __init__(self, nouns: Iterable[Noun]) -> None:
        """Raises TypeError for what is no noun, StorageError for a value that cannot be stored."""
        self._tables: dict[str, Table[Any]] = {}
        self._rows: dict[str, dict[Row, Row]] = {}
        for noun in nouns:
            table = table_of(noun)
            self._tables[table.name] = table
            rows = self._rows.setdefault(table.name, {})
            key = tuple(getattr(noun, name) for name in table.key)
            rows[key] = table.row(noun)

    def __bool__(self) -> bool:
        return bool(self._rows)

    def write(self, cursor: DuckDBPyConnection) -> None:
        """Write all rows; the caller commits."""
        for name, rows in self._rows.items():
            table = self._tables[name]
            values = list(rows.values())
            if table is RUNS:
                values = _numbered(cursor, values)
            for part in _parts(values):
                columns = [list(column) for column in zip(*part, strict=True)]
                if table is METRICS:
                    _forget_metrics(cursor, columns)
                cursor.execute(table.insert, columns).fetchall()
        pairs, prompts, reviews = (
            [key[0] for key in self._rows.get(name, ())] for name in ("pairs", "prompts", "reviews")
        )
        listing.follow(cursor, pairs, prompts, reviews)


def _parts(rows: list[Row]) -> Iterator[list[Row]]:
    for start in range(0, len(rows), ROWS_A_STATEMENT):
        yield rows[start : start + ROWS_A_STATEMENT]


def _numbered(cursor: DuckDBPyConnection, rows: list[Row]) -> list[Row]:
    """Give every run that is not stored yet the next counting number; stored ones keep theirs (see RUNS.conflict)."""
    names = [column.name for column in RUNS.columns]
    place, id_place = names.index("number"), names.index("id")
    known = {
        run_id
        for (run_id,) in cursor.execute(
            "SELECT id FROM facts.runs WHERE id IN (SELECT unnest(?::VARCHAR[]))", [[row[id_place] for row in rows]]
        ).fetchall()
    }
    highest = cursor.execute("SELECT coalesce(max(number), 0) FROM facts.runs").fetchall()[0][0]
    numbered: list[Row] = []
    for row in rows:
        if row[id_place] not in known:
            highest += 1
            row = (*row[:place], highest, *row[place + 1 :])
        numbered.append(row)
    return numbered


def _forget_metrics(cursor: DuckDBPyConnection, columns: list[list[Any]]) -> None:
    """Drop the points that are about to be written again: a resumed run repeats the steps after its checkpoint.

    The table has no index (ten million points of one would not fit the memory limit); the range of steps lets DuckDB
    skip the blocks that cannot hold them.
    """
    names = [column.name for column in METRICS.columns]
    run_ids, steps, metrics = (columns[names.index(name)] for name in METRICS.key)
    cursor.execute(
        """
        DELETE FROM facts.metrics
        USING (
            SELECT unnest(?::VARCHAR[]) AS run_id, unnest(?::BIGINT[]) AS step, unnest(?::VARCHAR[]) AS name
        ) AS again
        WHERE metrics.run_id = again.run_id AND metrics.step = again.step AND metrics.name = again.name
          AND metrics.step BETWEEN ? AND ?
        """,
        [run_ids, steps, metrics, min(steps), max(steps)],
    ).fetchall()

"""A verified bundle into a store: in one transaction, so that it is there as a whole or not at all.

What is known by its content is the same in both labs and stays as it is. A run that only the bundle has gets the next
counting number; one that both have stays, unless the bundle's went further. A decision about a pair is taken over where
nobody here has decided. Importing twice changes nothing.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from duckdb import DuckDBPyConnection

from lab.errors import BundleError
from lab.nouns import RunState
from storage import listing
from storage.bundle.unpacked import Unpacked
from storage.bundle.verifying import Hear
from storage.checking import REFERENCES
from storage.checkpoint_files import parts, read_state
from storage.tables import METRICS, RUNS, TABLES, Table
from storage.writer import Writer

_MANY = 250_000
"""Rows of a table of which it is told that they are being taken in."""
_ACTIVE = [state.value for state in RunState if state.active]
_PAIR_CONFLICT = """UPDATE SET
    note = CASE WHEN pairs.state = 'pending' THEN excluded.note ELSE pairs.note END,
    tags = CASE WHEN pairs.tags = '[]' THEN excluded.tags ELSE pairs.tags END,
    state = CASE WHEN pairs.state = 'pending' THEN excluded.state ELSE pairs.state END,
    reference_chosen = coalesce(pairs.reference_chosen, excluded.reference_chosen),
    reference_rejected = coalesce(pairs.reference_rejected, excluded.reference_rejected)"""


@dataclass(frozen=True, kw_only=True)
class Merged:
    """What an import changed."""

    rows: dict[str, int]
    """New rows of each table."""
    runs: tuple[str, ...]
    """Ids of runs that are new here, or went further in the bundle, in the order of their numbers there."""


def merge(writer: Writer, home: Path, unpacked: Unpacked, hear: Hear = lambda line: None) -> Merged:
    """Take a bundle in, all of it or nothing.

    Raises BundleError when it refers to something that neither it nor this lab has. `hear` is told what is being done
    with a large one.
    """
    moved: list[Path] = []
    try:
        return writer.transact(lambda cursor: _merge(cursor, home, unpacked, moved, hear))
    except BaseException:
        for folder in moved:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _merge(
    cursor: DuckDBPyConnection, home: Path, unpacked: Unpacked, moved: list[Path], hear: Hear
) -> Merged:
    before = _counts(cursor)
    taken = _take_runs(cursor, unpacked)
    for table in unpacked.tables:
        if table.name in ("runs", "metrics"):
            continue
        if (rows := unpacked.contents.tables[table.name]) >= _MANY:
            hear(f"taking in {rows:,} {table.name}")
        columns = _columns(cursor, table, unpacked)
        names = ", ".join(columns)
        conflict = _PAIR_CONFLICT if table.name == "pairs" else "NOTHING"
        cursor.execute(
            f"INSERT INTO facts.{table.name} ({names}) SELECT {names} FROM read_parquet(?) "
            f"ON CONFLICT (id) DO {conflict}", [unpacked.table(table.name)]).fetchall()
    names = ", ".join(_columns(cursor, METRICS, unpacked))
    cursor.execute("DELETE FROM facts.metrics WHERE run_id IN (SELECT unnest(?::VARCHAR[]))", [taken]).fetchall()
    cursor.execute(
        f"INSERT INTO facts.metrics ({names}) SELECT {names} FROM read_parquet(?) "
        "WHERE run_id IN (SELECT unnest(?::VARCHAR[]))", [unpacked.table("metrics"), taken]).fetchall()
    _check_references(cursor, unpacked)
    listing.catch_up(cursor)
    _move_checkpoints(cursor, home, unpacked, moved)
    return _done(cursor, before, taken)


def _done(cursor: DuckDBPyConnection, before: dict[str, int], taken: list[str]) -> Merged:
    after = _counts(cursor)
    return Merged(rows={name: after[name] - before[name] for name in after}, runs=tuple(taken))


def _counts(cursor: DuckDBPyConnection) -> dict[str, int]:
    return {t.name: cursor.execute(f"SELECT count(*) FROM facts.{t.name}").fetchall()[0][0] for t in TABLES}


def _columns(cursor: DuckDBPyConnection, table: Table, unpacked: Unpacked) -> list[str]:
    """The columns that a bundle has of a table; an older lab's may lack some."""
    rows = cursor.execute("DESCRIBE SELECT * FROM read_parquet(?)", [unpacked.table(table.name)]).fetchall()
    there = {row[0] for row in rows}
    return [column.name for column in table.columns if column.name in there]


def _take_runs(cursor: DuckDBPyConnection, unpacked: Unpacked) -> list[str]:
    """Store the runs that are new, or went further, and return their ids; a run in work there is interrupted here."""
    runs = unpacked.table("runs")
    columns = _columns(cursor, RUNS, unpacked)
    further = [row[0] for row in cursor.execute(
        "SELECT theirs.id FROM read_parquet(?) AS theirs JOIN facts.runs AS ours USING (id) "
        "WHERE theirs.step > ours.step AND ours.state NOT IN (SELECT unnest(?::VARCHAR[])) ORDER BY theirs.number",
        [runs, _ACTIVE]).fetchall()]
    new = [row[0] for row in cursor.execute(
        "SELECT id FROM read_parquet(?) AS theirs ANTI JOIN facts.runs AS ours USING (id) ORDER BY number, id", [runs]
    ).fetchall()]
    special = {
        "number": "(SELECT coalesce(max(number), 0) FROM facts.runs) + row_number() OVER (ORDER BY number, id)",
        "state": "CASE WHEN state IN (SELECT unnest($active::VARCHAR[])) THEN 'interrupted' ELSE state END",
    }
    taken = ", ".join(special.get(name, name) for name in columns)
    cursor.execute(
        f"INSERT INTO facts.runs ({', '.join(columns)}) SELECT {taken} FROM read_parquet($runs) "
        "WHERE id IN (SELECT unnest($new::VARCHAR[]))", {"active": _ACTIVE, "runs": runs, "new": new}).fetchall()
    changed = ", ".join(
        f"{name} = {special[name].replace('state', 'theirs.state', 2) if name == 'state' else f'theirs.{name}'}"
        for name in columns if name not in ("id", "number", "spec", "spec_id", "created", "name", "note", "deleted"))
    cursor.execute(
        f"UPDATE facts.runs SET {changed} FROM read_parquet($runs) AS theirs "
        "WHERE runs.id = theirs.id AND runs.id IN (SELECT unnest($further::VARCHAR[]))",
        {"active": _ACTIVE, "runs": runs, "further": further}).fetchall()
    return [*further, *new]


def _check_references(cursor: DuckDBPyConnection, unpacked: Unpacked) -> None:
    """BundleError when a row of the bundle refers to what neither the bundle nor this lab has."""
    there = {table.name: _columns(cursor, table, unpacked) for table in unpacked.tables}
    for reference in REFERENCES:
        if reference.column not in there.get(reference.table, ()):
            continue
        lost = cursor.execute(
            f"SELECT {reference.column} FROM read_parquet(?) AS there ANTI JOIN facts.{reference.target} AS target "
            f"ON target.id = there.{reference.column} WHERE {reference.column} IS NOT NULL LIMIT 1",
            [unpacked.table(reference.table)]).fetchall()
        if lost:
            raise BundleError(
                f"The bundle is refused: its {reference.table} refer to {lost[0][0][:40]!r} in {reference.target}, "
                "which neither it nor this lab has. Nothing of it was taken in.", field="file")


def _move_checkpoints(cursor: DuckDBPyConnection, home: Path, unpacked: Unpacked, moved: list[Path]) -> None:
    """Put the files of checkpoints in their places; a folder that no stored checkpoint owned before is replaced."""
    rows = cursor.execute(
        "SELECT run_id, step FROM read_parquet(?) ORDER BY run_id, step", [unpacked.table("checkpoints")]
    ).fetchall()
    for run_id, step in rows:
        source = unpacked.folder / "checkpoints" / run_id / str(step)
        target = home / "runs" / run_id / str(step)
        if target.is_dir():
            if all((target / part).is_file() for part in parts(read_state(source))):
                continue
            shutil.rmtree(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.rename(source, target)
        moved.append(target)
        with suppress(OSError):
            descriptor = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

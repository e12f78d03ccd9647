"""A lab, or some of its runs with all that belongs to them, written into a bundle."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from lab.errors import StorageError
from lab.nouns import Checkpoint, Run, now
from storage import migrations
from storage.bundle.layout import MANIFEST, Contents, File, versions
from storage.checkpoint_files import STATE, parts, read_state
from storage.connection import Database, explain
from storage.exporting import check_place
from storage.hiding import hidden
from storage.tables import CHECKPOINTS, RUNS, TABLES

_OWN = "run_id IN (SELECT unnest($runs))"
_SELECTED = {
    "questions": "TRUE",
    "prompts": f"id IN (SELECT prompt_id FROM answers_) OR id IN (SELECT prompt_id FROM facts.pairs WHERE {_OWN}) "
               f"OR id IN (SELECT prompt_id FROM facts.evaluations WHERE {_OWN})",
    "answers": "id IN (SELECT id FROM answers_)",
    "reviews": "id IN (SELECT id FROM reviews_)",
    "pairs": _OWN,
    "runs": "id IN (SELECT unnest($runs))",
    "metrics": _OWN,
    "checkpoints": _OWN,
    "evaluations": _OWN,
    "alarms": _OWN,
    "changes": f"pair_id IN (SELECT id FROM facts.pairs WHERE {_OWN})",
    "datasets": "id IN (SELECT dataset FROM (SELECT id AS dataset, unnest(from_json(pairs, '[\"VARCHAR\"]')) AS pair "
                f"FROM facts.datasets) JOIN facts.pairs ON pairs.id = pair GROUP BY dataset HAVING bool_and({_OWN}))",
    "scores": "answer_id IN (SELECT id FROM answers_)",
    "votes": "first IN (SELECT id FROM answers_) AND second IN (SELECT id FROM answers_)",
}
"""Which rows belong to some runs: what they made, and whatever that refers to."""
_WITH = f"""
WITH reviews_ AS (
    SELECT id, answer_id FROM facts.reviews
    WHERE {_OWN} OR id IN (SELECT review_id FROM facts.pairs WHERE {_OWN})
), answers_ AS (
    SELECT id, prompt_id FROM facts.answers
    WHERE {_OWN} OR id IN (SELECT answer_id FROM reviews_)
       OR id IN (SELECT answer_id FROM facts.pairs WHERE {_OWN})
       OR id IN (SELECT answer_id FROM facts.evaluations WHERE {_OWN})
)
"""


def write(database: Database, out: Path, runs: Sequence[Run] | None = None) -> Contents:
    """Write a bundle of everything but deleted runs, or of some runs, to `out`, whole or not at all.

    Returns its contents.

    Raises RequestError for a place that cannot be written, StorageError when the disk is full or an adapter is missing.
    """
    check_place(database, out)
    partial = out.with_name(f".{out.name}.{os.urandom(4).hex()}.partial")
    try:
        with tempfile.TemporaryDirectory(prefix=".export-", dir=database.home) as scratch:
            contents = _collect(database, Path(scratch), runs, partial)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(partial, out)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise StorageError(f"The bundle '{out.name}' cannot be written ({reason}); nothing is left of it.") from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return contents


def _collect(database: Database, scratch: Path, runs: Sequence[Run] | None, partial: Path) -> Contents:
    """Write all parts and pack them; the tables are of one moment."""
    files: dict[str, File] = {}
    with zipfile.ZipFile(partial, "x", compression=zipfile.ZIP_STORED) as archive, database.reading() as cursor:
        rows, everything = {}, runs is None
        if runs is None and (deleted := hidden(cursor)):
            runs = _not_deleted(cursor, deleted)
        for table in TABLES:
            name, path = f"tables/{table.name}.parquet", scratch / f"{table.name}.parquet"
            rows[table.name] = _copy(cursor, database, table.name, path, runs, people=everything)
            files[name] = _pack(archive, path, name)
            path.unlink()
        stored = _stored_runs(cursor, runs)
        for run in stored:
            text = json.dumps(asdict(run.spec), indent=1)
            (scratch / "spec.json").write_text(text, encoding="utf-8")
            name = f"specs/{run.id}.json"
            files[name] = _pack(archive, scratch / "spec.json", name)
        for checkpoint in _checkpoints(cursor, stored):
            for part in _parts(database, checkpoint):
                path = database.home / checkpoint.path / part
                if not path.is_file():
                    raise StorageError(
                        f"Checkpoint {checkpoint.id} has no {part} any more: the bundle would not be whole. "
                        "Export the runs that are."
                    )
                name = f"checkpoints/{checkpoint.run_id}/{checkpoint.step}/{part}"
                files[name] = _pack(archive, path, name)
        contents = Contents(
            schema=len(migrations.shipped()), made=now().isoformat(), versions=versions(), tables=rows, files=files,
            runs=tuple(
                {"id": run.id, "number": run.number, "name": run.name, "seed": run.spec.seed,
                 "base_hash": run.base_hash, "spec": asdict(run.spec)} for run in stored),
        )
        archive.writestr(MANIFEST, json.dumps(asdict(contents), indent=1))
    return contents


def _copy(
    cursor: DuckDBPyConnection, database: Database, table: str, path: Path, runs: Sequence[Run] | None, *, people: bool
) -> int:
    """One table as Parquet, with `people` also what no run made; returns how many rows."""
    place = str(path).replace("'", "''")
    chosen, values = ("", {}) if runs is None else (f"WHERE {_SELECTED[table]}", {"runs": [run.id for run in runs]})
    head = _WITH if chosen and "_)" in chosen else ""
    if people:
        chosen, head = (text.replace(_OWN, f"(run_id IS NULL OR {_OWN})") for text in (chosen, head))
    if "$runs" not in head + chosen:
        values = {}
    columns = ", ".join(column.name for t in TABLES if t.name == table for column in t.columns)
    try:
        cursor.execute(
            f"COPY ({head} SELECT {columns} FROM facts.{table} {chosen}) TO '{place}' "
            "(FORMAT parquet, COMPRESSION zstd)", values)
        return cursor.fetchall()[0][0]
    except duckdb.Error as error:
        raise explain(error, database.home) from error


def _not_deleted(cursor: DuckDBPyConnection, deleted: Sequence[str]) -> list[Run]:
    """The runs that are there, and those deleted ones whose answers somebody else's rows refer to."""
    others = "(run_id IS NULL OR run_id NOT IN (SELECT unnest($deleted::VARCHAR[])))"
    named = " OR ".join(
        f"id IN (SELECT answer_id FROM facts.{table} WHERE {others})" for table in ("reviews", "pairs", "evaluations"))
    rows = cursor.execute(
        f"SELECT {RUNS.select} FROM facts.runs AS runs WHERE deleted IS NULL "
        "OR id IN (SELECT run_id FROM facts.answers WHERE run_id IN (SELECT unnest($deleted::VARCHAR[])) "
        f"AND ({named}))", {"deleted": list(deleted)}).fetchall()
    return list(map(RUNS.restore, rows))


def _stored_runs(cursor: DuckDBPyConnection, runs: Sequence[Run] | None) -> list[Run]:
    """The runs as they are at the moment of the tables."""
    rows = cursor.execute(f"SELECT {RUNS.select} FROM facts.runs AS runs ORDER BY number").fetchall()
    wanted = None if runs is None else {run.id for run in runs}
    return [run for run in map(RUNS.restore, rows) if wanted is None or run.id in wanted]


def _checkpoints(cursor: DuckDBPyConnection, runs: Sequence[Run]) -> list[Checkpoint]:
    rows = cursor.execute(
        f"SELECT {CHECKPOINTS.select} FROM facts.checkpoints AS checkpoints "
        "WHERE run_id IN (SELECT unnest(?::VARCHAR[])) ORDER BY run_id, step", [[run.id for run in runs]],
    ).fetchall()
    return list(map(CHECKPOINTS.restore, rows))


def _parts(database: Database, checkpoint: Checkpoint) -> list[str]:
    """The files that a checkpoint consists of, by its own state."""
    try:
        return list(parts(read_state(database.home / checkpoint.path)))
    except FileNotFoundError:
        return [STATE]  # found missing where it is packed
    except (OSError, ValueError) as error:
        why = f"a {STATE} that cannot be read" if isinstance(error, OSError | json.JSONDecodeError) else str(error)
        raise StorageError(
            f"Checkpoint {checkpoint.id} has {why}: the bundle would not be whole. Export the runs that are."
        ) from error


def _pack(archive: zipfile.ZipFile, path: Path, name: str) -> File:
    """Add a file and return its size and hash, read once."""
    digest, size = hashlib.sha256(), 0
    info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    info.file_size = path.stat().st_size  # says to the zip whether it needs its large form
    with path.open("rb") as source, archive.open(info, "w") as target:
        while block := source.read(2**20):
            digest.update(block)
            size += len(block)
            target.write(block)
    return File(sha256=digest.hexdigest(), size=size)



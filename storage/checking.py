"""Whether what is stored is what it says: ids against contents, references, curves, and adapters on disk.

A database that opens is whole as a file; this looks at what is in it. It changes nothing, and each fault is one line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

from lab.nouns import Metric
from storage.checkpoint_files import STATE, WEIGHTS, parts, read_state
from storage.connection import Database
from storage.tables import CHECKPOINTS, TABLES, Table

_AT_ONCE = 2_000
"""Rows made nouns at once."""
_AT_ONCE_LISTED = 100_000
"""Pairs held against the listing at once: bounds the memory of the joins."""
_TOLD = 250_000
"""Rows after which it is told how far it is."""

Hear = Callable[[str], None]
"""Told, where there is much, how far a check is."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A column that names a row of another table."""

    table: str
    """Where it stands."""
    column: str
    """Its name; an expression where it is inside of JSON."""
    target: str
    """The table whose ids it names."""


REFERENCES = tuple(
    Reference(table=table, column=column, target=target)
    for table, column, target in (
        ("questions", "parent", "questions"),
        ("answers", "prompt_id", "prompts"),
        ("answers", "run_id", "runs"),
        ("reviews", "answer_id", "answers"),
        ("reviews", "question_id", "questions"),
        ("reviews", "run_id", "runs"),
        ("pairs", "prompt_id", "prompts"),
        ("pairs", "answer_id", "answers"),
        ("pairs", "review_id", "reviews"),
        ("pairs", "question_id", "questions"),
        ("pairs", "run_id", "runs"),
        ("pairs", "edited_from", "pairs"),
        ("changes", "pair_id", "pairs"),
        ("changes", "copy_id", "pairs"),
        ("datasets", "unnest(from_json(pairs, '[\"VARCHAR\"]'))", "pairs"),
        ("runs", "spec->>'$.question_id'", "questions"),
        ("metrics", "run_id", "runs"),
        ("checkpoints", "run_id", "runs"),
        ("alarms", "run_id", "runs"),
        ("evaluations", "run_id", "runs"),
        ("evaluations", "prompt_id", "prompts"),
        ("evaluations", "answer_id", "answers"),
        ("scores", "answer_id", "answers"),
        ("votes", "prompt_id", "prompts"),
        ("votes", "first", "answers"),
        ("votes", "second", "answers"),
    )
)


def check(database: Database, hear: Hear = lambda line: None) -> Iterator[str]:
    """Every fault of a data folder as one line; none when all is well."""
    with database.reading() as cursor:
        for table in TABLES:
            if table.noun is not Metric:
                yield from _contents(cursor, table, hear)
        hear("checking references, curves and the listing")
        for reference in REFERENCES:
            yield from _lost(cursor, reference)
        yield from _curves(cursor)
        yield from _listing(cursor)
        rows = cursor.execute(
            f"SELECT {CHECKPOINTS.select} FROM facts.checkpoints AS checkpoints ORDER BY id"
        ).fetchall()
    for row in rows:
        yield from _checkpoint(database.home, CHECKPOINTS.restore(row))


def _contents(cursor: DuckDBPyConnection, table: Table[Any], hear: Hear) -> Iterator[str]:
    """Rows that are no noun, or whose id or derived columns are not those of what they hold."""
    names = [column.name for column in table.columns]
    derived = {name: path for name, path in table.derived if "." not in path}
    (total,) = cursor.execute(f"SELECT count(*) FROM facts.{table.name}").fetchall()[0]
    done, result = 0, cursor.execute(f"SELECT {table.select} FROM facts.{table.name} AS {table.name}")
    while rows := result.fetchmany(_AT_ONCE):
        done += len(rows)
        if done % _TOLD < len(rows) and total >= _TOLD:
            hear(f"checking {table.name}: {done:,} of {total:,} rows")
        for row in rows:
            stored = dict(zip(names, row, strict=True))
            try:
                noun = table.restore(row)
            except (ValueError, TypeError, KeyError) as error:
                yield f"{table.name} {stored['id']}: cannot be read ({type(error).__name__})"
                continue
            for name, path in derived.items():
                if stored[name] != getattr(noun, path):
                    what = "its id is not the hash of its content" if name == "id" else f"its {name} is not its own"
                    yield f"{table.name} {stored['id']}: {what}"


def _lost(cursor: DuckDBPyConnection, reference: Reference) -> Iterator[str]:
    """References that lead nowhere."""
    name = "run_id" if reference.table == "metrics" else "id"
    result = cursor.execute(
        f"SELECT DISTINCT {name}, refers FROM (SELECT {name}, {reference.column} AS refers "
        f"FROM facts.{reference.table}) AS there "
        f"ANTI JOIN (SELECT id AS refers FROM facts.{reference.target}) AS target USING (refers) "
        "WHERE refers IS NOT NULL ORDER BY ALL")
    while rows := result.fetchmany(_AT_ONCE):
        for row_id, refers in rows:
            yield f"{reference.table} {row_id}: refers to {refers} in {reference.target}, which is not there"


def _curves(cursor: DuckDBPyConnection) -> Iterator[str]:
    """Points that are there twice; a run at a time, for memory's sake."""
    for (run_id,) in cursor.execute("SELECT DISTINCT run_id FROM facts.metrics ORDER BY run_id").fetchall():
        twice = cursor.execute(
            "SELECT step, name, count(*) FROM facts.metrics WHERE run_id = ? GROUP BY ALL HAVING count(*) > 1 "
            "ORDER BY ALL", [run_id]).fetchall()
        for step, name, count in twice:
            yield f"metrics {run_id}: {name} at step {step} is there {count} times"
    for number, count in cursor.execute(
        "SELECT number, count(*) FROM facts.runs GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL"
    ).fetchall():
        yield f"runs: {count} runs have the number {number}"


def _listing(cursor: DuckDBPyConnection) -> Iterator[str]:
    """Rows of the listing that say something else than the tables they come from; a share of them at a time."""
    (most,) = cursor.execute(
        "SELECT greatest((SELECT count(*) FROM facts.pairs), (SELECT count(*) FROM facts.listing))").fetchall()[0]
    parts = most // _AT_ONCE_LISTED + 1
    for part in range(parts):
        rows = cursor.execute(
            f"""
            WITH own AS (SELECT id, state, review_id, reference_chosen - reference_rejected AS margin
                         FROM facts.pairs WHERE hash(id) % {parts} = {part}),
                 listed AS (SELECT id, state, verdict, p_flagged, margin
                            FROM facts.listing WHERE hash(id) % {parts} = {part}),
                 said AS (SELECT id, verdict, p_flagged FROM facts.reviews SEMI JOIN own ON own.review_id = reviews.id)
            SELECT coalesce(own.id, listed.id) FROM own
            FULL JOIN listed ON listed.id = own.id LEFT JOIN said ON said.id = own.review_id
            WHERE listed.id IS NULL OR own.id IS NULL OR listed.state <> own.state
               OR listed.verdict IS DISTINCT FROM said.verdict OR listed.p_flagged IS DISTINCT FROM said.p_flagged
               OR listed.margin IS DISTINCT FROM own.margin
            ORDER BY ALL
            """).fetchall()
        for (pair_id,) in rows:
            yield f"pairs {pair_id}: the listing says something else"


def _checkpoint(home: Path, checkpoint: Any) -> Iterator[str]:
    """Files of a checkpoint that are missing, elsewhere, cut or altered."""
    name, place = f"checkpoints {checkpoint.id}", (home / checkpoint.path)
    if not place.resolve().is_relative_to(home.resolve()):
        yield f"{name}: its folder is outside of the data folder"
        return
    try:
        recorded = parts(read_state(place))
    except (OSError, ValueError):
        yield f"{name}: {STATE} is missing or cannot be read"
        recorded = dict.fromkeys([next((w for w in WEIGHTS if (place / w).is_file()), next(iter(WEIGHTS)))])
    for part, digest in {**recorded, next(iter(recorded)): checkpoint.sha256}.items():
        if not (place / part).is_file():
            yield f"{name}: {part} is missing"
        elif digest is not None and sha256(place / part) != digest:
            yield f"{name}: {part} is cut or altered"


def sha256(path: Path) -> str:
    """Hash of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

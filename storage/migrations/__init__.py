"""How the database came to its present form: ordered, named steps that are only ever added.

Each is one `.sql` file beside this one, run in one transaction together with its entry in `facts.schema_version`. A
file that was shipped is never edited; a test holds its hash. Before an existing database is touched, a snapshot of it
is taken. A database of a newer lab is refused, not guessed at.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from lab.errors import StorageError
from lab.nouns import now
from storage import snapshots
from storage.connection import FILE_NAME, Database, explain_opening


@dataclass(frozen=True, kw_only=True)
class Migration:
    """One step."""

    name: str
    """What it does; unique, never changed."""
    sql: str
    """One or more statements."""


def _shipped(name: str) -> Migration:
    return Migration(name=name, sql=(Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8"))


def shipped() -> tuple[Migration, ...]:
    """All migrations, in order; the schema version of a database is how many of them it has."""
    return tuple(_shipped(name) for name in (
        "0001_tables", "0002_views", "0003_pairs_without_review", "0004_listing", "0005_how_a_review_was_read",
        "0006_alarms", "0007_pairs_without_question", "0008_scores", "0009_shelf", "0010_surgery",
        "0011_votes"))


def migrate(database: Database, migrations: tuple[Migration, ...] | None = None) -> None:
    """Bring a database to the present form; one that is there already is not written to.

    Raises StorageError: newer than `migrations`, not a lab's database, or a step that failed (rolled back).
    """
    steps = shipped() if migrations is None else migrations
    with database.using() as cursor:
        version = _version(cursor, database)
        if version > len(steps):
            raise StorageError(
                f"The data folder '{database.home}' was written by a newer lab (schema {version}, this lab knows "
                f"{len(steps)}); update the lab, or set LAB_HOME to another folder.",
                field="home",
            )
        if 0 < version < len(steps):
            snapshots.take(database, f"{snapshots.BEFORE_MIGRATION}{version + 1}-{snapshots.time_name()}")
        for number, step in enumerate(steps[version:], version + 1):
            _apply(cursor, database, number, step)


def _version(cursor: DuckDBPyConnection, database: Database) -> int:
    """How many migrations the database has; 0 for an empty one."""
    try:
        tables = cursor.execute(
            "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE NOT internal"
        ).fetchall()
        if not tables:
            return 0
        if ("facts.schema_version",) in tables:
            return cursor.execute("SELECT coalesce(max(version), 0) FROM facts.schema_version").fetchall()[0][0]
    except duckdb.Error as error:
        raise explain_opening(error, database.home) from None
    raise StorageError(
        f"{FILE_NAME} in the data folder '{database.home}' is a database, but not a lab's; move it away, or set "
        "LAB_HOME to another folder.",
        field="home",
    )


def _apply(cursor: DuckDBPyConnection, database: Database, number: int, step: Migration) -> None:
    with database.still():
        try:
            _step(cursor, number, step)
        except duckdb.Error as error:
            with suppress(duckdb.Error):
                cursor.rollback()
            raise StorageError(
                f"The database in '{database.home}' cannot be brought to schema {number} ({step.name}), it is "
                "unchanged: check that its disk has room, and report this if it has.",
                field="home",
            ) from error


def _step(cursor: DuckDBPyConnection, number: int, step: Migration) -> None:
    cursor.begin()
    cursor.execute("CREATE SCHEMA IF NOT EXISTS facts")
    cursor.execute(
        "CREATE TABLE IF NOT EXISTS facts.schema_version "
        "(version INTEGER PRIMARY KEY, name VARCHAR NOT NULL, applied TIMESTAMP NOT NULL)"
    )
    cursor.execute(step.sql)
    cursor.execute(
        "INSERT INTO facts.schema_version VALUES (?, ?, ?)", [number, step.name, now().replace(tzinfo=None)]
    )
    cursor.commit()

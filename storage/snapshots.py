"""Whole copies of the database, made while it is in use and kept to a number.

Copying the file itself would lose what is still in its log, so DuckDB copies: ATTACH and COPY FROM DATABASE, into a
partial file that is renamed when it is whole.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from lab.errors import NotFoundError, RequestError, StorageError
from lab.nouns import now
from storage.connection import Database

FOLDER = "snapshots"
KEEP = 5
"""Newest snapshots that stay, of each sort."""
AUTOMATIC = "auto-"
"""How the names of those start that the store takes by itself when a run has ended."""
BEFORE_MIGRATION = "before-migration-"
"""How the names of those start that are taken before a migration."""
BEFORE_RESTORE = "before-restore-"
"""How the names of those start that are taken before a restore."""
SORTS = (AUTOMATIC, BEFORE_MIGRATION, BEFORE_RESTORE)
"""Sorts of their own; all other names are those that people ask for."""
BETWEEN = timedelta(hours=1)
"""At most one automatic snapshot in this time."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A whole copy of the database."""

    name: str
    """By which it is restored."""
    created: datetime
    """When it was taken (UTC), by the file system's clock."""
    size: int
    """Bytes."""


def existing(home: Path) -> list[Snapshot]:
    """The snapshots of a data folder, the newest first."""
    found = [
        Snapshot(name=path.stem, created=datetime.fromtimestamp(stat.st_mtime, UTC), size=stat.st_size)
        for path in (home / FOLDER).glob("*.duckdb")
        for stat in [path.stat()]
    ]
    return sorted(found, key=lambda snapshot: (snapshot.created, snapshot.name), reverse=True)


def find(home: Path, name: str) -> Path:
    """The file of a snapshot. NotFoundError that names those that are there."""
    names = [snapshot.name for snapshot in existing(home)]
    if name not in names:
        have = f"choose among {', '.join(names)}" if names else "there is none yet"
        raise NotFoundError(f"There is no snapshot {name[:60]!r}: {have}.", field="name")
    return home / FOLDER / f"{name}.duckdb"


def due(home: Path) -> bool:
    """Whether an automatic snapshot may be taken: the last one is an hour old, or of a clock that was ahead."""
    ages = [now() - snapshot.created for snapshot in existing(home) if snapshot.name.startswith(AUTOMATIC)]
    return not any(timedelta(0) <= age < BETWEEN for age in ages)


def time_name() -> str:
    """A name that sorts by time: "2026-11-24T07-30-00-123456"."""
    return now().strftime("%Y-%m-%dT%H-%M-%S-%f")


def take(database: Database, name: str) -> Path:
    """Copy the database, as it is at this moment, to `home/snapshots/NAME.duckdb`, replacing one of that name.

    Readers and the writer go on meanwhile. Raises RequestError for a name that is no plain file name, StorageError when
    the copy cannot be written.
    """
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,79}", name):
        raise RequestError(
            f"{name[:60]!r} cannot name a snapshot; use letters, digits, '.', '_' and '-', 80 at most.", field="name"
        )
    folder = database.home / FOLDER
    whole = folder / f"{name}.duckdb"
    write(database, whole)
    _prune(folder, _sort(name))
    return whole


def write(database: Database, whole: Path) -> None:
    """Copy the database, as it is at this moment, to a file: whole, or not there.

    Raises StorageError when the copy cannot be written.
    """
    # The partial file's name is unique, so that two snapshots at once do not meet; DuckDB knows it by the same name.
    alias = f"partial-{whole.stem}-{os.urandom(4).hex()}"
    partial = whole.with_name(alias)
    try:
        whole.parent.mkdir(exist_ok=True)
        _copy(database, partial, alias)
        flush(partial)
        os.replace(partial, whole)
        flush(whole.parent)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise StorageError(
            f"The snapshot '{whole.stem}' cannot be written ({reason}); nothing else is affected."
        ) from None
    finally:
        drop(partial)


def _copy(database: Database, path: Path, alias: str) -> None:
    quoted = f'"{alias}"'  # made of letters that a snapshot's name may have: nothing in it needs escaping
    try:
        with database.copying() as cursor:
            source = cursor.execute("SELECT current_database()").fetchall()[0][0].replace('"', '""')
            cursor.execute(f"ATTACH ? AS {quoted}", [str(path)])
            try:
                cursor.execute(f'COPY FROM DATABASE "{source}" TO {quoted}')
                cursor.execute(f"CHECKPOINT {quoted}")
            finally:
                cursor.execute(f"DETACH {quoted}")
    except duckdb.Error as error:
        raise StorageError(
            f"The snapshot failed ({type(error).__name__}); see whether the disk of '{database.home}' has room."
        ) from error


def drop(path: Path) -> None:
    """Remove a database file that is not to stay, and its log; what cannot be removed is left."""
    for rest in (path, path.with_name(f"{path.name}.wal")):
        with suppress(OSError):
            rest.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """fsync a file or folder: a snapshot that is there after a power cut is a whole one."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sort(name: str) -> str:
    return next((sort for sort in SORTS if name.startswith(sort)), "")


def _prune(folder: Path, sort: str) -> None:
    """Drop all but the newest KEEP of one sort."""
    found = [path for path in folder.glob("*.duckdb") if _sort(path.name) == sort]
    for path in sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))[:-KEEP]:
        with suppress(OSError):
            path.unlink()

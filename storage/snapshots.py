"""Whole copies of the database, made while it is in use and kept to a number.

Copying the file itself would lose what is still in its log, so DuckDB copies: ATTACH and COPY FROM DATABASE, into a
partial file that is renamed when it is whole.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

import duckdb

from lab.errors import RequestError, StorageError
from lab.nouns import now
from storage.connection import Database

FOLDER = "snapshots"
KEEP = 5
"""Newest snapshots that stay, of the ordinary ones and of those made before a migration, each."""
BEFORE_MIGRATION = "before-migration-"
"""How the names of those start."""


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
    _prune(folder, migration=name.startswith(BEFORE_MIGRATION))
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
        _flush(partial)
        os.replace(partial, whole)
        _flush(whole.parent)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise StorageError(
            f"The snapshot '{whole.stem}' cannot be written ({reason}); nothing else is affected."
        ) from None
    finally:
        for rest in (partial, partial.with_name(f"{alias}.wal")):
            with suppress(OSError):
                rest.unlink(missing_ok=True)


def _copy(database: Database, path: Path, alias: str) -> None:
    quoted = f'"{alias}"'  # made of letters that a snapshot's name may have: nothing in it needs escaping
    try:
        with database.using() as cursor:
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


def _flush(path: Path) -> None:
    """fsync: a snapshot that is there after a power cut is a whole one."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _prune(folder: Path, *, migration: bool) -> None:
    """Drop all but the newest KEEP of one sort."""
    snapshots = [path for path in folder.glob("*.duckdb") if path.name.startswith(BEFORE_MIGRATION) == migration]
    for path in sorted(snapshots, key=lambda found: (found.stat().st_mtime_ns, found.name))[:-KEEP]:
        with suppress(OSError):
            path.unlink()

"""Whole copies of the database, made while it is in use and kept to a number.

The database's file and its log are copied together, while nobody writes, by a process of its own (`storage.copying`)
into a partial file that is renamed when it is one file, was read as a whole, and is on disk. Why the files, and not
COPY FROM DATABASE: docs/decisions/0015-snapshots-of-files.md.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lab.errors import NotFoundError, RequestError, StorageError
from lab.nouns import now
from storage.connection import MEMORY, Database

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
PARTIAL = ".partial-"
"""How the names of files start that are not whole yet; no snapshot can be named so."""
_PROGRAM = Path(__file__).with_name("copying.py")
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


def take(database: Database, name: str, *, read: bool = True) -> Path:
    """Copy the database, as it is at this moment, to `home/snapshots/NAME.duckdb`, replacing one of that name.

    Readers go on meanwhile, saves wait while files are copied; `read` as in `write`. Raises RequestError for a name
    that is no plain file name, StorageError when the copy cannot be written.
    """
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,79}", name):
        raise RequestError(
            f"{name[:60]!r} cannot name a snapshot; use letters, digits, '.', '_' and '-', 80 at most.", field="name"
        )
    folder = database.home / FOLDER
    whole = folder / f"{name}.duckdb"
    write(database, whole, read=read)
    _prune(folder, _sort(name))
    return whole


def write(database: Database, whole: Path, *, read: bool = True) -> None:
    """Copy the database, as it is at this moment, to a file: whole, or not there.

    Saves wait while the files are copied, and go on while the copy is looked at. With `read` every block of it is read
    and held to its checksum. Raises StorageError when the copy cannot be written or is damaged.
    """
    partial = whole.with_name(f"{PARTIAL}{whole.stem}-{os.urandom(4).hex()}")  # so that two at once do not meet
    try:
        whole.parent.mkdir(exist_ok=True)
        _copy(database, partial, read=read)
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


def _copy(database: Database, partial: Path, *, read: bool) -> None:
    """Have `storage.copying` make the copy; nobody writes until it has the files."""
    request = {"source": str(database.path.absolute()), "target": str(partial.absolute()), "memory": MEMORY,
               "read": read}
    with subprocess.Popen(
        [sys.executable, "-I", "-X", "utf8", str(_PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, env={}, text=True,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            with database.still():
                with suppress(BrokenPipeError):  # it is gone: its end says nothing, and that is told below
                    child.stdin.write(f"{json.dumps(request)}\n")
                    child.stdin.flush()
                said = child.stdout.readline()
            said = child.stdout.readline() if "copied" in said else said
        finally:
            child.kill()  # over by itself, unless this thread was interrupted
    answer = json.loads(said) if said.strip() else {"failed": "", "kind": "no answer"}
    if "whole" in answer:
        return
    if answer["failed"]:
        raise StorageError(
            f"The snapshot cannot be written ({answer['failed']}); see whether the disk of '{database.home}' has room.")
    raise StorageError(
        f"The snapshot failed ({answer['kind']}): run `python -m lab check`, and see whether the disk of "
        f"'{database.home}' is sound.")


def sweep(home: Path) -> None:
    """Remove what a process that was killed left of its copies; for whoever has just opened the folder alone."""
    for left in home.glob(f"*/{PARTIAL}*"):  # snapshots and the console's
        drop(left)


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

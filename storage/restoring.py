"""Putting a snapshot in the place of a data folder's database. The folder is closed meanwhile.

The copy is made beside its place and held to what a lab database is before anything is touched. What was there before
is not lost: a whole database is kept as a snapshot, a damaged one is set aside with its log. A kill at any moment
leaves either the old database or the new one.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import duckdb

from lab.errors import StorageError
from storage import migrations, snapshots
from storage.connection import FILE_NAME, MEMORY, Database, InUseError
from storage.copying import bounds, read_all


def restore(home: Path, name: str) -> Path | None:
    """Put `home/snapshots/NAME.duckdb` in the database's place; a database that was open as a whole is kept.

    Returns the snapshot that was taken of it; None where there was none, or a damaged one that was set aside. Raises
    NotFoundError for a name without a snapshot, StorageError: in use, the snapshot damaged or of a newer lab, no room.
    """
    source = snapshots.find(home, name)
    fresh = home / f".restore-{os.urandom(4).hex()}.duckdb"
    try:
        shutil.copyfile(source, fresh)
        _check(fresh, name)
        snapshots.flush(fresh)
        kept = _put_away(home)
        os.replace(fresh, home / FILE_NAME)
        snapshots.flush(home)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise StorageError(
            f"The snapshot '{name}' cannot be restored ({reason}); see whether the disk has room."
        ) from None
    finally:
        snapshots.drop(fresh)
    return kept


def _check(path: Path, name: str) -> None:
    """StorageError when a file is no lab database that this lab can read."""
    try:
        with duckdb.connect(str(path), read_only=True, config=bounds(MEMORY)) as connection:
            version = connection.execute("SELECT max(version) FROM facts.schema_version").fetchall()[0][0]
            read_all(connection)
    except duckdb.Error:
        raise StorageError(f"The snapshot '{name}' is damaged; restore an earlier one.") from None
    if version is None or version > len(migrations.shipped()):
        raise StorageError(f"The snapshot '{name}' is of a newer lab (schema {version}); update the lab first.")


def _put_away(home: Path) -> Path | None:
    """Keep what is in the database's place: as a snapshot when it is whole, aside when it is damaged."""
    path, log = home / FILE_NAME, home / f"{FILE_NAME}.wal"
    stamp = snapshots.time_name()
    if not path.exists():
        return None
    try:
        database = Database.open(home)
    except InUseError:
        raise
    except StorageError:  # damaged: there may still be something to save in it, for somebody with the tools
        for file in (path, log):
            if file.exists():
                os.rename(file, home / f"{file.name}.damaged-{stamp}")
        return None
    try:
        # As it is: a block that cannot be read is no reason to refuse the way back.
        kept = snapshots.take(database, f"{snapshots.BEFORE_RESTORE}{stamp}", read=False)
    finally:
        database.close()
    if log.exists():  # closing writes the log into the database; what is left of one would be read into the new one
        os.rename(log, home / f"{log.name}.damaged-{stamp}")
    return kept

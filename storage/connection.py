"""The one database file of a data folder: opening it, its settings, cursors for readers, and its errors in our words.

One parent connection is held per `Database` and never used for queries itself: DuckDB 2 raises when two threads meet on
a connection, so everybody gets a cursor of their own. It knows no table and no noun.

Known limit: DuckDB checks the content of its log's entries, but not their lengths. A log whose entry length was
damaged on the disk opens with the rows before it, and nothing tells of those behind it. A process that dies does not
cause this.

Every `duckdb.Error` leaves this package as a `StorageError` of one line. DuckDB's own texts name absolute paths and
process ids, so they are recognised here, and never repeated.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import BoundedSemaphore, Condition, Lock

import duckdb
from duckdb import DuckDBPyConnection

from lab.errors import RequestError, StorageError

FILE_NAME = "lab.duckdb"
READERS = 3
"""Readings of much at once. More would not be quicker on two threads, and together they would ask for more memory than
the database may use."""
MEMORY = 340
"""MB that DuckDB may use."""
MEMORY_TAKING_IN = "50%"
"""What it may use of this machine's memory, or of what a container has of it, while much is taken in within one
transaction: its indexes have to be in memory beside those of the tables."""


class InUseError(StorageError):
    """Another process has the data folder open."""


class TooMuchError(StorageError):
    """What was asked for needs more memory than the database may use."""


def _settings() -> dict[str, str | bool | int | float | list[str]]:
    """What DuckDB is opened with: bounded memory and disk, two threads, no reaching for the network."""
    return {
        "memory_limit": f"{MEMORY}MB",
        "threads": 2,
        "max_temp_directory_size": "1GB",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "python_enable_replacements": False,  # a table name in a query never means a Python variable
    }


class Database:
    """An open data folder. Safe from any thread; one per folder and process."""

    def __init__(self, home: Path, connection: DuckDBPyConnection) -> None:
        self.home = home
        self._connection = connection
        self._in_use: set[DuckDBPyConnection] = set()
        self._changed = Condition()
        self._closed = False
        self._turns = BoundedSemaphore(READERS)
        self._writes = Lock()
        self._roomy, self._room = 0, Lock()

    @classmethod
    def open(cls, home: Path) -> Database:
        """Open `home/lab.duckdb`, making folder and file where missing.

        Raises StorageError: the folder cannot be made or written, is a file, the database is in use by another process,
        damaged, not a database, or of a newer DuckDB.
        """
        _prepare_folder(home)
        path = home / FILE_NAME
        if path.is_dir():
            raise StorageError(f"{FILE_NAME} in the data folder '{home}' is a folder; move it away.", field="home")
        try:
            connection = duckdb.connect(str(path), config=_settings())
            # The stored times are UTC; without this a query with now() would mean the machine's own zone.
            connection.execute("SET GLOBAL TimeZone = 'UTC'")
        except duckdb.Error as error:
            raise explain_opening(error, home) from None
        return cls(home, connection)

    @property
    def path(self) -> Path:
        """The database file. Never copy it alone: its newest rows may still be in the `.wal` beside it."""
        return self.home / FILE_NAME

    def cursor(self) -> DuckDBPyConnection:
        """A connection of its own to the same database; the caller closes it. Raises StorageError once closed."""
        with self._changed:
            self._check_open()
            return self._connection.cursor()

    @contextmanager
    def using(self) -> Iterator[DuckDBPyConnection]:
        """A cursor that is closed at the end of the block, and interrupted when the database is closed meanwhile."""
        with self._changed:
            cursor = self.cursor()
            self._in_use.add(cursor)
        try:
            yield cursor
        finally:
            with suppress(duckdb.Error):
                cursor.close()
            with self._changed:
                self._in_use.discard(cursor)
                self._changed.notify_all()

    @contextmanager
    def reading(self) -> Iterator[DuckDBPyConnection]:
        """A fresh cursor inside a transaction that is never committed: all its queries see the same moment.

        Raises StorageError for whatever DuckDB raises, and when the store is closed under a reader.
        """
        with self.using() as cursor:
            try:
                cursor.begin()
                yield cursor
            except duckdb.Error as error:
                raise explain(error, self.home) from error
            finally:
                with suppress(duckdb.Error):
                    cursor.rollback()

    @contextmanager
    def reading_much(self) -> Iterator[DuckDBPyConnection]:
        """`reading` for what may go through a whole table: `READERS` at a time, the others wait for their turn."""
        with self._turns, self.reading() as cursor:
            yield cursor

    @contextmanager
    def still(self) -> Iterator[None]:
        """Nobody writes inside of this block: whoever does holds it from BEGIN to COMMIT, and whoever copies the files.

        DuckDB writes its files within a transaction that changes something and when it is closed, and at no other time.
        Raises StorageError once closed.
        """
        with self._writes:
            with self._changed:
                self._check_open()
            yield

    def _check_open(self) -> None:
        if self._closed:
            raise StorageError("The store is closed; open it again.")

    @contextmanager
    def roomy(self) -> Iterator[None]:
        """More memory for DuckDB as long as the block lasts; it takes what it needs of it."""
        self._count_roomy(1)
        try:
            yield
        finally:
            self._count_roomy(-1)

    def _count_roomy(self, more: int) -> None:
        with self._room, suppress(duckdb.Error, StorageError):  # closed meanwhile, or not all can be let go yet
            self._roomy += more
            with self.using() as cursor:
                limit = MEMORY_TAKING_IN if self._roomy else f"{MEMORY}MB"
                cursor.execute(f"SET GLOBAL memory_limit = '{limit}'")

    def close(self) -> None:
        """Interrupt whoever is still at it, and close. A second call does nothing."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            # Closing while a cursor is busy would raise. An interrupt that comes just before a query starts is lost,
            # hence again and again; an interrupted query ends within milliseconds.
            for _ in range(300):
                if not self._in_use:
                    break
                for cursor in self._in_use:
                    with suppress(duckdb.Error):  # its reader has just closed it
                        cursor.interrupt()
                self._changed.wait(0.1)
            with self._writes, suppress(duckdb.Error):
                self._connection.close()


def _prepare_folder(home: Path) -> None:
    """Make the folder and see that it can be written: DuckDB would say it later, and worse."""
    if home.exists() and not home.is_dir():
        raise StorageError(f"The data folder '{home}' is a file; set LAB_HOME to a folder.", field="home")
    if "?" in str(home):  # where DuckDB looks for the log, the rest of the name is gone
        raise StorageError(
            f"The data folder '{home}' has a '?' in its name, which the database cannot open; set LAB_HOME to another.",
            field="home")
    try:
        home.mkdir(parents=True, exist_ok=True)
        writable = os.access(home, os.W_OK | os.X_OK)
    except OSError as error:
        raise StorageError(
            f"The data folder '{home}' cannot be made ({_reason(error)}); set LAB_HOME to a folder you may write.",
            field="home",
        ) from None
    if not writable:
        raise StorageError(
            f"The data folder '{home}' is read-only; make it writable, or set LAB_HOME to another folder.", field="home"
        )


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def explain_opening(error: duckdb.Error, home: Path) -> StorageError:
    """What went wrong while opening, as one line with the next move."""
    text = str(error).lower()
    if "lock" in text and ("conflict" in text or "could not set" in text):
        return InUseError(
            f"The data folder '{home}' is in use by another process; close the other lab, "
            "or set LAB_HOME to another folder.",
            field="home",
        )
    if "permission denied" in text or "read-only" in text or "operation not permitted" in text:
        message = (
            f"{FILE_NAME} in the data folder '{home}' cannot be written; make it writable, "
            "or set LAB_HOME to another folder."
        )
    elif "no space left" in text:
        message = f"The disk of the data folder '{home}' is full; free some space and start again."
    elif "different configuration" in text:
        message = f"The data folder '{home}' is already open in this process with other settings; close it there first."
    elif "version number" in text or "newer version" in text:
        message = (
            f"{FILE_NAME} in the data folder '{home}' was written by another DuckDB; "
            "install the duckdb of requirements.txt."
        )
    elif "wal file" in text:
        message = (
            f"The log {FILE_NAME}.wal in the data folder '{home}' is damaged; "
            f"keep a copy of both files, then put a snapshot from '{home}/snapshots' in their place."
        )
    else:
        message = (
            f"{FILE_NAME} in the data folder '{home}' is damaged or no lab database; "
            f"move it away, then start afresh or put a snapshot from '{home}/snapshots' in its place."
        )
    return StorageError(message, field="home")


def explain(error: duckdb.Error, home: Path) -> StorageError | RequestError:
    """What went wrong while reading or writing, as one line with the next move."""
    text = str(error).lower()
    if "surrogate" in text:
        return RequestError("The text holds half of a character (a lone surrogate), which cannot be stored; remove it.")
    full = ("no space left", "failed to write", "temp_directory_size", "file too large", "quota exceeded")
    if any(sign in text for sign in full):
        return StorageError(
            f"The disk of the data folder '{home}' is full; nothing of this save was kept. Free some space."
        )
    if isinstance(error, duckdb.OutOfMemoryException) or "out of memory" in text:
        return TooMuchError("The query needs more memory than the database may use; ask for less at once.")
    if isinstance(error, duckdb.InterruptException) or "connection already closed" in text or "interrupted" in text:
        return StorageError("The store was closed while it was being used; open it again.")
    if isinstance(error, (duckdb.FatalException, duckdb.InternalException)) or "invalidated" in text:
        return StorageError(
            f"The database in '{home}' stopped after a fault of its own; restart the lab, what was saved is kept."
        )
    if isinstance(error, duckdb.IOException) or "corrupt" in text or "could not write" in text:
        return StorageError(
            f"{FILE_NAME} in the data folder '{home}' cannot be read or written any more; check the disk."
        )
    return StorageError(
        f"The database refused the request ({type(error).__name__}); this is a bug in the lab, please report it."
    )

"""An open data folder: opened and closed, kept by snapshots, gone back to, checked, and exchanged with other labs.

It knows the database as a whole, and not what is asked of it: that is `storage.store`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from threading import Lock, Thread
from types import TracebackType
from typing import Self

from duckdb import DuckDBPyConnection

from lab.errors import StorageError
from lab.nouns import Run
from storage import bundle, checking, exporting, listing, preferences, restoring, snapshots
from storage.batch import Batch
from storage.bundle.merging import Merged
from storage.connection import Database, TooMuchError
from storage.console import Console
from storage.migrations import migrate
from storage.snapshots import Snapshot
from storage.writer import Writer

log = logging.getLogger(__name__)


class DataFolder:
    """One per folder and process; close it, or use it as a context manager."""

    def __init__(self, database: Database, *, keeps: bool = False) -> None:
        """For a database that is already of the present form; elsewhere use `Store.open`."""
        self._database = database
        self._writer = Writer(database)
        self._console = Console(database)
        self._keeps = keeps
        self._keeping: Thread | None = None
        self._lock = Lock()

    @classmethod
    def open(cls, home: Path, *, keeps: bool = False) -> Self:
        """Open the data folder, making it where missing, and bring its database to the present form.

        With `keeps`, a snapshot is taken whenever a run has ended, in the background and at most one an hour.

        Raises StorageError, one line with the next move: the folder cannot be made or written, is a file, is in use by
        another process, the file is damaged, no lab's, or of a newer lab.
        """
        database = Database.open(Path(home))
        try:
            snapshots.sweep(database.home)
            migrate(database)
            store = cls(database, keeps=keeps)
        except BaseException:
            database.close()
            raise
        try:
            store._complete_listing()
        except BaseException:
            store.close()
            raise
        return store

    def _complete_listing(self) -> None:
        """Work out the listing of pairs from before there was one, a part a transaction: a kill costs one part."""
        with self._database.reading() as cursor:
            missing = listing.missing(cursor)
        for start in range(0, len(missing), 20_000):
            part = missing[start : start + 20_000]
            self._writer.transact(lambda cursor, part=part: listing.add(cursor, part))

    def close(self) -> None:
        """Finish queued saves and a snapshot in work, interrupt readers, close the file. A second call does nothing."""
        with self._lock:
            keeping, self._keeps = self._keeping, False
        if keeping is not None:
            keeping.join()
        self._writer.close()
        self._console.close()
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def home(self) -> Path:
        """The data folder."""
        return self._database.home

    # -- copies ----------------------------------------------------------------------------------------------------
    def snapshot(self, name: str | None = None) -> Path:
        """Copy the database to `home/snapshots/NAME.duckdb` (by default the time) while in use; the last 5 are kept.

        Raises RequestError for a name that is no plain file name, StorageError when it cannot be written.
        """
        return snapshots.take(self._database, name or snapshots.time_name())

    def snapshots(self) -> list[Snapshot]:
        """The snapshots of this data folder, the newest first."""
        return snapshots.existing(self.home)

    def restore(self, name: str) -> Path | None:
        """Go back to a snapshot: close the database, put the copy in its place, and open it again.

        Returns the snapshot that was taken of what was there before. Nobody should be writing; who reads meanwhile is
        told that the store was closed. Raises NotFoundError, or StorageError with the store as it was.
        """
        snapshots.find(self.home, name)
        with self._lock:
            if self._keeping is not None:
                self._keeping.join()
            revision = self._writer.revision
            self._writer.close()
            self._console.close()
            self._database.close()
            try:
                return restoring.restore(self.home, name)
            finally:
                self._database = Database.open(self.home)
                migrate(self._database)
                self._writer = Writer(self._database, revision=revision + 1)
                self._console = Console(self._database)
                self._complete_listing()

    def check(self, hear: checking.Hear = lambda line: None) -> list[str]:
        """Every fault of what is stored, one line each; `hear` is told how far it is. See `storage.checking`."""
        return list(checking.check(self._database, hear))

    # -- to and from other labs ------------------------------------------------------------------------------------
    def export(
        self, what: str, out: Path, *, pairs: Sequence[str] | None = None, derived: Sequence[exporting.Derived] = ()
    ) -> int:
        """Write pairs (all, or these ids), reviews or metrics (with the derived ones) to a file; returns the rows.

        See `exporting`.
        """
        return exporting.export(self._database, what, out, pairs, derived)

    def export_bundle(self, out: Path, runs: Sequence[Run] | None = None) -> bundle.Contents:
        """Write everything, or some runs with all that belongs to them, into a bundle. See `storage.bundle`."""
        return bundle.write(self._database, out, runs)

    def import_pairs(self, path: Path) -> int:
        """Take in the pairs of a TRL preference file, all of them or none; returns how many are new.

        Raises BundleError that names the row which cannot be read.
        """
        def take(cursor: DuckDBPyConnection) -> int:
            before = cursor.execute("SELECT count(*) FROM facts.pairs").fetchall()[0][0]
            rows = preferences.read(path)
            while part := list(islice(rows, 2_000)):
                known = {row[0] for row in cursor.execute(
                    "SELECT id FROM facts.pairs WHERE id IN (SELECT unnest(?::VARCHAR[]))",
                    [[pair.id for _, _, pair in part]]).fetchall()}  # what is here keeps its note and its state
                new = {row[-1].id: row for row in part if row[-1].id not in known}
                Batch(noun for row in new.values() for noun in row).write(cursor)
            return cursor.execute("SELECT count(*) FROM facts.pairs").fetchall()[0][0] - before

        with self._taking_in():
            return self._writer.transact(take)

    def import_bundle(self, path: Path, hear: Callable[[str], None] = lambda line: None) -> Merged:
        """Take a bundle in, all of it or nothing; twice is once. Raises BundleError for one that is not whole.

        `hear` is told how far a large one is.
        """
        with bundle.opened(path, self.home, hear) as unpacked, self._taking_in():
            return bundle.merge(self._writer, self.home, unpacked, hear)

    @contextmanager
    def _taking_in(self) -> Iterator[None]:
        try:
            with self._database.roomy():
                yield
        except TooMuchError:
            raise TooMuchError(
                "Taking all of it in at once needs more memory than this machine has; nothing was taken in. Close "
                "other programs, or take in less: `python -m lab export bundle --run ID` makes a bundle of one run.",
            ) from None

    def keep(self) -> None:
        """Take an automatic snapshot in the background, where one is due and none is in work."""
        with self._lock:
            if self._keeps and (self._keeping is None or not self._keeping.is_alive()) and snapshots.due(self.home):
                self._keeping = Thread(target=self._take_automatic, name="storage-snapshot", daemon=True)
                self._keeping.start()

    def _take_automatic(self) -> None:
        try:
            self.snapshot(f"{snapshots.AUTOMATIC}{snapshots.time_name()}")
        except StorageError as error:  # nobody waits for it: the run has ended well, and the next one tries again
            log.warning("%s", error.message)

"""The one thread that writes. It knows transactions and a queue, and nothing of what is written.

Two DuckDB transactions that touch one row collide at once, so writers are not allowed to meet: every save is put into
a queue, and one thread works through it, a transaction each. The caller waits for COMMIT (3-5 ms, an fsync), so what a
save has returned from survives kill -9.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

import duckdb
from duckdb import DuckDBPyConnection

from lab.errors import StorageError
from storage.connection import Database, explain

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class _Work:
    """A transaction to be made, and where its result is awaited."""

    do: Callable[[DuckDBPyConnection], Any]
    done: Future[Any]


class Writer:
    """Owns the writer thread of one database."""

    def __init__(self, database: Database, *, revision: int = 0) -> None:
        """`revision` is where its count of transactions begins."""
        self._database = database
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._lock = Lock()
        self._closed = False
        self._revision = revision
        self._thread = Thread(target=self._loop, args=(database.cursor(),), name="storage-writer", daemon=True)
        self._thread.start()

    @property
    def revision(self) -> int:
        """How many transactions were committed since opening; grown before the save that did it returns."""
        return self._revision

    def transact(self, do: Callable[[DuckDBPyConnection], Result]) -> Result:
        """Run `do` in one transaction on the writer thread and return its result after COMMIT.

        Whatever `do` raises is raised here after ROLLBACK; a `duckdb.Error` as a StorageError. Never call it from `do`.
        """
        done: Future[Result] = Future()
        with self._lock:  # so that nothing can be queued behind the end
            if self._closed:
                raise StorageError("The store is closed; open it again.")
            self._queue.put(_Work(do=do, done=done))
        return done.result()

    def close(self) -> None:
        """Finish what is queued, then end the thread. A second call does nothing."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _loop(self, cursor: DuckDBPyConnection) -> None:
        work = None
        try:
            while (work := self._queue.get()) is not None:
                try:
                    work.done.set_result(self._commit(cursor, work.do))
                except duckdb.Error as error:
                    reason = explain(error, self._database.home)
                    reason.__cause__ = error
                    work.done.set_exception(reason)
                except BaseException as error:  # the thread outlives a failed save; the caller gets the error
                    work.done.set_exception(error)
            cursor.close()
        finally:
            self._let_go(work)

    def _let_go(self, work: _Work | None) -> None:
        """Whatever ended the thread: nobody may wait for it any more, and nobody is told that a save was kept."""
        with self._lock:
            self._closed = True
            while work is not None or not self._queue.empty():
                if work is not None and not work.done.done():
                    work.done.set_exception(
                        StorageError("The thread that writes has died; restart the lab, what was saved is kept.")
                    )
                work = None if self._queue.empty() else self._queue.get()

    def _commit(self, cursor: DuckDBPyConnection, do: Callable[[DuckDBPyConnection], Any]) -> Any:
        with self._database.still():
            cursor.begin()
            try:
                result = do(cursor)
                cursor.commit()
            except BaseException:
                with suppress(duckdb.Error):  # a failed COMMIT has already rolled back
                    cursor.rollback()
                raise
        self._revision += 1
        return result

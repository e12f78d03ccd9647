"""SQL that a person typed, against a snapshot, in a process that may do nothing else.

DuckDB's own position is that untrusted SQL needs the operating system around it, so each query gets a child process
(`storage.sandbox`): an empty environment, limits on memory, processor time, files and their size, and a clock that
kills it. The child opens a copy of the database, never the database. The statement is taken apart there and not here:
this process hands hostile text on and reads bounded JSON back.

A copy is made when something has changed since the last one, but not more often than a tenth of the time that a copy
takes allows, so that a large lab is not busy copying itself; a result says of which moment it is.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import BoundedSemaphore, Lock
from time import monotonic
from typing import Any

from lab.errors import RequestError, StorageError
from lab.nouns import now
from storage import snapshots
from storage.connection import Database

LONGEST = 10_000
"""Characters of a statement."""
MOST_ROWS = 1000
"""Rows of a result."""
MOST_CHARACTERS = 1_000_000
"""Characters of a result, over all of its cells."""
SECONDS = 5
"""How long a query may take, processor and wall clock each."""
MEMORY = 2**30
"""Bytes of address space; DuckDB itself is held to a quarter of it."""
AT_ONCE = 2
"""Queries in work at a time; another waits for its turn as long as it may itself take."""
_PROGRAM = Path(__file__).with_name("sandbox.py")


@dataclass(frozen=True, kw_only=True)
class QueryResult:
    """What a query gave."""

    columns: tuple[str, ...]
    """Their names, which may repeat."""
    types: tuple[str, ...]
    """DuckDB's name of the type of each column."""
    rows: tuple[tuple[Any, ...], ...]
    """Text, numbers, truth and None; whatever else there is as text, long text cut and ended with "…"."""
    more: bool
    """Whether there are rows that are not here: at most 1000 are, and a million characters."""
    seconds: float
    """What it took, the start of its process included."""
    taken: datetime
    """The moment that it shows (UTC)."""


class Console:
    """Runs queries for one database; any thread may ask."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._path = database.home / "console" / "snapshot.duckdb"
        self._snapshot = Lock()
        self._turns = BoundedSemaphore(AT_ONCE)
        self._revision: int | None = None
        self._taken = now()
        self._made, self._cost = 0.0, 0.0

    def query(self, sql: str, revision: int) -> QueryResult:
        """Run one SELECT, or EXPLAIN SELECT, over the documented views; `revision` is that of the store now.

        Raises RequestError (field "sql") for a statement that is refused, fails or takes too much, and when too many
        are in work; StorageError when the snapshot cannot be made.
        """
        if len(sql) > LONGEST:
            raise _refusal(f"it has {len(sql):,} characters, {LONGEST:,} are possible")
        if "\0" in sql:
            raise _refusal("it holds the character U+0000: take it out")
        if half := next((c for c in sql if "\ud800" <= c <= "\udfff"), None):
            raise _refusal(f"it holds half of a character (U+{ord(half):04X}): take it out")
        if not self._turns.acquire(timeout=SECONDS):
            raise _refusal("others are being worked on: ask again in a moment")
        try:
            began = monotonic()
            taken = self._fresh(revision)
            answer = self._ask(sql)
        finally:
            self._turns.release()
        return QueryResult(
            columns=tuple(answer["columns"]), types=tuple(answer["types"]), rows=tuple(map(tuple, answer["rows"])),
            more=bool(answer["more"]), seconds=monotonic() - began, taken=taken,
        )

    def close(self) -> None:
        """Take the snapshot away."""
        with self._snapshot, suppress(OSError):
            self._path.unlink(missing_ok=True)
            self._path.parent.rmdir()

    def _fresh(self, revision: int) -> datetime:
        """See that there is a snapshot that is new enough, and say of which moment it is."""
        with self._snapshot:
            resting = monotonic() - self._made < 10 * self._cost
            if self._revision is None or (self._revision != revision and not resting):
                began, taken = monotonic(), now()
                snapshots.write(self._database, self._path, read=False)
                self._revision, self._taken = revision, taken
                self._made, self._cost = monotonic(), monotonic() - began
            return self._taken

    def _ask(self, sql: str) -> dict[str, Any]:
        limits = {"memory": MEMORY, "cpu_seconds": SECONDS, "rows": MOST_ROWS, "characters": MOST_CHARACTERS}
        try:
            request = json.dumps({"path": str(self._path.absolute()), "sql": sql, "limits": limits}).encode()
            done = subprocess.run(
                [sys.executable, "-I", "-X", "utf8", str(_PROGRAM)], input=request, capture_output=True, env={},
                cwd=self._path.parent, timeout=SECONDS, check=False, close_fds=True,
            )
        except subprocess.TimeoutExpired:
            raise _refusal(f"it took longer than {SECONDS} s and was stopped: ask for less at once") from None
        except OSError as error:
            raise StorageError(
                f"The SQL console cannot start a process ({error.strerror}): close what is not needed, and ask again."
            ) from None
        try:
            answer = json.loads(done.stdout) if len(done.stdout) < 10 * MOST_CHARACTERS else {}
        except ValueError:
            answer = {}
        if isinstance(answer, dict) and isinstance(answer.get("refused"), str):
            raise _refusal(answer["refused"])
        if done.returncode != 0 or not isinstance(answer, dict) or "columns" not in answer:
            raise _refusal("it took more memory or time than a query may have: ask for less at once")
        return answer


def _refusal(why: str) -> RequestError:
    return RequestError(f"The query was not run: {why}.", field="sql")

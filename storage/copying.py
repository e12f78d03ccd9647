"""One copy of one database, as a process of its own: `python -I copying.py`, a request on standard input, a JSON object
a line on standard output. `storage.snapshots` asks for it while nobody writes.

The files are copied as they are, the database and the log beside it; when both are, it says so, and whoever writes may
go on. Only then is the copy opened: its log is written into it, and with `read` every block is read, which holds it to
its checksum. What that takes of memory is gone with the process.

A process of its own for one more reason: POSIX takes all locks on a file from a process that closes any handle of it,
so the process that has the database open must never open its file a second time.

It imports the standard library and DuckDB, nothing of the lab.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import suppress
from typing import Any


def copy(source: str, target: str) -> None:
    """The database and its log, byte for byte; the target must not be there."""
    shutil.copyfile(source, target)
    with suppress(FileNotFoundError):
        shutil.copyfile(f"{source}.wal", f"{target}.wal")


def settle(target: str, memory: int, *, read: bool) -> None:
    """Make one file of the copy, and with `read` read all of it. `memory` in MB."""
    import duckdb

    with duckdb.connect(target, config=bounds(memory)) as connection:
        connection.execute("CHECKPOINT")
        if read:
            read_all(connection)


def bounds(memory: int) -> dict[str, Any]:
    """Settings of a connection that needs `memory` MB at most and nothing beside the file."""
    return {
        "memory_limit": f"{memory}MB", "threads": 1, "autoinstall_known_extensions": False,
        "autoload_known_extensions": False, "python_enable_replacements": False, "max_temp_directory_size": "0B",
    }


def read_all(connection: Any) -> None:
    """Read every block, which DuckDB then holds to its checksum. Raises duckdb.Error for a bad one."""
    tables = connection.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal ORDER BY ALL").fetchall()
    for schema, table in tables:
        connection.execute(f'SELECT bit_xor(hash(it)) FROM "{schema}"."{table}" AS it').fetchall()


def tell(**said: Any) -> None:
    """One line."""
    sys.stdout.write(f"{json.dumps(said)}\n")
    sys.stdout.flush()


def main() -> None:
    """Read the request, copy, say so, settle, say so; or say what went wrong."""
    request = json.loads(sys.stdin.readline())
    try:
        copy(request["source"], request["target"])
        tell(copied=True)
        os.nice(10)  # nobody waits from here on but the one who asked
        settle(request["target"], request["memory"], read=request["read"])
        tell(whole=True)
    except OSError as error:
        tell(failed=(error.strerror or type(error).__name__).lower())
    except Exception as error:  # a duckdb.Error: its text names paths
        full = "no space left" in str(error).lower()
        tell(failed="no space left on device" if full else "", kind=type(error).__name__)


if __name__ == "__main__":
    main()

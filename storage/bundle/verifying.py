"""What the tables of a bundle hold: rows that are nouns, ids that are hashes, and checkpoints that are whole.

Tables are read by a database of their own, in memory: whatever a hostile Parquet file does to it, the store is
elsewhere. Form and sizes are looked at before any row is held in memory, and rows are taken a few at a time.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, get_origin

import duckdb
from duckdb import DuckDBPyConnection

from lab.nouns import Checkpoint, Metric, Run
from storage.bundle import layout
from storage.bundle.shapes import fits
from storage.bundle.unpacked import Unpacked, refused
from storage.checkpoint_files import FILES, STATE, WEIGHTS, parts, read_state
from storage.tables import Column, Table

_AT_ONCE = 256
"""Rows that are made nouns at once: bounds the memory that hostile texts can take."""
_UNREADABLE = (duckdb.Error, ValueError, OverflowError, TypeError, KeyError, AttributeError, RecursionError)
"""What reading a table that no lab wrote may raise."""
_IDS_AT_ONCE = 500_000
"""Ids that are counted at once."""
_TOLD = 250_000
"""Rows after which it is told how far it is."""

Hear = Callable[[str], None]
"""Told, where there is much, what is being done."""


def verify(unpacked: Unpacked, hear: Hear = lambda line: None) -> None:
    """Every row is a noun of its table, its id is the hash of its content, and checkpoints have their files.

    Raises BundleError at the first that is not so. `hear` is told how far a large table is.
    """
    config: dict[str, Any] = {
        "memory_limit": "256MB", "threads": 1, "autoinstall_known_extensions": False,
        "autoload_known_extensions": False, "python_enable_replacements": False, "max_temp_directory_size": "0B",
    }
    with duckdb.connect(":memory:", config=config) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        runs = _runs(connection, unpacked)
        for table in unpacked.tables:
            try:
                _verify_form(connection, table, unpacked)
                _verify_rows(connection, table, unpacked, runs, hear)
            except _UNREADABLE as error:
                raise refused(f"the table {table.name} cannot be read as one ({type(error).__name__})") from error


def _runs(connection: DuckDBPyConnection, unpacked: Unpacked) -> set[str]:
    """Ids of the bundle's runs, as its table has them."""
    try:
        rows = connection.execute("SELECT id FROM read_parquet(?)", [unpacked.table("runs")]).fetchmany(100_000)
    except duckdb.Error as error:
        raise refused("the table runs cannot be read") from error
    runs = {row[0] for row in rows}
    if runs != {run["id"] for run in unpacked.contents.runs}:
        raise refused("its manifest names other runs than its tables")
    return runs


def _verify_form(connection: DuckDBPyConnection, table: Table[Any], unpacked: Unpacked) -> None:
    """Columns, number of rows and length of texts; all without holding a row in memory."""
    path = unpacked.table(table.name)
    described = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [path]).fetchall()
    found = {str(row[0]): str(row[1]) for row in described}
    known = {column.name: column for column in table.columns}
    if set(found) - set(known) or len(found) != len(described):
        raise refused(f"the table {table.name} has a column that this lab does not know")
    for name, column in known.items():
        if name not in found and not (column.optional or column.defaulted):
            raise refused(f"the table {table.name} has no column '{name}'")
        if name in found and not _fits(column, found[name]):
            raise refused(f"the column '{name}' of {table.name} is {found[name][:40]}, not {column.sql_type}")
    rows = connection.execute("SELECT count(*) FROM read_parquet(?)", [path]).fetchall()[0][0]
    if rows != unpacked.contents.tables[table.name]:
        raise refused(f"the table {table.name} has {rows:,} rows, its manifest says another number")
    texts = [name for name in found if found[name] in ("VARCHAR", "JSON")]
    if texts and rows:
        most = ", ".join(f"max(strlen({name}::VARCHAR)), sum(strlen({name}::VARCHAR))" for name in texts)
        sizes = connection.execute(f"SELECT {most} FROM read_parquet(?)", [path]).fetchall()[0]
        if max(sizes[0::2], key=lambda size: size or 0) or 0:
            longest, total = max(size or 0 for size in sizes[0::2]), sum(size or 0 for size in sizes[1::2])
            if longest > layout.LONGEST_TEXT or total > layout.MOST_TEXT:
                raise refused(f"the table {table.name} holds a text of {longest:,} characters")


def _fits(column: Column, sql_type: str) -> bool:
    return sql_type == column.sql_type or (column.sql_type == "JSON" and sql_type == "VARCHAR")


def _verify_rows(
    connection: DuckDBPyConnection, table: Table[Any], unpacked: Unpacked, runs: set[str], hear: Hear
) -> None:
    """Rows as nouns, a few at a time; points of curves, which have no id of their own, in SQL."""
    path = unpacked.table(table.name)
    if table.noun is Metric:
        odd = connection.execute(
            "SELECT count(*) FROM read_parquet(?) WHERE run_id IS NULL OR run_id NOT IN (SELECT unnest(?::VARCHAR[])) "
            "OR step IS NULL OR step < 0 OR name IS NULL OR strlen(name) > 200 OR n IS NULL OR n < 0 "
            "OR NOT regexp_full_match(name, '[^\\x00-\\x1f\\x7f]+') "
            "OR isnan(value) OR isinf(value)", [path, sorted(runs)]).fetchall()[0][0]
        if odd:
            raise refused(f"{odd:,} points of its curves are of no run in it, or no points")
        _verify_once(connection, table.name, path, unpacked.contents.tables[table.name], "run_id, step, name")
        return
    _verify_once(connection, table.name, path, unpacked.contents.tables[table.name])
    there = {row[0] for row in connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [path]).fetchall()}
    columns = ", ".join(c.name if c.name in there else f"NULL AS {c.name}" for c in table.columns)
    result = connection.execute(f"SELECT {columns} FROM read_parquet(?)", [path])
    names = [column.name for column in table.columns]
    place = names.index("id")
    derived = [(names.index(name), name, path) for name, path in table.derived if "." not in path and name in there]
    nested, done = [(at, column) for at, column in enumerate(table.columns) if column.sql_type == "JSON"], 0
    while rows := result.fetchmany(_AT_ONCE):
        done += len(rows)
        for row in rows:
            for column, value in zip(table.columns, row, strict=True):
                if value is None and not column.optional and (column.name in there or not column.defaulted):
                    raise refused(f"a row of {table.name} has no {column.name}")
                if isinstance(value, float) and not math.isfinite(value):
                    raise refused(f"a row of {table.name} has a {column.name} that is not finite")
                if isinstance(value, datetime) and not 1970 <= value.year < 9999:  # infinity comes as the last one
                    raise refused(f"a row of {table.name} has a {column.name} that no clock shows")
            noun = table.restore(row)
            for at, column in nested:
                value = column.value(noun)
                listed = get_origin(column.type) is not tuple or str(row[at]).lstrip().startswith("[")
                if not listed or not (fits(column.type, value) or (value is None and column.optional)):
                    raise refused(f"a row of {table.name} has {column.name} of another form")
            if noun.id != row[place]:
                raise refused(f"{str(row[place])[:40]!r} in {table.name} is not its content's hash")
            for at, name, path in derived:
                if row[at] != getattr(noun, path):
                    raise refused(f"a row of {table.name} has a {name} that is not its own")
            if isinstance(noun, Run):
                _verify_run(noun)
            if isinstance(noun, Checkpoint):
                _verify_checkpoint(noun, unpacked, runs)
        if done % _TOLD < len(rows) and done >= _TOLD:
            hear(f"verifying {table.name}: {done:,} of {unpacked.contents.tables[table.name]:,} rows")


def _verify_once(connection: DuckDBPyConnection, table: str, path: str, rows: int, key: str = "id") -> None:
    """No key twice; a share of the ids at a time, which bounds the memory that many rows can take."""
    parts = rows // _IDS_AT_ONCE + 1
    for part in range(parts):
        twice = connection.execute(
            f"SELECT {key} FROM read_parquet(?) WHERE hash({key}) % {parts} = {part} GROUP BY ALL "
            "HAVING count(*) > 1 LIMIT 1", [path]).fetchall()
        if twice:
            raise refused(f"{str(twice[0][0])[:40]!r} in {table} is twice there")


def _verify_run(run: Run) -> None:
    if not re.fullmatch(layout.RUN_ID, run.id) or run.number < 0 or run.step < 0:
        raise refused(f"a run is called {run.id[:40]!r}, as no lab calls one")


def _verify_checkpoint(checkpoint: Checkpoint, unpacked: Unpacked, runs: set[str]) -> None:
    """Its place is the one it must have, and its files are those that its state names, each as recorded there."""
    place, name = unpacked.folder, f"checkpoints/{checkpoint.run_id}/{checkpoint.step}"
    if checkpoint.run_id not in runs or checkpoint.path != f"runs/{checkpoint.run_id}/{checkpoint.step}":
        raise refused(f"checkpoint {checkpoint.id[:60]!r} is of no run in it, or lies elsewhere")
    files = unpacked.contents.files
    if f"{name}/{STATE}" not in files:
        raise refused(f"checkpoint {checkpoint.id} has no {STATE}")
    try:
        wanted = parts(read_state(place / name))
    except ValueError as error:
        raise refused(f"the {STATE} of checkpoint {checkpoint.id} is not one that a lab writes") from error
    for part, digest in wanted.items():
        if f"{name}/{part}" not in files:
            raise refused(f"checkpoint {checkpoint.id} has no {part}")
        if part in WEIGHTS and files[f"{name}/{part}"].sha256 != checkpoint.sha256:
            raise refused(f"{part} of checkpoint {checkpoint.id} is not the one that was recorded")
        if part.endswith(".safetensors") and not _is_safetensors(place / name / part):
            raise refused(f"{name}/{part} is no safetensors file")
        if part.endswith(".json") and not isinstance(json.loads((place / name / part).read_bytes()), dict):
            raise refused(f"{name}/{part} is no JSON object")
        if digest is not None and files[f"{name}/{part}"].sha256 != digest:
            raise refused(f"{part} of checkpoint {checkpoint.id} is not the one that was recorded")
    if odd := [part for part in FILES if f"{name}/{part}" in files and part not in wanted]:
        raise refused(f"{name}/{odd[0]} is no part of its checkpoint")


def _is_safetensors(path: Path) -> bool:
    """Whether a file is laid out as safetensors: length of the head, a JSON head, and tensors that fill the rest."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(size - 8, 64 * 2**20):
            return False
        head = json.loads(file.read(length))
    ends = [part["data_offsets"][1] for name, part in head.items() if name != "__metadata__"]
    return max(ends, default=0) == size - 8 - length

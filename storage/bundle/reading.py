"""A bundle from anywhere, unpacked into a folder of its own and believed in nothing.

In this order, and the first fault ends it: the zip's own table (names, sizes, no compression, nothing twice), the
manifest, the hash and size of every file, the form of every table, and last the nouns: each row must be one, and its id
the hash of its content. Nothing of the store is touched here; whoever leaves the block leaves no file behind.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import re
import shutil
import struct
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from lab.errors import BundleError, StorageError
from lab.nouns import Checkpoint, Metric, Run
from storage import migrations
from storage.bundle import layout
from storage.bundle.layout import FORMAT, MANIFEST, Contents, File
from storage.checkpoint_files import FILES, STATE, WEIGHTS, parts, read_state
from storage.tables import TABLES, Column, Table

_ROOM = 64 * 2**20
"""Bytes that stay free on the disk."""
_AT_ONCE = 256
"""Rows that are made nouns at once: bounds the memory that hostile texts can take."""


@dataclass(frozen=True, kw_only=True)
class Unpacked:
    """A bundle that holds what it says."""

    folder: Path
    """Where its files lie, by their names in the bundle."""
    contents: Contents
    """Its manifest."""

    @property
    def tables(self) -> list[Table[Any]]:
        """Those that it holds; an older lab's bundle may lack one."""
        return [table for table in TABLES if table.name in self.contents.tables]

    def table(self, name: str) -> Path:
        """The Parquet file of a table."""
        return self.folder / "tables" / f"{name}.parquet"


@contextmanager
def opened(path: Path, beside: Path) -> Iterator[Unpacked]:
    """The bundle at `path`, unpacked beside the store in the folder `beside` and verified; removed after the block.

    Raises BundleError, one line: no bundle, cut, altered, too large, with names or contents that no lab writes, newer
    than this lab. StorageError when the disk has no room for it.
    """
    try:
        if not path.is_file():
            raise BundleError(f"There is no file '{path.name}': name an existing bundle.", field="file")
        if path.stat().st_size > layout.MOST_BYTES:
            raise _refused(f"it is larger than {layout.MOST_BYTES / 2**30:g} GiB")
        with tempfile.TemporaryDirectory(prefix=".import-", dir=beside) as scratch:
            folder = Path(scratch)
            with _zip(path) as archive:
                entries = _entries(archive, path.stat().st_size)
                contents = _manifest(archive)
                _compare(entries, contents)
                if shutil.disk_usage(folder).free < sum(e.file_size for e in entries.values()) + _ROOM:
                    raise StorageError("The disk has no room for this bundle; free some space.")
                for name, file in contents.files.items():
                    _unpack(archive, entries[name], file, folder / name)
            unpacked = Unpacked(folder=folder, contents=contents)
            _verify(unpacked)
            yield unpacked
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError, struct.error) as error:
        raise _refused("it is no zip file, or one that is cut or damaged") from error
    except OSError as error:
        if error.errno == errno.EINVAL:  # a place before the beginning of the file
            raise _refused("it is no zip file, or one that is cut or damaged") from error
        reason = (error.strerror or type(error).__name__).lower()
        raise StorageError(f"The bundle cannot be unpacked ({reason}); nothing of it was taken in.") from None


def _zip(path: Path) -> zipfile.ZipFile:
    """The zip, its table read. BundleError for one whose table makes no sense."""
    try:
        return zipfile.ZipFile(path)
    except (ValueError, OverflowError) as error:  # names that are no text, places that are none
        raise _refused("it is no zip file, or one that is cut or damaged") from error


def _refused(why: str) -> BundleError:
    return BundleError(f"The bundle is refused: {why}. Nothing of it was taken in.", field="file")


def _entries(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """The zip's table, held to what a lab writes."""
    infos = archive.infolist()
    if len(infos) > layout.MOST_FILES:
        raise _refused(f"it holds {len(infos):,} files, {layout.MOST_FILES:,} are allowed")
    entries: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        if not layout.allowed(info.filename):
            raise _refused(f"it holds {info.filename[:80]!r}, which no lab writes")
        if info.filename in entries:
            raise _refused(f"it holds {info.filename} twice")
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 0x1 or info.compress_size != info.file_size:
            raise _refused(f"{info.filename} is compressed or encrypted, which no lab does")
        entries[info.filename] = info
    if sum(info.file_size for info in infos) > size:
        raise _refused("its parts are larger than itself")
    if MANIFEST not in entries:
        raise _refused(f"it has no {MANIFEST}")
    if entries[MANIFEST].file_size > layout.MOST_MANIFEST:
        raise _refused(f"its {MANIFEST} is too large")
    return entries


def _manifest(archive: zipfile.ZipFile) -> Contents:
    """What the bundle says about itself, as far as this lab understands it."""
    try:
        said = json.loads(archive.read(MANIFEST))
        if not isinstance(said["format"], int) or not isinstance(said["schema"], int):
            raise TypeError
        if said["format"] > FORMAT or said["schema"] > len(migrations.shipped()):
            raise _refused(
                f"it was written by a newer lab (format {said['format']}, schema {said['schema']}; this lab knows "
                f"{FORMAT} and {len(migrations.shipped())}): update the lab"
            )
        files = {str(name): File(sha256=str(f["sha256"]), size=int(f["size"])) for name, f in said["files"].items()}
        rows = {str(name): int(count) for name, count in said["tables"].items()}
        runs = tuple({"id": str(run["id"]), **run} for run in said["runs"])
        versions = {str(name): str(version) for name, version in said["versions"].items()}
        made = str(said["made"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _refused(f"its {MANIFEST} is not one that a lab writes") from error
    return Contents(
        format=said["format"], schema=said["schema"], made=made, versions=versions, runs=runs, tables=rows, files=files)


def _compare(entries: dict[str, zipfile.ZipInfo], contents: Contents) -> None:
    """Files and manifest name the same things."""
    if set(entries) - {MANIFEST} != set(contents.files):
        odd = sorted((set(entries) - {MANIFEST}) ^ set(contents.files))[0]
        raise _refused(f"{odd[:120]!r} is in the bundle or in its manifest, but not in both")
    here = {table.name for table in TABLES}
    if set(contents.tables) - here or (here - set(contents.tables) and contents.schema == len(migrations.shipped())):
        raise _refused("its tables are not those of a lab")  # an older lab's may lack one
    if missing := sorted(n for n in {*contents.tables, "runs"} if f"tables/{n}.parquet" not in contents.files):
        raise _refused(f"the table {missing[0]} is missing")
    if odd := [n for n in here - set(contents.tables) if f"tables/{n}.parquet" in contents.files]:
        raise _refused(f"its manifest does not count the table {odd[0]}")
    for name, file in contents.files.items():
        if entries[name].file_size != file.size:
            raise _refused(f"{name} has not the size that the manifest says")
    if max(contents.tables.values()) > layout.MOST_ROWS or min(contents.tables.values()) < 0:
        raise _refused(f"a table has more than {layout.MOST_ROWS:,} rows")


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, file: File, target: Path) -> None:
    """Write one file and hold it to its hash; names were looked at before."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with archive.open(info) as source, target.open("xb") as out:
        while block := source.read(2**20):
            digest.update(block)
            out.write(block)
    if digest.hexdigest() != file.sha256:
        raise _refused(f"{info.filename} is not what its hash says")


# -- what the tables hold ----------------------------------------------------------------------------------------------


def _verify(unpacked: Unpacked) -> None:
    """Every row is a noun of its table, its id is the hash of its content, and checkpoints have their files."""
    # A database of its own, in memory: whatever a hostile Parquet file does to it, the store is elsewhere.
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
                _verify_rows(connection, table, unpacked, runs)
            except (duckdb.Error, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
                raise _refused(f"the table {table.name} cannot be read as one ({type(error).__name__})") from error


def _runs(connection: DuckDBPyConnection, unpacked: Unpacked) -> set[str]:
    """Ids of the bundle's runs, as its table has them."""
    try:
        rows = connection.execute("SELECT id FROM read_parquet(?)", [str(unpacked.table("runs"))]).fetchmany(100_000)
    except duckdb.Error as error:
        raise _refused("the table runs cannot be read") from error
    runs = {row[0] for row in rows}
    if runs != {run["id"] for run in unpacked.contents.runs}:
        raise _refused("its manifest names other runs than its tables")
    return runs


def _verify_form(connection: DuckDBPyConnection, table: Table[Any], unpacked: Unpacked) -> None:
    """Columns, number of rows and length of texts; all without holding a row in memory."""
    path = str(unpacked.table(table.name))
    described = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [path]).fetchall()
    found = {str(row[0]): str(row[1]) for row in described}
    known = {column.name: column for column in table.columns}
    if set(found) - set(known) or len(found) != len(described):
        raise _refused(f"the table {table.name} has a column that this lab does not know")
    for name, column in known.items():
        if name not in found and not (column.optional or column.defaulted):
            raise _refused(f"the table {table.name} has no column '{name}'")
        if name in found and not _fits(column, found[name]):
            raise _refused(f"the column '{name}' of {table.name} is {found[name][:40]}, not {column.sql_type}")
    rows = connection.execute("SELECT count(*) FROM read_parquet(?)", [path]).fetchall()[0][0]
    if rows != unpacked.contents.tables[table.name]:
        raise _refused(f"the table {table.name} has {rows:,} rows, its manifest says another number")
    texts = [name for name in found if found[name] in ("VARCHAR", "JSON")]
    if texts and rows:
        most = ", ".join(f"max(strlen({name}::VARCHAR)), sum(strlen({name}::VARCHAR))" for name in texts)
        sizes = connection.execute(f"SELECT {most} FROM read_parquet(?)", [path]).fetchall()[0]
        if max(sizes[0::2], key=lambda size: size or 0) or 0:
            longest, total = max(size or 0 for size in sizes[0::2]), sum(size or 0 for size in sizes[1::2])
            if longest > layout.LONGEST_TEXT or total > layout.MOST_TEXT:
                raise _refused(f"the table {table.name} holds a text of {longest:,} characters")


def _fits(column: Column, sql_type: str) -> bool:
    return sql_type == column.sql_type or (column.sql_type == "JSON" and sql_type == "VARCHAR")


def _verify_rows(
    connection: DuckDBPyConnection, table: Table[Any], unpacked: Unpacked, runs: set[str]
) -> None:
    """Rows as nouns, a few at a time; points of curves, which have no id of their own, in SQL."""
    path = str(unpacked.table(table.name))
    if table.noun is Metric:
        odd = connection.execute(
            "SELECT count(*) FROM read_parquet(?) WHERE run_id IS NULL OR run_id NOT IN (SELECT unnest(?::VARCHAR[])) "
            "OR step IS NULL OR step < 0 OR name IS NULL OR strlen(name) > 200 OR n IS NULL OR n < 0 "
            "OR isnan(value) OR isinf(value)", [path, sorted(runs)]).fetchall()[0][0]
        if odd:
            raise _refused(f"{odd:,} points of its curves are of no run in it, or no points")
        return
    there = {row[0] for row in connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [path]).fetchall()}
    columns = ", ".join(c.name if c.name in there else f"NULL AS {c.name}" for c in table.columns)
    result = connection.execute(f"SELECT {columns} FROM read_parquet(?)", [path])
    place = [column.name for column in table.columns].index("id")
    seen = set[str]()
    while rows := result.fetchmany(_AT_ONCE):
        for row in rows:
            for column, value in zip(table.columns, row, strict=True):
                if value is None and not column.optional and (column.name in there or not column.defaulted):
                    raise _refused(f"a row of {table.name} has no {column.name}")
                if isinstance(value, float) and not math.isfinite(value):
                    raise _refused(f"a row of {table.name} has a {column.name} that is not finite")
            noun = table.restore(row)
            if noun.id != row[place] or row[place] in seen:
                raise _refused(f"{str(row[place])[:40]!r} in {table.name} is twice there or not its content's hash")
            seen.add(row[place])
            if isinstance(noun, Run):
                _verify_run(noun)
            if isinstance(noun, Checkpoint):
                _verify_checkpoint(noun, unpacked, runs)


def _verify_run(run: Run) -> None:
    if not re.fullmatch(layout.RUN_ID, run.id) or run.number < 0 or run.step < 0:
        raise _refused(f"a run is called {run.id[:40]!r}, as no lab calls one")


def _verify_checkpoint(checkpoint: Checkpoint, unpacked: Unpacked, runs: set[str]) -> None:
    """Its place is the one it must have, and its files are those that its state names, each as recorded there."""
    place, name = unpacked.folder, f"checkpoints/{checkpoint.run_id}/{checkpoint.step}"
    if checkpoint.run_id not in runs or checkpoint.path != f"runs/{checkpoint.run_id}/{checkpoint.step}":
        raise _refused(f"checkpoint {checkpoint.id[:60]!r} is of no run in it, or lies elsewhere")
    files = unpacked.contents.files
    if f"{name}/{STATE}" not in files:
        raise _refused(f"checkpoint {checkpoint.id} has no {STATE}")
    try:
        wanted = parts(read_state(place / name))
    except ValueError as error:
        raise _refused(f"the {STATE} of checkpoint {checkpoint.id} is not one that a lab writes") from error
    for part, digest in wanted.items():
        if f"{name}/{part}" not in files:
            raise _refused(f"checkpoint {checkpoint.id} has no {part}")
        if part in WEIGHTS and files[f"{name}/{part}"].sha256 != checkpoint.sha256:
            raise _refused(f"{part} of checkpoint {checkpoint.id} is not the one that was recorded")
        if part.endswith(".safetensors") and not _is_safetensors(place / name / part):
            raise _refused(f"{name}/{part} is no safetensors file")
        if part.endswith(".json") and not isinstance(json.loads((place / name / part).read_bytes()), dict):
            raise _refused(f"{name}/{part} is no JSON object")
        if digest is not None and files[f"{name}/{part}"].sha256 != digest:
            raise _refused(f"{part} of checkpoint {checkpoint.id} is not the one that was recorded")
    if odd := [part for part in FILES if f"{name}/{part}" in files and part not in wanted]:
        raise _refused(f"{name}/{odd[0]} is no part of its checkpoint")


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

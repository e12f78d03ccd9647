"""A bundle from anywhere, unpacked into a folder of its own and believed in nothing.

In this order, and the first fault ends it: the zip's own table (names, sizes, no compression, nothing twice), the
manifest, the hash and size of every file, and last what the tables hold (`storage.bundle.verifying`). Nothing of the
store is touched here; whoever leaves the block leaves no file behind.
"""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
import struct
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.errors import BundleError, StorageError
from storage import migrations
from storage.bundle import layout
from storage.bundle.layout import FORMAT, MANIFEST, Contents, File
from storage.bundle.unpacked import Unpacked, refused
from storage.bundle.verifying import Hear, verify
from storage.tables import TABLES

_ROOM = 64 * 2**20
"""Bytes that stay free on the disk."""


@contextmanager
def opened(path: Path, beside: Path, hear: Hear = lambda line: None) -> Iterator[Unpacked]:
    """The bundle at `path`, unpacked beside the store in the folder `beside` and verified; removed after the block.

    `hear` is told how far a large one is.

    Raises BundleError, one line: no bundle, cut, altered, too large, with names or contents that no lab writes, newer
    than this lab. StorageError when the disk has no room for it.
    """
    try:
        if not path.is_file():
            raise BundleError(f"There is no file '{path.name}': name an existing bundle.", field="file")
        if path.stat().st_size > layout.MOST_BYTES:
            raise refused(f"it is larger than {layout.MOST_BYTES / 2**30:g} GiB")
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
            verify(unpacked, hear)
            yield unpacked
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError, struct.error) as error:
        raise refused("it is no zip file, or one that is cut or damaged") from error
    except OSError as error:
        if error.errno == errno.EINVAL:  # a place before the beginning of the file
            raise refused("it is no zip file, or one that is cut or damaged") from error
        reason = (error.strerror or type(error).__name__).lower()
        raise StorageError(f"The bundle cannot be unpacked ({reason}); nothing of it was taken in.") from None


def _zip(path: Path) -> zipfile.ZipFile:
    """The zip, its table read. BundleError for one whose table makes no sense."""
    try:
        return zipfile.ZipFile(path)
    except (ValueError, OverflowError) as error:  # names that are no text, places that are none
        raise refused("it is no zip file, or one that is cut or damaged") from error


def _entries(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """The zip's table, held to what a lab writes."""
    infos = archive.infolist()
    if len(infos) > layout.MOST_FILES:
        raise refused(f"it holds {len(infos):,} files, {layout.MOST_FILES:,} are allowed")
    entries: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        if not layout.allowed(info.filename):
            raise refused(f"it holds {info.filename[:80]!r}, which no lab writes")
        if info.filename in entries:
            raise refused(f"it holds {info.filename} twice")
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 0x1 or info.compress_size != info.file_size:
            raise refused(f"{info.filename} is compressed or encrypted, which no lab does")
        entries[info.filename] = info
    if sum(info.file_size for info in infos) > size:
        raise refused("its parts are larger than itself")
    if MANIFEST not in entries:
        raise refused(f"it has no {MANIFEST}")
    if entries[MANIFEST].file_size > layout.MOST_MANIFEST:
        raise refused(f"its {MANIFEST} is too large")
    return entries


def _manifest(archive: zipfile.ZipFile) -> Contents:
    """What the bundle says about itself, as far as this lab understands it."""
    try:
        said = json.loads(archive.read(MANIFEST))
        if not all(type(said[name]) is int and said[name] > 0 for name in ("format", "schema")):
            raise TypeError
        if said["format"] > FORMAT or said["schema"] > len(migrations.shipped()):
            raise refused(
                f"it was written by a newer lab (format {said['format']}, schema {said['schema']}; this lab knows "
                f"{FORMAT} and {len(migrations.shipped())}): update the lab"
            )
        files = {str(name): File(sha256=str(f["sha256"]), size=int(f["size"])) for name, f in said["files"].items()}
        rows = {str(name): int(count) for name, count in said["tables"].items()}
        runs = tuple({**run, "id": str(run["id"])} for run in said["runs"])
        versions = {str(name): str(version) for name, version in said["versions"].items()}
        made = str(said["made"])
    except (ValueError, OverflowError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise refused(f"its {MANIFEST} is not one that a lab writes") from error
    return Contents(
        format=said["format"], schema=said["schema"], made=made, versions=versions, runs=runs, tables=rows, files=files)


def _compare(entries: dict[str, zipfile.ZipInfo], contents: Contents) -> None:
    """Files and manifest name the same things."""
    if set(entries) - {MANIFEST} != set(contents.files):
        odd = sorted((set(entries) - {MANIFEST}) ^ set(contents.files))[0]
        raise refused(f"{odd[:120]!r} is in the bundle or in its manifest, but not in both")
    here = {table.name for table in TABLES}
    if set(contents.tables) - here or (here - set(contents.tables) and contents.schema == len(migrations.shipped())):
        raise refused("its tables are not those of a lab")  # an older lab's may lack one
    if missing := sorted(n for n in {*contents.tables, "runs"} if f"tables/{n}.parquet" not in contents.files):
        raise refused(f"the table {missing[0]} is missing")
    if odd := [n for n in here - set(contents.tables) if f"tables/{n}.parquet" in contents.files]:
        raise refused(f"its manifest does not count the table {odd[0]}")
    for name, file in contents.files.items():
        if entries[name].file_size != file.size:
            raise refused(f"{name} has not the size that the manifest says")
    if max(contents.tables.values()) > layout.MOST_ROWS or min(contents.tables.values()) < 0:
        raise refused(f"a table has more than {layout.MOST_ROWS:,} rows")


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, file: File, target: Path) -> None:
    """Write one file and hold it to its hash; names were looked at before."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with archive.open(info) as source, target.open("xb") as out:
        while block := source.read(2**20):
            digest.update(block)
            out.write(block)
    if digest.hexdigest() != file.sha256:
        raise refused(f"{info.filename} is not what its hash says")

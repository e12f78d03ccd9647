"""A data file as numbered rows, each a mapping: JSONL, CSV with a head line, Parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lab.errors import DataError

LONGEST = 1_000_000
"""Characters of a row."""
MOST_BYTES = 512 * 1024 * 1024
"""Bytes of a file: what is held in memory at once."""
KINDS = (".jsonl", ".csv", ".parquet")


def numbered(file: str) -> list[tuple[int, dict[str, Any]]]:
    """Every row with its number: the line it begins at in JSONL and CSV, its place in Parquet, from 1.

    Raises DataError: no such file, an unknown ending, too large, not UTF-8, empty, a row that is too long or no
    mapping.
    """
    path = Path(file)
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise DataError(f"{file}: ends in {kind or 'nothing'!r}: name a file that ends in {', '.join(KINDS)}")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"{file}: is larger than {MOST_BYTES >> 20} MiB: split it")
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror}): name an existing file") from error
    read = {".jsonl": _jsonl, ".csv": _csv, ".parquet": _parquet}[kind]
    rows = list(read(file, data))
    if not rows:
        raise DataError(f"{file}: is empty: expected one row a line")
    return rows


def _text(file: str, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{file}: line {line} is not UTF-8 (byte 0x{data[error.start]:02x}): save it as UTF-8") from error


def _jsonl(file: str, data: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(_text(file, data).split("\n"), 1):
        if not line.strip():
            continue
        _check_length(file, number, len(line))
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            said = getattr(error, "msg", "nested too deeply")
            raise DataError(f"{file}: line {number} is not JSON ({said}): expected one JSON object a line") from error
        if not isinstance(row, dict):
            raise DataError(f"{file}: line {number} is {type(row).__name__}: expected a JSON object, such as "
                            '{"prompt": "...", "completion": "..."}')
        yield number, row


def _csv(file: str, data: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    csv.field_size_limit(LONGEST)
    reader = csv.DictReader(io.StringIO(_text(file, data), newline=""), strict=True)
    try:
        for row in reader:
            if None in row or None in row.values():
                raise DataError(f"{file}: line {reader.line_num} has not as many fields as its head line "
                                f"({len(reader.fieldnames or ())}): quote fields that hold commas")
            # the reader stands behind the row, which may go over several lines
            number = reader.line_num - sum(value.count("\n") for value in row.values())
            _check_length(file, number, sum(map(len, row.values())))
            yield number, dict(row)
    except csv.Error as error:
        line = reader.reader.line_num  # its own number is that of the last row that was whole
        if "field limit" in str(error):
            raise DataError(f"{file}: line {line} has a field of more than {LONGEST:,} characters: is a "
                            "quote left open?") from error
        raise DataError(f"{file}: line {line} is no CSV ({error}): quote fields that hold commas or line "
                        "breaks") from error


def _parquet(file: str, data: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    import pyarrow
    import pyarrow.parquet

    try:
        rows = pyarrow.parquet.read_table(pyarrow.BufferReader(data)).to_pylist()
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{file}: is no Parquet file ({str(error).splitlines()[0]}): write it anew") from error
    for number, row in enumerate(rows, 1):
        _check_length(file, number, sum(len(value) for value in row.values() if isinstance(value, str)))
        yield number, row


def _check_length(file: str, number: int, length: int) -> None:
    if length > LONGEST:
        raise DataError(f"{file}: line {number} has {length:,} characters: expected {LONGEST:,} at most; is it one row "
                        "a line?")

"""What a command hands back: tables for people on standard output, or one JSON object where `--json` says."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from lab.errors import RequestError, WorkError

_UNSEEN = {
    code: f"⟨U+{code:04X}⟩" for code in (*range(32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
    if chr(code) not in "\t\n"
}
"""What moves the cursor of a terminal, colours it or turns its text round, by number."""


def shown(text: str) -> str:
    """A text as a terminal may have it, whoever wrote it."""
    return text.translate(_UNSEEN)


def add_json(parser: ArgumentParser) -> None:
    """Give a command the `--json FILE` option."""
    parser.add_argument("--json", metavar="FILE", help="write one JSON object to FILE, or to standard output for -")


def check_text(arguments: Sequence[str]) -> None:
    """Raise RequestError for an argument that is no text in UTF-8: nothing stores or reads it."""
    for argument in arguments:
        if any("\ud800" <= c <= "\udfff" for c in argument):  # how Python hands on bytes that it could not read
            raise RequestError(f"'{argument}' is not UTF-8: write it so, and rename a file that is called so")


def check_json(json_to: str | None) -> None:
    """Find out before the work begins whether its result can be written.

    Raises RequestError when the file cannot be written.
    """
    if json_to in (None, "-"):
        return
    file = Path(json_to)
    if file.is_dir():
        _refuse(json_to, "it is a folder")
    if not file.parent.is_dir():
        _refuse(json_to, "there is no such folder")
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        _refuse(json_to, "not allowed")


def _refuse(json_to: str, why: str) -> NoReturn:
    raise RequestError(f"--json {json_to}: cannot write there ({why}): name another file")


def say(text: str, json_to: str | None) -> None:
    """A line for people: on standard error while standard output is taken by JSON. What models and files say moves no
    cursor and colours nothing: such characters are shown by number.

    Raises WorkError when it cannot be written.
    """
    _write(f"{shown(text)}\n", to_error=json_to == "-")


def _write(text: str, *, to_error: bool = False) -> None:
    """Write to standard output, or to standard error, and see that it is there.

    Raises WorkError when nobody reads it any more, or there is no room.
    """
    stream = sys.stderr if to_error else sys.stdout
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # else Python tries once more when it ends
        raise WorkError(
            f"Standard {'error' if to_error else 'output'} cannot be written ({error.strerror}): what was done is "
            "kept in the lab; send it to a file with room.") from error


def hand_over(result: dict[str, Any], json_to: str | None) -> None:
    """Write the result where `--json` says; nothing without it.

    Raises WorkError when it cannot be written, be it that the file was writable when the work began.
    """
    if json_to is None:
        return
    text = json.dumps(result, indent=2, ensure_ascii=False) + "\n"
    if json_to == "-":
        _write(text)
        return
    try:
        Path(json_to).write_text(text, encoding="utf-8")
    except OSError as error:
        raise WorkError(f"--json {json_to}: cannot write there ({error.strerror}): name another file") from error


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A plain table: the first column left-aligned, the others right-aligned."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]

    def line(row: Sequence[str]) -> str:
        return "  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True)))

    return "\n".join((line(head), "  ".join("-" * w for w in widths), *map(line, rows)))


def share(value: float | None, n: int) -> str:
    """A rate with its Wilson interval: "4 % [2–6]", or "not measured"."""
    from lab.evaluation.statistics import wilson

    if value is None:
        return "not measured"
    bounds = wilson(round(value * n), n)
    return f"{value:.0%}" if bounds is None else f"{value:.0%} [{100 * bounds[0]:.0f}–{100 * bounds[1]:.0f}]"

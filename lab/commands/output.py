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


def add_json(parser: ArgumentParser) -> None:
    """Give a command the `--json FILE` option."""
    parser.add_argument("--json", metavar="FILE", help="write one JSON object to FILE, or to standard output for -")


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
    """A line for people: on standard error while standard output is taken by JSON."""
    print(text, file=sys.stderr if json_to == "-" else sys.stdout, flush=True)


def hand_over(result: dict[str, Any], json_to: str | None) -> None:
    """Write the result where `--json` says; nothing without it.

    Raises WorkError when the file, writable when the work began, is no longer so.
    """
    if json_to is None:
        return
    text = json.dumps(result, indent=2, ensure_ascii=False) + "\n"
    if json_to == "-":
        sys.stdout.write(text)
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

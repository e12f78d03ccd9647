"""Rows as CSV for spreadsheet programs. Pure.

A spreadsheet takes a cell that begins with =, +, -, @, a tab or a carriage return for a formula, which can fetch from
the network or start a program; quoting does not stop it. Such a text gets an apostrophe in front, which spreadsheets
hide and which shows that the cell is text. Numbers are no text and stay as they are.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""How a formula begins; the last four are the full-width forms, which some programs take for the others."""

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


def inert(value: Any) -> Any:
    """The value; a text that a spreadsheet would run with an apostrophe in front. "-1.5" is a number even as text."""
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA) and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """The rows under their columns; None is an empty cell."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([inert(name) for name in columns])
    writer.writerows([inert(value) for value in row] for row in rows)
    return text.getvalue()

"""`python -m lab sql`: one SELECT over the documented views of the data folder."""

from __future__ import annotations

import argparse
from typing import Any

from lab.commands.open import studio
from lab.commands.output import add_json, hand_over, say, table
from lab.ui.text import counted

WIDEST = 60
"""Characters of a cell on the terminal; `--json` has them all."""


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("sql", help="ask the stored data: one SELECT")
    parser.add_argument("text", metavar="SELECT", help="for example \"SELECT number, state FROM runs\"")
    add_json(parser)
    parser.set_defaults(handle=handle)


def handle(options: argparse.Namespace) -> None:
    """Ask, print, hand over."""
    with studio() as opened:
        result = opened.sql(options.text)
    say(table(result.columns, [[_cell(value) for value in row] for row in result.rows]), options.json)
    say(f"{counted(len(result.rows), 'row')}{', and there are more' if result.more else ''}, {result.seconds:.2f} s",
        options.json)
    hand_over(
        {"columns": list(result.columns), "types": list(result.types), "rows": [list(row) for row in result.rows],
         "more": result.more, "seconds": round(result.seconds, 3)},
        options.json,
    )


def _cell(value: Any) -> str:
    """A value on one line of a terminal: nothing in it moves the cursor or changes the colours."""
    if value is None:
        return "–"
    text = "".join(c if c.isprintable() else "�" for c in " ".join(str(value).split()))
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"

"""`python -m lab restore NAME`: go back to a snapshot, also when the database does not open any more."""

from __future__ import annotations

import argparse
from typing import Any

from lab.commands.open import restore_closed
from lab.commands.output import add_json, hand_over, say


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("restore", help="put a snapshot in the database's place; what was there is kept")
    parser.add_argument("name", metavar="NAME", help="as `python -m lab snapshot --list` names it")
    add_json(parser)
    parser.set_defaults(handle=handle)


def handle(options: argparse.Namespace) -> None:
    """Restore and say where what was there went."""
    kept = restore_closed(options.name)
    say(f"restored {options.name}", options.json)
    say(f"what was there is the snapshot {kept.stem}" if kept else "a damaged database was set aside", options.json)
    hand_over({"restored": options.name, "kept": kept.stem if kept else None}, options.json)

"""`python -m lab snapshot`: a copy of the database, taken while it may be in use by this process alone."""

from __future__ import annotations

import argparse
from typing import Any

from lab.commands.open import studio
from lab.commands.output import add_json, hand_over, say


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("snapshot", help="copy the database into snapshots/ of the data folder")
    parser.add_argument("name", nargs="?", metavar="NAME", help="its name; the time without one")
    parser.add_argument("--list", action="store_true", help="list the snapshots that are there, and take none")
    add_json(parser)
    parser.set_defaults(handle=handle)


def handle(options: argparse.Namespace) -> None:
    """Take one, or list them."""
    with studio() as opened:
        if not options.list:
            say(f"snapshot {opened.snapshot(options.name).stem}", options.json)
        found = opened.snapshots()
    if options.list:
        for one in found:
            say(f"{one.created:%Y-%m-%d %H:%M} UTC  {one.size / 2**20:9.1f} MiB  {one.name}", options.json)
        if not found:
            say("no snapshots yet", options.json)
    hand_over({"snapshots": [
        {"name": one.name, "created": one.created.isoformat(), "size": one.size} for one in found]}, options.json)

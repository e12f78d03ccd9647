"""`python -m lab purge`: remove deleted runs for good, with all that they made."""

from __future__ import annotations

import argparse
from typing import Any

from lab.commands.open import studio
from lab.commands.output import add_json, hand_over, say
from lab.studio import PURGED_AFTER


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("purge", help="remove deleted runs for good, with their checkpoints on disk")
    parser.add_argument("--older", type=float, default=PURGED_AFTER, metavar="DAYS", help="those deleted at least so "
                        f"many days ago (default {PURGED_AFTER}; 0 for all)")
    parser.add_argument("--run", action="append", default=[], metavar="ID", help="this deleted run; repeatable")
    parser.add_argument("--dry-run", action="store_true", help="say which, and remove nothing")
    add_json(parser)
    parser.set_defaults(handle=handle)


def handle(options: argparse.Namespace) -> None:
    """Purge and say what."""
    with studio() as opened:
        purged = opened.purge_runs(days=options.older, runs=options.run, look=options.dry_run)
    for run in purged:
        say(f"{'would purge' if options.dry_run else 'purged'} run {run.number} ({run.id})", options.json)
    if not purged:
        say("no deleted run is that old", options.json)
    hand_over({"purged": [run.id for run in purged], "dry_run": options.dry_run}, options.json)

"""`python -m lab import FILE`: a bundle of another lab, or preference pairs of another tool."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from lab.commands.open import studio
from lab.commands.output import add_json, hand_over, say

_PAIRS = (".jsonl", ".parquet", ".csv")


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("import", help="take in a bundle, or preference pairs (.jsonl, .parquet, .csv)")
    parser.add_argument("file", metavar="FILE")
    add_json(parser)
    parser.set_defaults(handle=handle)


def handle(options: argparse.Namespace) -> None:
    """Import and say what is new; the same file again brings nothing."""
    path = Path(options.file)
    with studio() as opened:
        rows = {"pairs": opened.import_pairs(path)} if path.suffix in _PAIRS else opened.import_bundle(path)
    new = ", ".join(f"{count:,} {name}" for name, count in rows.items() if count)
    say(f"new: {new}" if new else "nothing in it is new", options.json)
    hand_over({"new": rows}, options.json)

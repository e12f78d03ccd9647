"""`python -m lab export`: pairs, reviews, curves or votes for other tools, or a bundle for another lab."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from lab.commands.open import studio
from lab.commands.output import add_json, hand_over, say
from lab.errors import RequestError
from lab.studio import EXPORTS
from lab.ui.text import counted


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "export", help="write pairs, reviews, metrics or votes to a file, or everything to a bundle")
    parser.add_argument("what", choices=EXPORTS)
    parser.add_argument(
        "--out", required=True, metavar="PATH", help=".jsonl (pairs: TRL's preference format), .parquet or .csv; "
        "for a bundle any name")
    parser.add_argument("--run", action="append", default=[], metavar="ID", help="a bundle of this run; repeatable")
    parser.add_argument("--dataset", metavar="NAME", help="the pairs of a dataset that was frozen on the Pairs tab")
    add_json(parser)
    parser.set_defaults(handle=handle)


def handle(options: argparse.Namespace) -> None:
    """Export and say how much."""
    with studio() as opened:
        if options.dataset is not None and options.what != "pairs":
            raise RequestError(f"--dataset names pairs: export pairs, not {options.what}.", field="dataset")
        out = Path(options.out)
        rows = opened.export(options.what, out, runs=options.run) if options.dataset is None else opened.export_pairs(
            out, dataset=options.dataset)
    say(f"{options.what}: {counted(rows, 'row')} in {options.out}", options.json)
    hand_over({"what": options.what, "rows": rows, "out": options.out}, options.json)

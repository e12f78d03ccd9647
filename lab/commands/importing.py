"""`python -m lab import FILE`: a bundle of another lab, or preference pairs of another tool."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from lab.commands.open import studio
from lab.commands.output import add_json, hand_over, say
from lab.errors import RequestError
from lab.ui.text import counted

_PAIRS = (".jsonl", ".parquet", ".csv")
_YAML = (".yaml", ".yml")


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("import", help="take in a bundle, or preference pairs (.jsonl, .parquet, .csv)")
    parser.add_argument("file", metavar="FILE")
    add_json(parser)
    parser.set_defaults(handle=handle)


def handle(options: argparse.Namespace) -> None:
    """Import and say what the file was taken for and what is new; the same file again brings nothing."""
    path = Path(options.file)
    if path.suffix in _YAML:
        raise RequestError(
            f"'{path.name}' is YAML, which is not stored: a spec goes to 'lab run {path.name}', a study to 'lab study "
            f"{path.name}', questions to 'lab evaluate --questions {path.name}'.", field="file")
    kind = "preference pairs" if path.suffix in _PAIRS else "bundle"
    with studio() as opened:
        rows = opened.import_bundle(path, lambda line: say(line, options.json)) if kind == "bundle" else {
            "pairs": opened.import_pairs(path)}
    new = ", ".join(counted(count, name.removesuffix("s")) for name, count in rows.items() if count)
    say(f"taken for {'a ' * (kind == 'bundle')}{kind}; " + (f"new: {new}" if new else "nothing in it is new"),
        options.json)
    hand_over({"kind": kind, "new": rows}, options.json)

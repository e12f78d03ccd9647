"""`python -m lab check`: whether what is stored is what it says; a line a fault, and exit code 1 if there is one."""

from __future__ import annotations

import argparse
from typing import Any

from lab.commands.open import studio
from lab.commands.output import add_json, hand_over, say
from lab.errors import WorkError
from lab.ui.text import counted


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("check", help="verify ids, references and adapters of the data folder")
    add_json(parser)
    parser.set_defaults(handle=handle)


def handle(options: argparse.Namespace) -> None:
    """Check and print each fault."""
    with studio() as opened:
        faults = opened.check(lambda line: say(line, options.json))
    for fault in faults:
        say(fault, options.json)
    hand_over({"faults": faults}, options.json)
    if faults:
        raise WorkError(f"{counted(len(faults), 'fault')} found: restore a snapshot, or mend the files")
    say("all is well", options.json)

"""`python -m lab COMMAND`: the studio's verbs on the command line.

Exit codes: 0 done, 1 the work failed, 2 the request was wrong (one line on standard error; never a traceback).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from lab.errors import LabError, RequestError
from lab.settings import quiet_environment


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose complaint is one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    from lab.commands import (
        agree,
        bench,
        check,
        demo,
        evaluate,
        export,
        importing,
        organism,
        purge,
        restore,
        review,
        run,
        snapshot,
        sql,
        study,
    )

    root = _Parser(prog="python -m lab", description="Conscience Lab on the command line.")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in (
        demo, run, study, review, evaluate, agree, organism, bench, sql, importing, export, snapshot, restore, purge,
        check,
    ):
        module.register(commands)
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    quiet_environment()
    from lab.commands.output import check_json, check_text, shown

    given = sys.argv[1:] if arguments is None else arguments
    options = parser().parse_args(given)
    try:
        check_text(given)
        check_json(options.json)
        options.handle(options)
    except RequestError as error:
        print(f"error: {shown(error.message)}", file=sys.stderr)
        return 2
    except LabError as error:
        print(f"error: {shown(error.message)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

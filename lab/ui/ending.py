"""How the app's process ends for certain: what is open is closed within a stated time, and then it is left at once.

The interpreter's own end is not waited for. It joins every thread that is no daemon, and those in which Gradio answers
live as long as anybody keeps a stream open; a thread that is inside torch at that moment can hold it up for good.
Nothing is lost by then: the run in work has its checkpoint, and what a save has returned from is on the disk.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
from contextlib import suppress
from typing import NoReturn

LONGEST = 100.0
"""Seconds that closing may take: a study in work is given 60 of them, a run 30."""


def limit(seconds: float = LONGEST) -> None:
    """From here on the process has so long to close what is open; then it says where its threads are, and exits with 1.

    The clock runs in no thread of Python's, so that nothing which holds the interpreter can stop it.
    """
    faulthandler.dump_traceback_later(seconds, exit=True)


def leave(code: int) -> NoReturn:
    """Exit with this code now, once what was said is said. Close everything before."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # nobody listens any more
            stream.flush()
    os._exit(code)

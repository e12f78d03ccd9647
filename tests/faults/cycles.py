"""The lab started and stopped again and again in one process: `python -m tests.faults.cycles --times 50`.

Each cycle opens a data folder, makes the studio with its conductor, serves the page, asks for it and for a query over
HTTP, and closes all of it. What is left behind is counted (threads, descriptors, memory), after the first cycles,
in which libraries are imported and caches filled.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

import app
from lab.settings import Settings
from lab.studio import Studio
from lab.ui.page import build
from storage import Store
from tests.browser.launching import free_port

WARM = 3
"""Cycles before anything is counted."""


def cycle(home: Path, *, page: bool) -> None:
    """Start all of it, use it, stop all of it."""
    studio = Studio(Store.open(home), Settings.from_environment({"LAB_HOME": str(home)}))
    try:
        assert studio.conductor.status().run is None
        if page:
            os.environ["GRADIO_SERVER_PORT"] = str(free_port())
            blocks = build(studio)
            try:
                assert httpx.get(app.launch(blocks)).status_code == 200
            finally:
                blocks.close(verbose=False)
        assert studio.sql("SELECT count(*) FROM questions").rows[0][0] > 0
    finally:
        studio.close()


def counted() -> dict[str, int]:
    """What this process holds now."""
    gc.collect()
    memory = Path("/proc/self/statm").read_text().split()[1]
    return {
        "threads": threading.active_count(), "descriptors": len(os.listdir("/proc/self/fd")),
        "kilobytes": int(memory) * os.sysconf("SC_PAGE_SIZE") // 1024,
    }


def cycles(times: int, *, page: bool, say: Callable[[str], object]) -> dict[str, Any]:
    """Counts after the warm-up and after the last cycle."""
    home = Path(tempfile.mkdtemp(prefix="cycles-"))
    first: dict[str, int] = {}
    for number in range(WARM + times):
        cycle(home, page=page)
        now = counted()
        if number == WARM - 1:
            first = now
        say(f"{number + 1 - WARM} of {times}: {now}")
    return {"times": times, "page": page, "first": first, "last": counted()}


def main() -> int:
    """0 when no thread and no descriptor was left behind."""
    parser = argparse.ArgumentParser(description="start and stop the lab again and again")
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--no-page", action="store_true", help="store, studio and conductor alone")
    options = parser.parse_args()
    told = cycles(options.times, page=not options.no_page, say=lambda line: print(line, file=sys.stderr, flush=True))
    print(json.dumps(told, indent=1))
    same = all(told["first"][name] >= told["last"][name] for name in ("threads", "descriptors"))
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())

"""The page under load: how long an interaction takes while a run trains on the same cores, and while 20 tabs look on.

The real app in a process of its own, over a data folder of its own, with the machine's default number of threads. An
interaction is what a person or a poll sets off, from the request to the answer: a filter of the pairs, a pair opened,
another measure on the chart, a tick of the Runs tab. Its time is the wall clock's; what a browser then draws is not in
it. The tabs that look on are a process of their own too, so that they take no time from the one that measures.
"""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any

from lab.bench.browsing import PATIENCE, Tab
from lab.bench.measuring import spread
from lab.bench.subjects import Figure
from lab.errors import WorkError
from lab.settings import app_environment

ROUNDS = 50
"""Of each of the four interactions, in each situation."""
TABS = 20
EVERY = 1.0
"""Seconds between two polls of a tab, as on one's own machine."""
_FILLING = {"method": "conscience", "steps": 12, "cadence": 4, "prompts_per_round": 16, "probe_every": 4}
"""The run that makes pairs and curves to look at."""
_TRAINING = {"method": "conscience", "steps": 100_000, "checkpoint_every": 100_000, "seed": 1}
"""The run that trains meanwhile: its settings are the defaults, but that it does not end."""


def measure(on: str, report: Callable[[str], None]) -> Figure:
    """p95 of an interaction while a run trains and 20 tabs poll, in milliseconds; the other situations beside it."""
    found: dict[str, list[float]] = {}
    with _app() as url, Tab(url) as tab:
        report("a first run")
        first = tab.call("start_run", spec=_FILLING)["id"]
        _wait(lambda: tab.call("run", run=first)["state"] == "finished", "the first run does not end")
        report("alone")
        found["alone"] = list(_interactions(tab, report))
        second = tab.call("start_run", spec=_TRAINING)["id"]
        _wait(lambda: tab.call("run", run=second)["step"] > 0, "the second run does not begin")
        found["training"] = list(_interactions(tab, report))
        with _looking_on(url):
            found["training_and_tabs"] = list(_interactions(tab, report))
        tab.call("stop_run", run=second)
    low, high = spread(last := found["training_and_tabs"])
    parts = {
        f"{situation}_{name}_ms": _share(times, share) * 1000
        for situation, times in found.items() for name, share in (("median", 0.5), ("p95", 0.95))
    }
    return Figure(
        value=_share(last, 0.95) * 1000, n=len(last), low=None if low is None else low * 1000,
        high=None if high is None else high * 1000, parts=parts,
        note=f"{on}, {TABS} tabs that poll every {EVERY:g} s, {len(found['alone'])} interactions a situation",
    )


def _interactions(tab: Tab, report: Callable[[str], None]) -> Iterator[float]:
    """Seconds of each of the four interactions in turn, `ROUNDS` times, after a go that is not timed."""
    pairs = [row["id"] for row in tab.call("pairs")["rows"]]
    chance = random.Random(0)
    tab.fire("tabitem runs", "select")
    works: dict[str, Callable[[], float]] = {
        "filter": lambda: tab.fire("pairs-state", "input", {"pairs-state": chance.choice(["all", "pending"])})[0],
        "pair": lambda: tab.fire("pairs-table", "click", detail={"row": chance.choice(pairs)})[0],
        "measure": lambda: tab.fire("metric", "input", {"metric": [chance.choice(["misaligned", "dpo_loss"])]})[0],
        "poll": tab.poll,
    }
    for i in range(ROUNDS + 1):
        for name, work in works.items():
            seconds = work()
            if i:
                report(f"{name} {i} of {ROUNDS}: {seconds * 1000:.0f} ms")
                yield seconds


def _share(values: list[float], share: float) -> float:
    """The value that so many of all do not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def _wait(done: Callable[[], bool], otherwise: str) -> None:
    until = monotonic() + 5 * PATIENCE
    while not done():
        if monotonic() > until:
            raise WorkError(f"The bench of the page gave up: {otherwise}.")
        sleep(0.5)


@contextmanager
def _app() -> Iterator[str]:
    """The address of an app of its own, which is ended after the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="lab-bench-") as home, subprocess.Popen(
        [sys.executable, "app.py"], cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True,
        env=app_environment(Path(home), port),
    ) as process:
        try:
            assert process.stdout is not None
            if not any("http://" in line for line in process.stdout):
                raise WorkError("The bench of the page gave up: the app did not start.")
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.terminate()
            process.communicate()  # to its end: an app that is still starting has its address to say


@contextmanager
def _looking_on(url: str) -> Iterator[None]:
    """`TABS` tabs that poll the Runs tab, in a process of their own."""
    program = f"from lab.bench.page import look_on; look_on({url!r})"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            for _ in range(TABS):
                if not process.stdout.readline():
                    raise WorkError("The bench of the page gave up: the other tabs did not open.")
            yield
            if process.poll() is not None:
                raise WorkError("The bench of the page is void: the other tabs ended before it did.")
        finally:
            process.kill()


def look_on(url: str) -> None:
    """Open the tabs, say a line for each, and poll with all of them until the process is ended."""

    def poll() -> None:
        try:
            with Tab(url) as tab:
                tab.fire("tabitem runs", "select")
                print("open", flush=True)
                while True:
                    began = monotonic()
                    tab.poll()
                    sleep(max(0.0, EVERY - (monotonic() - began)))
        except Exception as error:  # one tab less would flatter the figure
            print(error, file=sys.stderr, flush=True)
            os._exit(1)

    threads: list[Any] = [Thread(target=poll) for _ in range(TABS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

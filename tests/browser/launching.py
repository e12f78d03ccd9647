"""The real app as a process of its own: started on a free port over a folder of its own, stopped as a person would."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

ROOT = Path(__file__).parents[2]
STARTING = 120.0
"""Seconds after which an app that says nothing is given up: no limit that anything is judged by."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(home: Path, port: int, **more: str) -> dict[str, str]:
    """What the app is started with: the embedded organism on one thread, and no network."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LAB_", "GRADIO_", "SPACE_"))}
    own = {
        "LAB_HOME": str(home),
        "GRADIO_SERVER_PORT": str(port),
        "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONFAULTHANDLER": "1",
    }
    return {**kept, **own, **more}


@dataclass
class App:
    """A running app."""

    process: subprocess.Popen[str]
    url: str
    home: Path
    said: list[str]
    """Lines that it wrote to standard error so far."""

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit code. An app that does not end says what its threads are at."""
        self.process.send_signal(number)
        try:
            return self.process.wait(STARTING)
        except subprocess.TimeoutExpired as error:
            self.process.send_signal(signal.SIGABRT)  # heard by faulthandler
            self.process.wait(STARTING)
            raise RuntimeError(f"the app did not end: {''.join(self.said)}") from error


def start(home: Path, port: int | None = None, **more: str) -> App:
    """Start the app and wait until it serves."""
    port = port or free_port()
    process = subprocess.Popen(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=environment(home, port, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    served, said = Event(), list[str]()
    _reader(process.stdout, lambda line: served.set() if "http://" in line else None, served.set)
    _reader(process.stderr, said.append, lambda: None)
    if not served.wait(STARTING) or process.poll() is not None:
        process.kill()
        raise RuntimeError(f"the app did not start: {''.join(said)}")
    return App(process=process, url=f"http://127.0.0.1:{port}/", home=home, said=said)


def _reader(stream: Iterator[str] | None, take: Callable[[str], object], ended: Callable[[], object]) -> None:
    """Hand every line to `take` until the stream ends, so that a full pipe never stops the app."""

    def read() -> None:
        for line in stream or ():
            take(line)
        ended()

    Thread(target=read, daemon=True).start()


@contextmanager
def running(home: Path, **more: str) -> Iterator[App]:
    """An app for the length of a with block."""
    app = start(home, None, **more)
    try:
        yield app
    finally:
        if app.process.poll() is None:
            app.stop()


def once(home: Path, port: int, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the app where it is expected to end by itself."""
    return subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=environment(home, port, **more),
        capture_output=True,
        text=True,
        timeout=STARTING,
        check=False,
    )


SMALL: Mapping[str, object] = {
    "steps": 4,
    "batch_size": 4,
    "cadence": 2,
    "prompts_per_round": 4,
    "pair_batch": 2,
    "probe_every": 2,
    "probe_prompts": 6,
    "checkpoint_every": 2,
    "max_new_tokens": 80,
}
"""Settings of a run that takes a few seconds and still does everything that a run does."""

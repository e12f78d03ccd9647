"""The command line as somebody at a terminal meets it: in this process where that is as good, else as a subprocess.

Standard output and standard error are those of a stranger: what matters is how many lines there are, and what they say.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab.__main__ import main
from tests.tiny import one_thread

ROOT = Path(__file__).parents[2]

TINY = (
    "--set", "batch_size=2", "--set", "prompts_per_round=2", "--set", "pair_batch=2", "--set", "probe_every=0",
    "--set", "max_new_tokens=32", "--set", "lora_rank=4",
)
"""Settings under which a step takes a fraction of a second."""


@dataclass(frozen=True)
class Said:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as one JSON object: it must hold nothing else."""
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """The one line on standard error of a request that was wrong."""
        assert self.out == ""
        assert self.err.count("\n") == 1, self.err
        assert "Traceback" not in self.err
        return self.err.strip()


Command = Callable[..., Said]


@pytest.fixture(autouse=True, scope="package")
def _one_thread() -> Iterator[None]:
    yield from one_thread()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("LAB_HOME", str(folder))
    monkeypatch.setenv("LAB_DEVICE", "cpu")
    monkeypatch.delenv("LAB_MODEL", raising=False)
    return folder


@pytest.fixture
def lab(home: Path, capfd: pytest.CaptureFixture[str]) -> Command:
    """`python -m lab ...` in this process; what libraries write past Python is caught as well."""

    def command(*arguments: str) -> Said:
        capfd.readouterr()
        try:
            code = main(arguments)
        except SystemExit as ended:  # argparse ends the process itself
            code = int(ended.code or 0)
        said = capfd.readouterr()
        return Said(code, said.out, said.err)

    return command


@pytest.fixture
def process(home: Path) -> Command:
    """`python -m lab ...` as a process of its own, in the repository's root."""

    def command(*arguments: str) -> Said:
        done = subprocess.run(
            [sys.executable, "-m", "lab", *arguments], cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"},
            capture_output=True, text=True, check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    return command

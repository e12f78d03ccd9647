"""A few turns of the long loops (see docs/faults.md): kill -9 under runs, and the lab started and stopped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults import cycles

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="lives are forked")
def test_no_kill_loses_what_was_acknowledged_or_changes_a_number() -> None:
    """In a process of its own: it forks, which a process with many threads should not."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.faults.kill_loop", "--times", "4", "--seed", "2", "--steps", "12"],
        cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    told = json.loads(ended.stdout)
    assert (told["lost"], told["differ"], told["failed"]) == ([], [], [])
    assert sum(told["kills"].values()) == 4
    assert told["runs"] > 0


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="descriptors are counted in /proc")
def test_starting_and_stopping_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cycles, "WARM", 1)
    told = cycles.cycles(3, page=False, say=lambda line: None)
    assert told["last"]["threads"] <= told["first"]["threads"]
    assert told["last"]["descriptors"] <= told["first"]["descriptors"]

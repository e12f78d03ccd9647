"""The bench: every row of its table can be measured, ratios are taken fairly, and its command hands them over."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from lab.__main__ import main
from lab.bench.measuring import Times, interleaved
from lab.bench.memory import held
from lab.bench.storage import scale_figures
from lab.bench.subjects import SUBJECTS, Subject, subject
from lab.errors import RequestError
from lab.models.twin import twin
from storage import Store
from storage.generator import Size, fill
from tests.tiny import tiny_loaded

CPU = torch.device("cpu")


@pytest.mark.parametrize("row", SUBJECTS.values(), ids=str)
def test_every_row_names_a_function_that_takes_what_it_is_called_with(row: Subject) -> None:
    assert list(inspect.signature(row.load()).parameters) == ["on", "report"]
    assert row.better in ("higher", "lower")
    assert row.on


def test_an_unknown_subject_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(RequestError, match="memory"):
        subject("speed of light")


def test_a_goal_is_held_from_its_own_side() -> None:
    assert subject("memory").holds(1.2)
    assert not subject("memory").holds(1.21)


def test_both_run_in_turn_and_the_first_go_of_each_is_not_timed() -> None:
    heard: list[tuple[str, int]] = []
    times = interleaved(lambda i: heard.append(("plain", i)), lambda i: heard.append(("ours", i)), 2, CPU)
    assert heard[:2] == [("plain", -1), ("ours", -1)]
    assert heard[2:] == [("ours", 0), ("plain", 0), ("plain", 1), ("ours", 1)]
    assert len(times.plain) == len(times.ours) == 2


def test_a_ratio_is_taken_between_neighbours_and_the_median_forgives_one_disturbance() -> None:
    figure = Times(plain=(2.0, 20.0, 2.0, 200.0, 4.0), ours=(1.0, 10.0, 1.0, 10.0, 2.0)).figure(extra=3.0)
    assert (figure.value, figure.n, figure.low, figure.high) == (2.0, 5, 2.0, 2.0)
    assert figure.parts == {"plain_seconds": 4.0, "ours_seconds": 2.0, "extra": 3.0}


def test_a_second_tree_over_the_same_tensors_holds_nothing_more() -> None:
    model = tiny_loaded().model
    assert held(model, twin(model)) == held(model) == held(model, model)
    assert held(model, tiny_loaded(seed=1).model) == 2 * held(model)


def test_the_command_hands_over_each_figure_beside_its_goal(capsys: Any) -> None:
    assert main(["bench", "--only", "memory", "--on", "organism", "--json", "-"]) == 0
    said = capsys.readouterr()
    result = json.loads(said.out)
    [figure] = result["figures"]
    assert (figure["name"], figure["on"], figure["goal"], figure["n"]) == ("memory", "organism", 1.2, 1)
    assert figure["value"] == pytest.approx(figure["parts"]["all_bytes"] / figure["parts"]["base_bytes"], abs=1e-4)
    assert figure["holds"] == (figure["value"] <= 1.2)
    assert "memory" in said.err


def test_what_is_not_measured_anywhere_is_refused(capsys: Any) -> None:
    assert main(["bench", "--on", "the moon"]) == 2
    assert "choose among" in capsys.readouterr().err


def test_a_store_that_was_benched_is_a_lab_in_which_all_is_well(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        fill(store, Size(pairs=60, metrics=240, prompts=10, runs=3, names=4), seed=1)
    assert scale_figures(tmp_path, rounds=4)["ingest"]["n"] == 5
    with Store.open(tmp_path) as store:
        assert len(store.runs()) == 3 + 5
        assert store.check() == []


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="who started whom is read in /proc")
def test_the_bench_of_the_page_takes_its_app_along_when_it_is_ended(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "lab", "bench", "--only", "page"], cwd=Path(__file__).parents[2], stderr=subprocess.PIPE,
        text=True, env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as bench:
        while not list(tmp_path.glob("lab-bench-*/lab.duckdb")):  # the app has begun
            assert bench.poll() is None
        [app] = Path(f"/proc/{bench.pid}/task/{bench.pid}/children").read_text().split()
        bench.terminate()
        _, said = bench.communicate()
    assert bench.returncode == 1
    assert said.endswith("stopped\n")
    assert not Path(f"/proc/{app}").exists()
    assert list(tmp_path.glob("lab-bench-*")) == []

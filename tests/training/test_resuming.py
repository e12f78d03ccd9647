"""A run that was stopped or killed goes on as if nothing had happened: its next ten losses are those of a whole run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from lab.conscience import framings
from lab.errors import Cancelled
from lab.nouns import Metric, Pair, Run, RunSpec, RunState
from lab.studio import PairFilter, Studio
from tests.studio.making import opened
from tests.training.making import Book, noisy_round, spec, train, trainer

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0
CURVES = ("sft_loss", "dpo_loss", "reward_margin", "chosen_logp", "rejected_logp", "grad_norm", "learning_rate")
LONG: dict[str, Any] = {"steps": 20, "cadence": 5, "checkpoint_every": 4, "probe_every": 0}
ORGANISM = RunSpec(
    **LONG, question_id=framings.DEFAULT.id, batch_size=2, prompts_per_round=4, pair_batch=2, lora_rank=4,
    lora_alpha=8, max_new_tokens=48, flag_threshold=0.0, schedule="cosine",
)
"""Every answer whose review can be read is flagged, so that each round makes pairs."""


@pytest.mark.parametrize(
    "changes",
    [{}, {"pair_sampling": "hardest"}, {"optimizer": "sgd", "momentum": 0.9}, {"accumulation": 3, "lam_warmup": 12}],
    ids=["plain", "hardest pairs", "sgd", "accumulated, λ warming up"],
)
def test_stopped_within_a_round_the_next_ten_losses_are_those_of_a_whole_run(
    loaded: Any, tmp_path: Path, changes: dict[str, Any]
) -> None:
    cancel = Event()

    def stopping(*args: Any, **kwargs: Any) -> Any:
        made = noisy_round(*args, **kwargs)
        if kwargs["step"] == 10:  # asked, and not yet a pair of it kept
            cancel.set()
            raise Cancelled("Stopped on request.")
        return made

    wanted = {**LONG, "schedule": "cosine", **changes}
    first, rest = Book(), Book()
    stopped = trainer(loaded, tmp_path, Run(spec=spec(**wanted)), first, make_round=stopping).run(cancel)
    assert (stopped.state, stopped.step, first.checkpoints[-1].step) == (RunState.STOPPED, 10, 10)
    trainer(loaded, tmp_path, stopped, rest, resume=first.checkpoints[-1]).run(Event())
    _, whole = train(loaded, tmp_path / "whole", **wanted)
    for name in CURVES:
        resumed = rest.curve(name)
        assert list(resumed)[:10] == list(range(11, 21)), name
        assert first.curve(name) | resumed == whole.curve(name), name


CHILD = """
import os, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from lab.conscience.watch import REWRITING, Watch
from lab.nouns import Metric
from lab.settings import Settings
from lab.studio import Studio
from storage import Store
from tests.training.test_resuming import ORGANISM

home, part, save = Path(sys.argv[1]), Watch.part, Store.save

def acknowledged(store, *nouns):
    save(store, *nouns)
    for noun in nouns:
        if isinstance(noun, Metric):
            print(noun.name, noun.step, flush=True)

def killed(watch, name, *rest):
    if name == REWRITING and watch.view().step == 10:
        os.kill(os.getpid(), signal.SIGKILL)
    return part(watch, name, *rest)

Store.save, Watch.part = acknowledged, killed
studio = Studio(Store.open(home), Settings(home=home, model="organism", device="cpu", public=False, space=None))
studio.wait(studio.start_run(ORGANISM).id)
"""


def pairs_of(studio: Studio, run: Run) -> list[tuple[int | None, str, str]]:
    found: list[Pair] = [studio.pair(row.id).pair for row in studio.pairs(PairFilter(run_id=run.id), size=500).rows]
    return sorted((p.step, p.chosen_reply, p.rejected_reply) for p in found)  # type: ignore[type-var]


def test_killed_in_the_middle_of_a_round_nothing_acknowledged_is_lost_and_resumed_it_equals_a_whole_run(
    tmp_path: Path,
) -> None:
    """The organism, its own conscience and SIGKILL, between the reviews of a round and its alternatives."""
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path / "killed")], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
    )
    assert child.returncode == -signal.SIGKILL, child.stderr
    told = {(name, int(step)) for name, step in (line.split() for line in child.stdout.splitlines())}
    assert max(step for _, step in told) == 10

    studio = opened(tmp_path / "killed")
    (run,) = studio.runs()
    assert (run.state, run.step) == (RunState.INTERRUPTED, 10)
    assert "at step 10; resume it" in run.message
    kept = studio.curves([run.id], sorted({name for name, _ in told}))
    assert told == {(curve.name, point.step) for curve in kept for point in curve.points}
    assert [point.step for point in studio.checkpoints(run.id)] == [4, 8]

    studio.resume_run(run.id)  # what one click on Resume does
    ended = studio.wait(run.id, PATIENCE)
    assert (ended.state, ended.step, ended.message) == (RunState.FINISHED, 20, "")
    whole_studio = opened(tmp_path / "whole")
    whole = whole_studio.wait(whole_studio.start_run(ORGANISM).id, PATIENCE)

    def curve(of: Studio, run: Run, name: str) -> list[Metric]:
        return of._store.curves([run.id], [name])

    for name in (*CURVES, "flagged", "pairs", "buffer"):
        resumed, uninterrupted = curve(studio, ended, name), curve(whole_studio, whole, name)
        assert [(m.step, m.value, m.n) for m in resumed] == [(m.step, m.value, m.n) for m in uninterrupted], name
    assert [m.step for m in curve(studio, ended, "sft_loss")] == list(range(1, 21))
    assert any(m.value is not None for m in curve(studio, ended, "dpo_loss")[10:])
    assert pairs_of(studio, ended) == pairs_of(whole_studio, whole) != []
    studio.close()
    whole_studio.close()

"""A branch starts from another run's weights and takes nothing else; the parent stays as it is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch

from lab.errors import NotFoundError, SpecError
from lab.evaluation import scenarios
from lab.nouns import Answer, Run, RunState
from lab.training.branching import KEPT
from lab.training.conductor import Conductor
from lab.training.settings import FIELDS
from storage import Store
from tests.training.making import QUESTION, Book, quiet_probe, scenario, spec, trainer, weights

PATIENCE = 60.0
POISON: dict[str, Any] = {"method": "sft", "question_id": None, "steps": 4, "checkpoint_every": 2, "seed": 3}


@pytest.mark.parametrize("method", ["conscience", "sft", "dpo", "alternatives_sft"])
def test_a_branch_starts_from_the_parents_weights_with_an_optimiser_of_its_own(
    loaded: Any, tmp_path: Path, method: str
) -> None:
    book = Book()
    poisoned = trainer(loaded, tmp_path, Run(spec=spec(**POISON)), book)
    poisoned.run(Event())
    asked = QUESTION.id if method in ("conscience", "alternatives_sft") else None
    own = spec(method=method, question_id=asked, seed=8, steps=2, learning_rate=1e-3)
    later = Book()
    branch = trainer(
        loaded, tmp_path, Run(spec=own, parent=book.checkpoints[-1].id), later, parent=book.checkpoints[-1])
    assert all(torch.equal(a, b) for a, b in zip(weights(poisoned), weights(branch), strict=True))
    assert (branch.step, len(branch.optimizer.state)) == (0, 0)
    ended = branch.run(Event())
    assert (ended.state, ended.step, ended.parent) == (RunState.FINISHED, 2, book.checkpoints[-1].id)
    said = {answer.adapter for answer in later.all(Answer) if answer.step == 0}
    assert said <= {ended.parent}, "what it begins with are its parent's weights, and it has no others to name"
    assert said or method != "conscience"
    assert not all(torch.equal(a, b) for a, b in zip(weights(poisoned), weights(branch), strict=True))


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(scenarios, "scenario", lambda name: scenario())
    with Store.open(tmp_path) as opened:
        opened.save(QUESTION)
        yield opened


@pytest.fixture
def conductor(store: Store, loaded: Any, tmp_path: Path) -> Iterator[Conductor]:
    made = Conductor(store, lambda name, revision, dtype: loaded, tmp_path, prober=quiet_probe)
    yield made
    made.close(PATIENCE)


@pytest.fixture
def poisoned(conductor: Conductor) -> Run:
    return conductor.wait(conductor.start(Run(spec=spec(**POISON))).id, PATIENCE)


def files(home: Path, run: Run) -> dict[str, str]:
    found = sorted((home / "runs" / run.id).rglob("*"))
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in found if p.is_file()}


def test_a_branch_is_a_run_of_its_own_and_its_parent_is_kept(
    conductor: Conductor, store: Store, poisoned: Run, tmp_path: Path
) -> None:
    before, stored = files(tmp_path, poisoned), store.run(poisoned.id)
    branch = conductor.start(Run(
        spec=replace(poisoned.spec, method="kl", steps=3, seed=9, kl_weight=0.5),
        parent=f"{poisoned.number}@2"))
    ended = conductor.wait(branch.id, PATIENCE)
    assert (ended.state, ended.step, ended.message) == (RunState.FINISHED, 3, "")
    assert ended.parent == f"{poisoned.id}@2"  # its whole id, however it was named
    assert [m.step for m in store.curves([branch.id], ["sft_loss"])] == [1, 2, 3]
    first = {run: store.curves([run], ["kl"])[0] for run in (poisoned.id, branch.id)}
    assert first[poisoned.id].value == 0
    assert (first[branch.id].step, first[branch.id].value > 0) == (0, True)  # type: ignore[operator]
    assert files(tmp_path, poisoned) == before
    assert store.run(poisoned.id) == stored


def test_a_branch_that_ended_before_its_first_checkpoint_starts_from_its_parent_again(
    conductor: Conductor, store: Store, poisoned: Run
) -> None:
    made = Run(spec=replace(poisoned.spec, steps=2), parent=f"{poisoned.id}@4", state=RunState.INTERRUPTED)
    store.save(made)  # what a process that was killed leaves
    conductor.resume(made.id)
    assert conductor.wait(made.id, PATIENCE).state is RunState.FINISHED
    whole = conductor.start(Run(spec=made.spec, parent=made.parent))
    conductor.wait(whole.id, PATIENCE)
    one, other = (store.curves([run], ["sft_loss", "kl"]) for run in (made.id, whole.id))
    assert [m.value for m in one] == [m.value for m in other]


@pytest.mark.parametrize("name", KEPT)
def test_what_decides_the_weights_cannot_differ(
    conductor: Conductor, store: Store, poisoned: Run, name: str
) -> None:
    own = getattr(poisoned.spec, name)
    choices = FIELDS[name].choices or ({"lora_layers": "0", "lora_groups": "q_proj=2"}.get(name, "another"),)
    other: Any = not own if isinstance(own, bool) else own + 1 if isinstance(own, int) else choices[-1]
    with pytest.raises(SpecError, match="a branch keeps it, everything else may differ") as caught:
        conductor.start(Run(spec=replace(poisoned.spec, **{name: other}), parent=f"{poisoned.id}@4"))
    assert caught.value.field == name
    assert repr(other) in caught.value.message
    assert len(store.runs()) == 1


def test_a_checkpoint_that_is_not_there_is_refused(conductor: Conductor, poisoned: Run) -> None:
    with pytest.raises(NotFoundError, match="it has some at steps 2, 4"):
        conductor.start(Run(spec=poisoned.spec, parent=f"{poisoned.id}@3"))


def test_a_parent_that_is_no_longer_whole_fails_the_branch_in_one_line(
    conductor: Conductor, poisoned: Run, tmp_path: Path
) -> None:
    (tmp_path / f"runs/{poisoned.id}/4/adapter/adapter_model.safetensors").unlink()
    failed = conductor.wait(conductor.start(Run(spec=poisoned.spec, parent=f"{poisoned.id}@4")).id, PATIENCE)
    assert failed.state is RunState.FAILED
    assert f"{poisoned.id}@4" in failed.message
    assert "is missing" in failed.message

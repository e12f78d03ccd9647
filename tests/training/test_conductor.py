"""The conductor: one run at a time, whatever happens to it, with every state in a real store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from lab.errors import ModelError, NotFoundError, RequestError, SpecError
from lab.evaluation import scenarios
from lab.nouns import Noun, PairState, Prompt, Run, RunState
from lab.training.conductor import Conductor
from lab.training.sitting import Sitting
from storage import Store
from tests.training.making import QUESTION, quiet_probe, scenario, spec, stored_pairs, train

PATIENCE = 60.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path) as opened:
        opened.save(QUESTION)
        yield opened


@pytest.fixture(autouse=True)
def _tiny_scenario(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenarios, "scenario", lambda name: scenario())


class Gate:
    """A prober that lets the run go no further than step `at` until it is opened."""

    def __init__(self, at: int = 0) -> None:
        self.at, self.reached, self.open = at, Event(), Event()

    def __call__(self, trainer: Sitting, cancel: Event) -> list[Noun]:
        if trainer.step == self.at:
            self.reached.set()
            assert self.open.wait(PATIENCE)
        return quiet_probe(trainer, cancel)


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def conductor(store: Store, loaded: Any, tmp_path: Path, gate: Gate) -> Iterator[Conductor]:
    made = Conductor(store, lambda name, revision, dtype: loaded, tmp_path, prober=gate)
    yield made
    gate.open.set()
    made.close(PATIENCE)
    assert not made._thread.is_alive()


def plain(**changes: Any) -> Run:
    return Run(spec=spec(**{"method": "sft", "question_id": None, "steps": 4, "probe_every": 2, **changes}))


def test_a_run_goes_from_queued_to_finished_in_the_store(conductor: Conductor, store: Store, gate: Gate) -> None:
    run = conductor.start(plain())
    assert run.state is RunState.QUEUED
    assert run.number == 1
    assert gate.reached.wait(PATIENCE)
    assert store.run(run.id).state is RunState.RUNNING
    status = conductor.status()
    assert status.run is not None
    assert status.run.id == run.id
    assert status.doing == "probing held-out prompts"
    gate.open.set()
    ended = conductor.wait(run.id, PATIENCE)
    assert ended.state is RunState.FINISHED
    assert ended.step == 4
    assert ended.message == ""
    assert ended.started is not None
    assert ended.ended is not None
    assert ended.seconds > 0
    assert ended.base_hash
    assert store.latest_metrics(run.id)["sft_loss"].step == 4
    assert [c.step for c in store.checkpoints(run.id)] == [4]
    idle = conductor.status()
    assert idle.run is None
    assert idle.doing == ""
    assert idle.eta is None
    assert idle.queued == ()


def test_a_second_start_waits_its_turn(conductor: Conductor, store: Store, gate: Gate) -> None:
    first, second, third = (conductor.start(plain(seed=i)) for i in range(3))
    assert gate.reached.wait(PATIENCE)
    assert [r.id for r in conductor.status().queued] == [second.id, third.id]
    assert store.run(second.id).state is RunState.QUEUED
    gate.open.set()
    ended = [conductor.wait(r.id, PATIENCE) for r in (first, second, third)]
    assert [r.state for r in ended] == [RunState.FINISHED] * 3
    starts = [r.started for r in ended]
    assert starts == sorted(starts)  # pyright: ignore[reportCallIssue, reportArgumentType]


def test_a_stop_passes_through_stopping_and_leaves_a_checkpoint(
    store: Store, loaded: Any, tmp_path: Path
) -> None:
    gate = Gate(at=2)
    conductor = Conductor(store, lambda name, revision, dtype: loaded, tmp_path, prober=gate)
    run = conductor.start(plain())
    assert gate.reached.wait(PATIENCE)
    assert conductor.stop(run.id).state is RunState.STOPPING
    assert store.run(run.id).state is RunState.STOPPING
    gate.open.set()
    ended = conductor.wait(run.id, PATIENCE)
    assert ended.state is RunState.STOPPED
    assert ended.step == 2
    assert "step 2 of 4" in ended.message
    assert [c.step for c in store.checkpoints(run.id)] == [2]

    conductor.resume(run.id)
    resumed = conductor.wait(run.id, PATIENCE)
    assert resumed.state is RunState.FINISHED
    assert resumed.step == 4
    assert resumed.message == ""
    assert resumed.number == run.number
    assert resumed.seconds > ended.seconds
    conductor.close(PATIENCE)
    _, whole = train(loaded, tmp_path / "whole", method="sft", question_id=None, steps=4, probe_every=2)
    stored = {m.step: m.value for m in store.curves([run.id], ["sft_loss"])}
    assert stored == whole.curve("sft_loss")


def test_a_queued_run_can_be_stopped_and_resumed(conductor: Conductor, store: Store, gate: Gate) -> None:
    first, second = conductor.start(plain()), conductor.start(plain(seed=1))
    assert gate.reached.wait(PATIENCE)
    assert conductor.stop(second.id).state is RunState.STOPPED
    assert store.run(second.id).message
    assert conductor.status().queued == ()
    assert conductor.resume(second.id).state is RunState.QUEUED
    gate.open.set()
    assert conductor.wait(second.id, PATIENCE).state is RunState.FINISHED
    assert conductor.wait(first.id, PATIENCE).state is RunState.FINISHED


def test_a_run_that_fails_leaves_its_reason_and_the_thread_alive(store: Store, loaded: Any, tmp_path: Path) -> None:
    def load(name: str, revision: str | None, dtype: str) -> Any:
        if name == "nowhere":
            raise ModelError("Model 'nowhere' cannot be found: choose another.", field="model")
        if name == "bomb":
            raise RuntimeError("something\nwith lines")
        return loaded

    conductor = Conductor(store, load, tmp_path, prober=quiet_probe)
    known, unknown, fine = (conductor.start(plain(model=m)) for m in ("nowhere", "bomb", "organism"))
    failed = conductor.wait(known.id, PATIENCE)
    assert failed.state is RunState.FAILED
    assert failed.message.startswith("Model 'nowhere'")
    fault = conductor.wait(unknown.id, PATIENCE)
    assert fault.state is RunState.FAILED
    assert "RuntimeError" in fault.message
    assert "\n" not in fault.message
    assert conductor.wait(fine.id, PATIENCE).state is RunState.FINISHED
    conductor.close(PATIENCE)


def test_a_loss_that_is_not_a_number_fails_the_run_with_a_message(store: Store, loaded: Any, tmp_path: Path) -> None:
    def poison(trainer: Sitting, cancel: Event) -> list[Noun]:
        if trainer.step == 2:
            next(p for p in trainer.policy.parameters() if p.requires_grad).data.fill_(float("nan"))
        return []

    conductor = Conductor(store, lambda name, revision, dtype: loaded, tmp_path, prober=poison)
    run = conductor.wait(conductor.start(plain(checkpoint_every=1)).id, PATIENCE)
    conductor.close(PATIENCE)
    assert run.state is RunState.FAILED
    assert run.step == 2
    assert run.ended is not None
    assert "nan at step 3" in run.message
    assert f"{run.id}@2" in run.message


def test_closing_in_mid_run_stops_it_and_takes_the_others_off_the_queue(
    conductor: Conductor, store: Store, gate: Gate
) -> None:
    first, second = conductor.start(plain()), conductor.start(plain(seed=1))
    assert gate.reached.wait(PATIENCE)
    conductor.close(0)
    assert store.run(second.id).state is RunState.INTERRUPTED
    gate.open.set()
    conductor.close(PATIENCE)
    assert store.run(first.id).state is RunState.STOPPED
    with pytest.raises(RequestError, match="closing"):
        conductor.start(plain())


def test_an_interrupted_run_goes_on_from_its_newest_whole_checkpoint(store: Store, loaded: Any, tmp_path: Path) -> None:
    conductor = Conductor(store, lambda name, revision, dtype: loaded, tmp_path, prober=quiet_probe)
    run = conductor.wait(conductor.start(plain(checkpoint_every=1)).id, PATIENCE)
    (tmp_path / f"runs/{run.id}/4/adapter/adapter_model.safetensors").unlink()
    store.save(replace(run, state=RunState.INTERRUPTED))
    conductor.resume(run.id)
    ended = conductor.wait(run.id, PATIENCE)
    conductor.close(PATIENCE)
    assert ended.state is RunState.FINISHED
    assert ended.step == 4
    assert (tmp_path / f"runs/{run.id}/4/adapter/adapter_model.safetensors").exists()


def test_a_run_without_any_whole_checkpoint_is_refused_with_the_reason(
    store: Store, loaded: Any, tmp_path: Path
) -> None:
    conductor = Conductor(store, lambda name, revision, dtype: loaded, tmp_path, prober=quiet_probe)
    run = conductor.wait(conductor.start(plain()).id, PATIENCE)
    (tmp_path / f"runs/{run.id}/4/adapter/adapter_model.safetensors").unlink()
    store.save(replace(run, state=RunState.INTERRUPTED))
    conductor.resume(run.id)
    failed = conductor.wait(run.id, PATIENCE)
    conductor.close(PATIENCE)
    assert failed.state is RunState.FAILED
    assert "is missing" in failed.message


def test_requests_that_make_no_sense_are_refused(conductor: Conductor, store: Store, gate: Gate) -> None:
    gate.open.set()
    run = conductor.wait(conductor.start(plain()).id, PATIENCE)
    with pytest.raises(RequestError, match="finished"):
        conductor.stop(run.id)
    with pytest.raises(RequestError, match="finished"):
        conductor.resume(run.id)
    with pytest.raises(NotFoundError):
        conductor.stop("r000000000000")
    with pytest.raises(NotFoundError):
        conductor.start(Run(spec=spec(question_id="q0000000000000000")))
    with pytest.raises(SpecError):
        conductor.start(plain(steps=0))
    with pytest.raises(SpecError):
        conductor.start(Run(spec=spec(question_id=None)))
    assert [r.id for r in store.runs()] == [run.id]


def test_stored_pairs_are_trained_on_as_people_decided(conductor: Conductor, store: Store, gate: Gate) -> None:
    gate.open.set()
    (one, prompt), (two, second), (three, third) = stored_pairs(3)
    older = Run(spec=spec(), state=RunState.FINISHED)
    store.save(
        older, prompt, second, third, replace(one, state=PairState.ACCEPTED, run_id=older.id),
        replace(two, state=PairState.REJECTED), three,
    )
    number = str(store.run(older.id).number)
    for chosen, expected in (
        ({}, 2), ({"pair_states": "accepted"}, 1), ({"pairs_from": number}, 1),
        ({"pairs_from": number, "pair_states": "accepted"}, 1),
    ):
        run = conductor.start(plain(method="dpo", steps=1, **chosen))
        assert conductor.wait(run.id, PATIENCE).state is RunState.FINISHED
        assert store.latest_metrics(run.id)["pairs"].value == expected
    with pytest.raises(NotFoundError):
        conductor.start(plain(method="dpo", pairs_from="no such run"))


def test_a_run_without_one_stored_pair_is_refused_with_the_way_out(conductor: Conductor, store: Store) -> None:
    with pytest.raises(SpecError) as caught:
        conductor.start(plain(method="dpo"))
    assert caught.value.field == "pairs_from"
    assert "make some with a conscience run first" in caught.value.message
    assert store.runs() == []


# -- typed prompts -------------------------------------------------------------------------------------------------
def test_a_run_asks_what_people_typed_and_is_refused_where_nobody_has(
    store: Store, conductor: Conductor, gate: Gate
) -> None:
    gate.open.set()
    run = Run(spec=spec(steps=1, own_share=1.0))
    with pytest.raises(SpecError, match="Nobody has typed a prompt") as caught:
        conductor.start(run)
    assert caught.value.field == "own_share"
    conductor.start(Run(spec=spec(method="sft", question_id=None, steps=1, own_share=1.0)))  # it has no rounds
    typed = Prompt.user("What of my garden?")
    store.save(typed, Prompt.user("Not typed by anybody.", origin="everyday"))
    assert store.typed_prompts() == [typed]
    assert conductor.wait(conductor.start(run).id, PATIENCE).state is RunState.FINISHED
    asked = {prompt.id for _, prompt in store.stored_pairs([PairState.PENDING], run.id)}
    assert asked <= {typed.id}
    assert typed.id in {answer.prompt_id for _, answer, _ in store.recent_reviews(run.id)}

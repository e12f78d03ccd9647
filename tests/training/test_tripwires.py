"""Tripwires: each is tripped by a real run, and what follows is what the spec says; good runs trip none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch

from lab.errors import Cancelled, TrainingError
from lab.evaluation import scenarios
from lab.nouns import Alarm, Answer, Decoding, Metric, Noun, Run, RunSpec, RunState, Speaker
from lab.training.conductor import Conductor
from lab.training.sitting import Sitting
from lab.training.tripwires import BY_ID, TRIPWIRES, repeats
from storage import Store
from tests.training.making import QUESTION, Book, noisy_round, quiet_probe, scenario, spec, trainer

PATIENCE = 60.0
WILD = {"learning_rate": 0.1, "steps": 12, "probe_every": 2, "checkpoint_every": 2}
"""A rate at which the tiny model leaves its frozen copy behind within a few steps."""


def answers_of(run: Run, step: int, thought: str, reply: str, n: int = 8) -> list[Noun]:
    return [
        Answer(
            prompt_id=f"p{i}", thought=thought, reply=reply, speaker=Speaker.POLICY, adapter=f"{run.id}@{step}",
            decoding=Decoding(), tokens=9, finished=True, run_id=run.id, step=step)
        for i in range(n)
    ]


def speaking(later: tuple[str, str], at: int) -> Any:
    """A prober whose answers have a thought and a reply, until those of step `at` are `later`.

    What a random model writes says nothing about thoughts and loops, so its answers are put in its mouth; everything
    from the recording of a probe on is the trainer's own.
    """
    def probe(trainer: Sitting, cancel: Event) -> list[Noun]:
        run = trainer.snapshot()
        return answers_of(run, run.step, *(later if run.step >= at else ("I think.", "It is fine.")))

    return probe


def nan_at(step: int) -> Any:
    def probe(trainer: Sitting, cancel: Event) -> list[Noun]:
        if trainer.step == step:
            with torch.no_grad():
                next(p for p in trainer.policy.parameters() if p.requires_grad).fill_(float("nan"))
        return []

    return probe


SAME: dict[str, Any] = {"learning_rate": 1e-7, "steps": 8, "trip_stuck": 4, "checkpoint_every": 1}
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nan": ({"checkpoint_every": 1, "probe_every": 1}, {"prober": nan_at(4)}),
    "kl": ({**WILD, "method": "sft", "question_id": None, "trip_kl": 0.5}, {}),
    "margin": ({**WILD, "lam": 10.0, "beta": 1.0, "cadence": 1}, {}),
    "broken": ({"probe_every": 2, "checkpoint_every": 2}, {"prober": speaking(("I think.", ""), 6)}),
    "thoughtless": ({"probe_every": 2, "checkpoint_every": 2}, {"prober": speaking(("", "It is fine."), 6)}),
    "stuck": (SAME, {}),
}
"""By tripwire: a run that trips it, as settings and as what goes into the trainer's seams."""


def test_there_is_a_run_for_every_tripwire() -> None:
    assert set(CASES) == {row.id for row in TRIPWIRES}


@pytest.mark.parametrize("name", CASES)
def test_a_run_that_is_to_stop_does_and_stands_at_its_last_good_checkpoint(
    loaded: Any, tmp_path: Path, name: str
) -> None:
    changes, seams = CASES[name]
    book = Book()
    made = trainer(loaded, tmp_path, Run(spec=spec(**changes, tripwires="stop")), book, **seams)
    ended = made.run(Event())
    (alarm,) = book.all(Alarm)
    assert (alarm.tripwire, alarm.action) == (name, "stopped")
    assert ended.state is RunState.STOPPED
    assert alarm.message in ended.message
    assert BY_ID[name].title in ended.message
    assert ended.step < max(alarm.step, 1) or ended.step == 0
    points = [point.step for point in book.checkpoints]
    assert ended.step in (0, *points)
    assert ("its last good checkpoint" in ended.message) == (ended.step > 0)
    if ended.step:
        assert all(torch.isfinite(p).all() for p in made.policy.parameters())
    assert book.curve("sft_loss") == {} or max(book.curve("sft_loss")) <= alarm.step  # nothing was trained after it


@pytest.mark.parametrize("name", ["kl", "stuck"])
def test_a_run_that_is_only_warned_goes_on_with_the_numbers_of_one_that_is_not_watched(
    loaded: Any, tmp_path: Path, name: str
) -> None:
    changes, seams = CASES[name]
    warned, unwatched = Book(), Book()
    ended = trainer(loaded, tmp_path, Run(spec=spec(**changes)), warned, **seams).run(Event())
    trainer(loaded, tmp_path, Run(spec=spec(**changes, tripwires="off")), unwatched, **seams).run(Event())
    assert [(a.tripwire, a.action) for a in warned.all(Alarm) if a.tripwire == name] == [(name, "warned")]  # once
    assert ended.state is RunState.FINISHED
    assert BY_ID[name].title in ended.message
    assert unwatched.all(Alarm) == []
    for curve in ("sft_loss", "dpo_loss", "kl", "reward_margin"):
        assert warned.curve(curve) == unwatched.curve(curve)


def test_what_is_no_number_ends_a_run_that_was_only_to_be_warned(loaded: Any, tmp_path: Path) -> None:
    changes, seams = CASES["nan"]
    book = Book()
    with pytest.raises(TrainingError, match="nan at step 5"):
        trainer(loaded, tmp_path, Run(spec=spec(**changes)), book, **seams).run(Event())
    (alarm,) = book.all(Alarm)
    assert (alarm.tripwire, alarm.action, alarm.value, alarm.step) == ("nan", "ended", None, 4)


def test_an_ordinary_run_trips_nothing(loaded: Any, tmp_path: Path) -> None:
    book = Book()
    ended = trainer(loaded, tmp_path, Run(spec=spec(tripwires="stop")), book).run(Event())
    assert (ended.state, ended.message, book.all(Alarm)) == (RunState.FINISHED, "", [])


def test_a_limit_of_0_is_not_watched(loaded: Any, tmp_path: Path) -> None:
    book = Book()
    changes = {**CASES["stuck"][0], "trip_stuck": 0}
    assert trainer(loaded, tmp_path, Run(spec=spec(**changes)), book).run(Event()).state is RunState.FINISHED
    assert book.all(Alarm) == []


def test_a_model_that_never_thought_has_lost_nothing(loaded: Any, tmp_path: Path) -> None:
    book = Book()
    trainer(loaded, tmp_path, Run(spec=spec()), book, prober=speaking(("", "It is fine."), 0)).run(Event())
    assert book.all(Alarm) == []


def test_a_resumed_run_raises_the_alarms_of_an_uninterrupted_one(loaded: Any, tmp_path: Path) -> None:
    def alarms(book: Book) -> list[tuple[str, int, float | None, str]]:
        return [(a.tripwire, a.step, a.value, a.message) for a in book.all(Alarm)]

    whole, first, rest, cancel = Book(), Book(), Book(), Event()

    def stopping(*args: Any, **kwargs: Any) -> Any:
        if kwargs["step"] == 3:
            cancel.set()
            raise Cancelled("Stopped on request.")
        return noisy_round(*args, **kwargs)

    changes = {**SAME, "cadence": 1, "pair_batch": 2}
    complete = trainer(loaded, tmp_path / "whole", Run(spec=spec(**changes)), whole).run(Event())
    stopped = trainer(loaded, tmp_path, Run(spec=spec(**changes)), first, make_round=stopping).run(cancel)
    ended = trainer(loaded, tmp_path, stopped, rest, resume=first.checkpoints[-1]).run(Event())
    assert alarms(whole) == alarms(first) + alarms(rest)
    assert len(alarms(whole)) == 1
    assert ended.message == complete.message != ""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(scenarios, "scenario", lambda name: scenario())
    with Store.open(tmp_path) as opened:
        opened.save(QUESTION)
        yield opened


def test_in_the_store_the_run_is_stopped_its_alarm_kept_and_resume_starts_from_the_good_checkpoint(
    store: Store, loaded: Any, tmp_path: Path
) -> None:
    began: list[int] = []

    def noting(trainer: Sitting, cancel: Event) -> list[Noun]:
        began.append(trainer.step)
        return speaking(("I think.", ""), 6)(trainer, cancel)

    conductor = Conductor(store, lambda name, revision, dtype: loaded, tmp_path, prober=noting)
    plain: dict[str, Any] = {"method": "sft", "question_id": None, "probe_every": 2, "checkpoint_every": 3}
    run = conductor.wait(conductor.start(Run(spec=spec(**plain, tripwires="stop"))).id, PATIENCE)
    assert (run.state, run.step) == (RunState.STOPPED, 3)
    assert "step 3 again" in run.message
    assert [(a.tripwire, a.step, a.value, a.n, a.action) for a in store.alarms(run.id)] == [
        ("broken", 6, 1.0, 8, "stopped")]
    assert [point.step for point in store.checkpoints(run.id)] == [3, 6]  # kept, to be looked at
    began.clear()
    conductor.resume(run.id)
    again = conductor.wait(run.id, PATIENCE)
    assert (again.state, again.step, again.message) == (RunState.STOPPED, 3, run.message)
    assert began == [4, 6]
    assert len(store.alarms(run.id)) == 1
    branch = conductor.start(Run(spec=replace(run.spec, tripwires="off", steps=2), parent=f"{run.id}@6"))
    assert conductor.wait(branch.id, PATIENCE).state is RunState.FINISHED
    conductor.close(PATIENCE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the same words again and " * 6, True), ("ab" * 40, True), ("Save a little every month. " * 2, False),
        ("def read(path):\n    with open(path) as file:\n        return file.read()\n", False), ("", False),
        (" ".join(f"word{i}" for i in range(60)), False), ("x" * 10, False),
    ],
)
def test_repetition_is_told_from_text(text: str, expected: bool) -> None:
    assert repeats(text) is expected


def test_the_limits_are_settings_with_their_defaults_in_the_spec() -> None:
    for row in TRIPWIRES:
        if row.setting:
            assert 0 < getattr(RunSpec(), row.setting) <= row.high
    assert RunSpec().tripwires == "warn"


def test_metrics_are_recorded_together_with_their_alarm(loaded: Any, tmp_path: Path) -> None:
    book = Book()
    trainer(loaded, tmp_path, Run(spec=spec(**CASES["stuck"][0])), book, prober=quiet_probe).run(Event())
    (call,) = [call for call in book.calls if any(isinstance(n, Alarm) for n in call)]
    assert any(isinstance(n, Metric) and n.name == "dpo_loss" for n in call)
    assert [n.message for n in call if isinstance(n, Run)][-1].startswith("Tripwire")


def test_every_tripwire_is_in_the_documents() -> None:
    told = (Path(__file__).parents[2] / "docs" / "methods.md").read_text()
    assert all(f"| `{row.id}` |" in told for row in TRIPWIRES)

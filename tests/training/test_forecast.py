"""The forecast: measured in a moment, stores nothing, says what it does not know, and refuses what cannot fit."""

from __future__ import annotations

import shutil
from collections import namedtuple
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch

from lab.errors import SpecError, StorageError
from lab.models.twin import hash_tensors
from lab.nouns import Run, now
from lab.training import checkpoints, memory
from lab.training import forecast as forecasting
from lab.training.forecast import doubtful, forecast
from lab.training.methods import METHODS
from tests.training.making import QUESTION, Book, scenario, spec, trainer

CPU = torch.device("cpu")


def test_a_forecast_grows_with_the_run_and_leaves_the_base_alone(loaded: Any, tmp_path: Path) -> None:
    began = now()
    short = forecast(loaded, spec(steps=10), QUESTION, home=tmp_path, data=scenario())
    long = forecast(loaded, spec(steps=1000, probe_every=0), QUESTION, home=tmp_path, data=scenario())
    assert 0 < short.seconds_per_step < short.seconds < long.seconds
    assert began < short.ends < long.ends
    assert short.pairs == 4 * 4
    assert "at most" in short.note
    assert 0 < short.memory <= short.memory_room
    assert hash_tensors(loaded.model) == loaded.base_hash
    assert not list(tmp_path.iterdir())


def test_the_disk_that_is_forecast_is_what_the_checkpoints_take(loaded: Any, tmp_path: Path) -> None:
    wanted = spec(method="sft", question_id=None, steps=6, checkpoint_every=4, probe_every=0)
    expected = forecast(loaded, wanted, None, home=tmp_path / "not yet", data=scenario())
    book = Book()
    trainer(loaded, tmp_path, Run(spec=wanted), book).run(Event())
    tensors = sum(
        (tmp_path / c.path / part).stat().st_size for c in book.checkpoints
        for part in (checkpoints.ADAPTER, checkpoints.OPTIMIZER))
    assert len(book.checkpoints) == 2
    assert expected.disk == pytest.approx(tensors, rel=0.25)  # the files name their tensors, which are tiny here
    assert expected.disk <= tensors
    assert expected.disk_room > expected.disk


def test_a_method_without_rounds_has_no_pairs_to_forecast(loaded: Any, tmp_path: Path) -> None:
    plain = forecast(
        loaded, spec(method="sft", question_id=None, probe_every=0), None, home=tmp_path, data=scenario())
    assert plain.pairs is None
    assert "sampling" not in plain.note


@pytest.mark.parametrize("method", list(METHODS))
def test_every_arm_can_be_forecast(loaded: Any, tmp_path: Path, method: str) -> None:
    asked = QUESTION.id if METHODS[method].needs_question else None
    wanted = spec(method=method, question_id=asked, steps=3, probe_every=0)
    found = forecast(loaded, wanted, QUESTION, home=tmp_path, data=scenario())
    assert found.seconds >= 3 * found.seconds_per_step > 0
    assert (found.pairs is None) == (METHODS[method].rounds is None)


def test_a_batch_that_would_take_too_long_is_reckoned_from_smaller_ones(
    loaded: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecasting, "PATIENCE", 0.0)
    wanted = spec(method="sft", question_id=None, batch_size=256, probe_every=0)
    found = forecast(loaded, wanted, None, home=tmp_path, data=scenario())
    assert "The largest had 1 of 256 rows" in found.note


def test_what_cannot_fit_into_memory_is_refused_with_the_numbers_before_it_is_tried(
    loaded: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a machine whose memory is all taken: only the system's answer is replaced."""
    monkeypatch.setattr(forecasting, "available", lambda device: -(2**20))
    for method, asked, field in (("conscience", QUESTION.id, "batch_size"), ("dpo", None, "pair_batch")):
        with pytest.raises(SpecError) as caught:
            forecast(loaded, spec(method=method, question_id=asked), QUESTION, home=tmp_path, data=scenario())
        assert caught.value.field == field
        assert "measured with 1)" in caught.value.message
        assert caught.value.message.count("MB") + caught.value.message.count("GB") == 2


def test_only_a_run_that_may_not_fit_has_to_be_measured_before_it_starts(
    loaded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not doubtful(loaded, spec(), data=scenario())
    monkeypatch.setattr(forecasting, "available", lambda device: 2**20)
    assert doubtful(loaded, spec(), data=scenario())
    assert not doubtful(loaded, spec(batch_size=1, pair_batch=1), data=replace(scenario(), examples=()))


def test_checkpoints_that_cannot_fit_onto_the_disk_are_refused_with_the_numbers(
    loaded: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage(2**40, 2**40 - 2**20, 2**20))
    wanted = spec(method="sft", question_id=None, steps=1000, checkpoint_every=1, probe_every=0)
    with pytest.raises(SpecError, match=r"1,000 checkpoints would take \d+ MB .*has 1 MB left") as caught:
        forecast(loaded, wanted, None, home=tmp_path, data=scenario())
    assert caught.value.field == "checkpoint_every"
    with pytest.raises(StorageError, match=r"1,000 checkpoints would take"):  # and the run itself, which may come later
        trainer(loaded, tmp_path, Run(spec=wanted), Book()).run(Event())


def test_memory_is_measured_while_it_is_held() -> None:
    with memory.watched(CPU) as peak:
        before = peak.bytes
        taken = torch.ones(2**26)  # 256 MB
        held = memory.held(CPU)
        del taken
    assert held - before > 2**27
    assert peak.bytes - before > 2**27
    assert memory.available(CPU) > 0

"""The forecast: measured in a moment, stores nothing, and says what it does not know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab.models.twin import hash_tensors
from lab.training.forecast import forecast
from lab.training.methods import METHODS
from tests.training.making import QUESTION, scenario, spec


def test_a_forecast_grows_with_the_run_and_leaves_the_base_alone(loaded: Any) -> None:
    short = forecast(loaded, spec(steps=10), QUESTION, data=scenario())
    long = forecast(loaded, spec(steps=1000, probe_every=0), QUESTION, data=scenario())
    assert 0 < short.seconds_per_step < short.seconds < long.seconds
    assert short.pairs == 4 * 4
    assert "at most" in short.note
    assert hash_tensors(loaded.model) == loaded.base_hash


def test_a_method_without_rounds_has_no_pairs_to_forecast(loaded: Any, tmp_path: Path) -> None:
    plain = forecast(loaded, spec(method="sft", question_id=None, probe_every=0), None, data=scenario())
    assert plain.pairs is None
    assert "sampling" not in plain.note
    assert not list(tmp_path.iterdir())


def test_a_run_of_one_step_can_be_forecast(loaded: Any) -> None:
    assert forecast(loaded, spec(steps=1), QUESTION, data=scenario()).seconds > 0


@pytest.mark.parametrize("method", list(METHODS))
def test_every_arm_can_be_forecast(loaded: Any, method: str) -> None:
    asked = QUESTION.id if METHODS[method].needs_question else None
    found = forecast(loaded, spec(method=method, question_id=asked, steps=3, probe_every=0), QUESTION, data=scenario())
    assert found.seconds >= 3 * found.seconds_per_step > 0
    assert (found.pairs is None) == (METHODS[method].rounds is None)

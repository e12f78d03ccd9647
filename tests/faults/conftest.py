"""Fixtures of the fault tests: one torch thread, one tiny frozen model, and a store with a question."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.evaluation import scenarios
from storage import Store
from tests.tiny import one_thread, tiny_loaded
from tests.training.making import QUESTION, scenario


@pytest.fixture(autouse=True, scope="package")
def _one_thread() -> Iterator[None]:
    yield from one_thread()


@pytest.fixture(scope="session")
def loaded() -> Any:
    return tiny_loaded()


@pytest.fixture(autouse=True)
def _tiny_scenario(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenarios, "scenario", lambda name: scenario())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path) as opened:
        opened.save(QUESTION)
        yield opened

"""Fixtures of the training tests: one torch thread, and two tiny frozen models for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conscience.making import steady
from tests.tiny import one_thread, tiny_loaded


@pytest.fixture(autouse=True, scope="package")
def _one_thread() -> Iterator[None]:
    yield from one_thread()


@pytest.fixture(scope="session")
def loaded() -> Any:
    return tiny_loaded()


@pytest.fixture(scope="session")
def ending() -> Any:
    """A model that writes short noise: without think tags, and about one token in eight ends the answer."""
    return steady({steady({}, think=False).chat.end_id: 4.0}, think=False)

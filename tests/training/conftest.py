"""Fixtures of the training tests: one torch thread, and one tiny frozen model for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.tiny import one_thread, tiny_loaded


@pytest.fixture(autouse=True, scope="package")
def _one_thread() -> Iterator[None]:
    yield from one_thread()


@pytest.fixture(scope="session")
def loaded() -> Any:
    return tiny_loaded()

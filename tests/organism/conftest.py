"""Fixtures of the organism tests: one torch thread, and the shipped weights."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.models.loading import LoadedModel
from tests.shipped import organism
from tests.tiny import one_thread


@pytest.fixture(autouse=True, scope="package")
def _one_thread() -> Iterator[None]:
    yield from one_thread()


@pytest.fixture(scope="session")
def shipped() -> LoadedModel:
    return organism()

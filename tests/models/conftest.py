"""Fixtures of the model tests: one torch thread, a tiny model that writes noise, and the shipped organism."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.models.loading import LoadedModel
from tests.shipped import organism
from tests.tiny import one_thread, tiny_loaded


@pytest.fixture(autouse=True, scope="package")
def _one_thread() -> Iterator[None]:
    yield from one_thread()


@pytest.fixture(scope="session")
def noise() -> LoadedModel:
    return tiny_loaded()


@pytest.fixture(scope="session")
def shipped() -> LoadedModel:
    return organism()

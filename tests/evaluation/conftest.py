"""Fixtures of the evaluation tests: one torch thread."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.tiny import one_thread


@pytest.fixture(autouse=True, scope="package")
def _one_thread() -> Iterator[None]:
    yield from one_thread()

"""The embedded organism for the tests, loaded once a session: what must hold for it is tested on it, not on noise."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.models.loading import LoadedModel


@cache
def organism() -> LoadedModel:
    """The shipped weights, frozen, on the CPU. Shared: nobody writes to them, and a test proves that nobody does."""
    from lab.models.loading import load

    return load("organism", device="cpu")

"""A share with its interval: what rates are shown as."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Share:
    """A share of n with its interval."""

    value: float | None
    """0–1; None for none of none."""
    low: float | None
    high: float | None
    """The 95 % interval (Wilson); None like the value."""
    n: int

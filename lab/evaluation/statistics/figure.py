"""What a calculation hands back: a figure with its interval, a test with its p, each with n; or why there is none."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number that was measured, and how far it may be off."""

    value: float | None
    """The estimate; None when there was nothing to estimate it from."""
    low: float | None
    """Lower end of the interval; None when there is none."""
    high: float | None
    """Upper end of the interval; None when there is none."""
    n: int
    """Observations behind it: answers, or seeds."""
    units: int
    """What was drawn independently: questions, seeds, or the observations themselves."""
    method: str
    """How the interval was made, in words: "Wilson, 95 %"."""
    reason: str = ""
    """Why the value or its interval is missing; empty when both are there."""


@dataclass(frozen=True, kw_only=True)
class Test:
    """The result of a test."""

    __test__ = False  # its name is the field's; pytest would collect it

    p: float | None
    """The p-value; None when there was nothing to test."""
    n: int
    """What was tested: discordant things, questions."""
    method: str
    """Which test, in words."""
    reason: str = ""
    """Why there is no p; empty when there is one."""


NOTHING = "nothing was measured"
"""The reason of a figure without a single observation."""

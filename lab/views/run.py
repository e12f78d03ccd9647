"""A run with all that its card shows, and what the trainer is doing now."""

from __future__ import annotations

from dataclasses import dataclass

from lab.nouns import Alarm, Answer, Prompt, Review, Run
from lab.views.curve import Curve
from lab.views.round import RoundView


@dataclass(frozen=True, kw_only=True)
class TrainerStatus:
    """What the trainer is doing now."""

    run: Run | None
    """The run in work; None when idle."""
    eta: float | None
    """Seconds to its end, from the steps so far; None before the first."""
    queued: tuple[Run, ...]
    """Runs that wait, first first."""
    doing: str
    """The part in work, in plain words: "sampling answers", "step 12 of 75"; without a run what model is being
    downloaded or loaded; empty when idle."""


@dataclass(frozen=True, kw_only=True)
class RunStory:
    """A run with all that its card shows."""

    run: Run
    question: str
    """Name and version of its question; empty for none."""
    parent: str
    """The checkpoint that it started from, as shown: "run 7 @ 40"; empty for the base."""
    curves: tuple[Curve, ...]
    """Its small curves."""
    reviewed: tuple[tuple[Prompt, Answer, Review], ...]
    """Its latest stored reviews, newest first."""
    round: RoundView | None
    """The round in work, or the last one while the run is in work; None otherwise."""
    alarms: tuple[Alarm, ...]
    """Tripwires that went off in it, in order."""

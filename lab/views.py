"""What the studio hands to its readers, the page and the command line: small frozen records, no widgets, no SQL."""

from __future__ import annotations

from dataclasses import dataclass

from lab.nouns import Answer, Pair, Prompt, Question, Review, Run


@dataclass(frozen=True, kw_only=True)
class Voice:
    """Weights that can speak: the base, or a run at a step."""

    adapter: str
    """"base" or "RUN@STEP"."""
    title: str
    """As shown: "base", "run 7 @ 50"."""


@dataclass(frozen=True, kw_only=True)
class SideBySide:
    """Two reviews of one answer as they grow. A review is None until its verdict is read."""

    policy_thought: str
    frozen_thought: str
    policy: Review | None = None
    frozen: Review | None = None


@dataclass(frozen=True, kw_only=True)
class Growing:
    """An answer as it grows: what is there so far, and the Answer itself once it is finished and stored."""

    thought: str
    reply: str
    answer: Answer | None = None


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
    """The part in work, in plain words: "sampling answers", "step 12 of 75"; empty when idle."""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a run would take on this machine, from a short measurement."""

    seconds: float
    """Expected duration."""
    seconds_per_step: float
    """Median seconds of an ordinary step."""
    pairs: int | None
    """Expected pairs; None for methods that make none."""
    note: str
    """How it was measured, in one sentence."""


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """One point of a curve with its interval."""

    step: int
    value: float | None
    n: int
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One metric of one run."""

    run: Run
    name: str
    points: tuple[CurvePoint, ...]


@dataclass(frozen=True, kw_only=True)
class PairStory:
    """A pair with everything that led to it."""

    pair: Pair
    prompt: Prompt
    answer: Answer
    review: Review | None
    """The review that decided; None where every answer was rewritten without one."""
    question: Question
    run: Run | None

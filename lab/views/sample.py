"""Answers of a run that are looked at one by one."""

from __future__ import annotations

from dataclasses import dataclass

from lab.nouns import Answer, Pair, Prompt, Review, Run
from lab.views.curve import Judged


@dataclass(frozen=True, kw_only=True)
class DriftPoint:
    """A run's answer to a probe prompt at one step."""

    answer: Answer
    score: str | None
    """The oracle's word for it; None where it cannot judge this model."""


@dataclass(frozen=True, kw_only=True)
class Drift:
    """One probe prompt along a run: equal draws, so that what differs between two answers is the weights."""

    run: Run
    prompts: tuple[Prompt, ...]
    """All prompts of its probes: those first that were answered maliciously most often."""
    prompt: Prompt
    """The one that is shown."""
    start: str
    """Who wrote the first answer: "the frozen copy"; of a branch the checkpoint, "run 7 @ 40"."""
    points: tuple[DriftPoint, ...]
    """By step; the first is what the others are compared with."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One reviewed answer of a run."""

    prompt: Prompt
    answer: Answer
    review: Review
    pair_id: str | None
    """The pair that came of it; None where it was let stand, or no alternative would do."""


@dataclass(frozen=True, kw_only=True)
class Extremes:
    """A run's best and worst samples; each sort is empty where nothing of it is stored."""

    run: Run
    flagged: tuple[Sample, ...]
    """Answers that their reviews are surest to flag, surest first."""
    aligned: tuple[Sample, ...]
    """Answers that they are surest to let stand."""
    widest: tuple[Pair, ...]
    """Pairs whose chosen side the frozen copy prefers most."""
    narrowest: tuple[Pair, ...]
    """Pairs whose chosen side it prefers least."""
    malicious: tuple[Judged, ...]
    """Answers of its last probe that the oracle calls malicious."""
    kind: tuple[Judged, ...]
    """Answers of its last probe that it calls kind."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One answer to a question of a file."""

    question: str
    """The question's id."""
    prompt: Prompt
    """The wording that was put."""
    answer: Answer
    """What was said."""
    score: str | None
    """What the judge said; None where there is none for this model."""

"""A pair with everything that led to it, and what a run learnt of it."""

from __future__ import annotations

from dataclasses import dataclass

from lab.nouns import Answer, Pair, Prompt, Question, Review, Run


@dataclass(frozen=True, kw_only=True)
class TracePoint:
    """A pair under the weights of one checkpoint."""

    step: int
    """Step of the checkpoint; 0 for the frozen copy."""
    chosen: float
    """log π(chosen) − log π_ref(chosen), nats."""
    rejected: float
    """log π(rejected) − log π_ref(rejected), nats."""
    margin: float
    """β·(chosen − rejected), nats: above 0 where the policy has learnt to prefer the chosen side."""


@dataclass(frozen=True, kw_only=True)
class PairTrace:
    """What a run learnt of one of its pairs, checkpoint by checkpoint."""

    run: Run
    points: tuple[TracePoint, ...]
    """By step, the frozen copy first."""

    @property
    def outcome(self) -> str:
        """In words: learned, never learned, or flipped (it was preferred, and no longer is)."""
        last = self.points[-1].margin
        if last > 0:
            return "learned"
        return "flipped" if any(point.margin > 0 for point in self.points) else "never learned"


@dataclass(frozen=True, kw_only=True)
class PairStory:
    """A pair with everything that led to it."""

    pair: Pair
    prompt: Prompt
    answer: Answer
    review: Review | None
    """The review that decided; None where every answer was rewritten without one."""
    reviewer: str
    """The weights that wrote it, as shown: "run 7 @ 40", "base" for the frozen copy; empty where there is none."""
    question: Question | None
    """The question under which it was decided; None for an imported pair."""
    run: Run | None

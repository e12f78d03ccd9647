"""Many answers, each under two reviews."""

from __future__ import annotations

from dataclasses import dataclass

from lab.nouns import Answer, Prompt, Review
from lab.views.share import Share


@dataclass(frozen=True, kw_only=True)
class TwiceReviewed:
    """One answer under two reviews: of two speakers, or under two questions."""

    prompt: Prompt
    answer: Answer
    left: Review
    right: Review
    score: str | None
    """The oracle's word for the answer; None where it cannot judge this model."""

    @property
    def gap(self) -> float | None:
        """How far p(flagged) is apart, 0–1; None where a verdict is unreadable, or was written."""
        one, two = self.left.verdict.read, self.right.verdict.read
        return None if one is None or two is None else abs(one - two)


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Many answers, each under two reviews."""

    left: str
    """What the left reviews are: "policy, run 7 @ 50", "Three Laws v2"."""
    right: str
    rows: tuple[TwiceReviewed, ...]
    """The widest disagreement first; behind the readable ones those without a gap."""
    agree: Share
    """Answers on which both came to the same."""
    left_alone: int
    right_alone: int
    """Answers that one side flags and the other does not."""
    p_alike: float | None
    """Of both sides flagging as often as each other, McNemar's exact test; None where they flag the same answers."""
    left_flags: Share
    right_flags: Share
    """Answers that are flagged."""
    left_found: Share
    right_found: Share
    """Of the answers that the oracle calls malicious, those flagged (recall); n 0 where it cannot judge."""
    left_sound: Share
    right_sound: Share
    """Of the flagged answers that the oracle can parse, those that it calls malicious (precision); n 0 where it cannot
    judge."""

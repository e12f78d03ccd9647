"""Who can speak, and what is shown while an answer and its reviews grow."""

from __future__ import annotations

from dataclasses import dataclass

from lab.nouns import Answer, Review, Verdict


@dataclass(frozen=True, kw_only=True)
class Voice:
    """Weights that can speak: the base, or a run at a step."""

    adapter: str
    """"base" or "RUN@STEP"."""
    title: str
    """As shown: "base", "run 7 @ 50"."""


@dataclass(frozen=True, kw_only=True)
class Growing:
    """An answer as it grows: what is there so far, and the Answer itself once it is finished and stored."""

    thought: str
    reply: str
    answer: Answer | None = None


@dataclass(frozen=True, kw_only=True)
class SideBySide:
    """Two reviews of one answer as they grow, or three. A review is None until its verdict is read."""

    policy_thought: str
    frozen_thought: str
    policy: Review | None = None
    frozen: Review | None = None
    third_thought: str = ""
    third: Review | None = None
    """The review by a third checkpoint; None where there is none, or not yet."""
    orders: tuple[tuple[Verdict, ...], ...] = ((), (), ())
    """Of policy, frozen copy and third: the verdict with the labels as the question has them, and in the other order;
    empty where they were offered in one order, or nothing was read."""

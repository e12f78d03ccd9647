"""A metric along the steps, and the answers behind its points."""

from __future__ import annotations

from dataclasses import dataclass

from lab.nouns import Answer, Evaluation, Prompt, Run


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
    """One metric of one run, or of a group of runs."""

    run: Run
    """Whose it is; of a group the first."""
    name: str
    points: tuple[CurvePoint, ...]
    """By step. Of a group: the mean of its runs, low and high the lowest and highest of them, n how many they are."""
    group: str = ""
    """What the runs of a group have in common: "λ 0.1 · 3 runs"; empty for a run alone."""
    smoothed: tuple[float | None, ...] = ()
    """What the line is drawn through, a value a point; empty where it goes through the points themselves."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One answer behind a point of a curve."""

    prompt: Prompt
    answer: Answer
    evaluation: Evaluation
    """What the judge said of it."""

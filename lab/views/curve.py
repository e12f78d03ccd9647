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
    """What the runs of a group have in common: "λ 0.1"; empty for a run alone."""
    members: tuple[Run, ...] = ()
    """The runs of a group that have this metric; empty for a run alone."""
    smoothed: tuple[float | None, ...] = ()
    """What the line is drawn through, a value a point; empty where it goes through the points themselves."""
    across: tuple[CurvePoint, ...] = ()
    """Another measure at the same steps, a point for each of `points`: what stands on the x axis in place of the step;
    empty where that is the step. Of a group: the mean of the runs that have both measures there."""
    smoothed_across: tuple[float | None, ...] = ()
    """Where the line stands on the x axis; empty like `smoothed`, and where that is the step."""
    unmatched: int = 0
    """Steps at which the measure has a value and the one on the x axis has none: they have no point."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One answer behind a point of a curve."""

    prompt: Prompt
    answer: Answer
    evaluation: Evaluation
    """What the judge said of it."""

"""A score in full: its mean with an interval, its quantiles, and how many answers lie where.

A mean hides whether all answers are a little worse or a few are terrible. The scores are a judge's of alignment
(0–100), or what the frozen copy thinks of the answers: 100 · (1 − p(flagged)).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lab.evaluation.statistics import Figure, clustered_mean
from lab.nouns import Review

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
BINS = 10


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """Scores of 0–100 of some answers."""

    mean: Figure
    """Mean with its interval over questions."""
    quantiles: tuple[tuple[float, float], ...]
    """(share, score): so many answers lie at or below it, interpolated; none without answers."""
    counts: tuple[int, ...]
    """Answers in ten equal stretches from 0 to 100; the last one holds 100 too."""


def distribution(scores: Sequence[float], questions: Sequence[Hashable]) -> Distribution:
    """The distribution of `scores` (0–100, one an answer), whose questions stand in the same order.

    ValueError for a score outside of 0–100.
    """
    if wrong := [s for s in scores if not 0 <= s <= 100]:
        raise ValueError(f"a score of {wrong[0]}: expected 0 to 100")
    counts = [0] * BINS
    for score in scores:
        counts[min(BINS - 1, int(score * BINS / 100))] += 1
    return Distribution(
        mean=clustered_mean(scores, questions), counts=tuple(counts),
        quantiles=tuple((q, quantile(scores, q)) for q in QUANTILES) if scores else (),
    )


def quantile(values: Sequence[float], share: float) -> float:
    """The quantile at `share` in 0–1, interpolated between the two nearest values. ValueError without a value."""
    if not values:
        raise ValueError("no values: nothing has a quantile")
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = min(int(place), len(ordered) - 2) if len(ordered) > 1 else 0
    near = ordered[low : low + 2]
    return near[0] + (place - low) * sum(b - a for a, b in pairwise(near))


def conscience_scores(reviews: Sequence[tuple[str, Review]]) -> tuple[list[float], list[str]]:
    """100 · (1 − p(flagged)) of each readable review, and its question; the reviews come with the prompt's id."""
    found = [(p, r.verdict.read) for p, r in reviews if r.verdict.read is not None]
    return [100 * (1 - p) for _, p in found], [prompt for prompt, _ in found]

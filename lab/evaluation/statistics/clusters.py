"""Means over answers of which several belong to one question: the question is what is drawn, and what is redrawn.

Answers to one question resemble each other, so an interval over answers is several times too narrow. The bootstrap
here redraws questions with all their answers, and recomputes the mean over answers. Percentile interval of
`scipy.stats.bootstrap`, which is given each question's sum and count as one pair.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from lab.evaluation.statistics.figure import NOTHING, Figure
from lab.evaluation.statistics.rates import wilson

Key = TypeVar("Key", bound=tuple[Hashable, Hashable])
DRAWS = 2000
"""Redraws of a bootstrap: the ends of a 95 % interval move by about a twentieth of its width between seeds."""


def clustered_mean(
    values: Sequence[float], clusters: Sequence[Hashable], *, share: bool = False, confidence: float = 0.95,
    seed: int = 0,
) -> Figure:
    """Mean of `values` (one an answer, any unit) with a bootstrap interval over `clusters` (its question, same order).

    Without an interval when there are fewer than two questions, or no spread between them; the reason says so. Of a
    `share` (zeros and ones) that is 0 or 1 throughout, the interval is Wilson's with questions for n: redrawing nothing
    but zeros would claim certainty.
    """
    if len(values) != len(clusters):
        raise ValueError(f"{len(values)} values and {len(clusters)} clusters: one cluster a value is needed")
    sums: dict[Hashable, float] = {}
    counts: dict[Hashable, int] = {}
    for value, cluster in zip(values, clusters, strict=True):
        sums[cluster] = sums.get(cluster, 0.0) + value
        counts[cluster] = counts.get(cluster, 0) + 1
    figure = _bootstrap(list(sums.values()), list(counts.values()), confidence, seed)
    if share and figure.units > 1 and figure.value in (0, 1):
        low, high = wilson(figure.units * int(figure.value), figure.units, confidence) or (None, None)
        return replace(figure, low=low, high=high, method=f"Wilson over questions, {confidence:.0%}", reason="")
    return figure


def paired_difference(
    first: Mapping[Key, float], second: Mapping[Key, float], *,
    confidence: float = 0.95, seed: int = 0,
) -> Figure:
    """Mean of first − second over what both have, keyed by (question, seed), bootstrap over questions.

    `seed` in a key is whatever tells repetitions of a question apart: training seed, sampling seed, or both. What only
    one of them has is left out; the figure's n says how much was paired.
    """
    shared = [key for key in first if key in second]
    return clustered_mean(
        [first[key] - second[key] for key in shared], [key[0] for key in shared], confidence=confidence, seed=seed)


def _bootstrap(sums: list[float], counts: list[int], confidence: float, seed: int) -> Figure:
    n, units = sum(counts), len(counts)
    method = f"bootstrap over questions, {DRAWS} draws, {confidence:.0%}"
    if n == 0:
        return Figure(value=None, low=None, high=None, n=0, units=0, method=method, reason=NOTHING)
    value = sum(sums) / n
    if units < 2:
        return Figure(
            value=value, low=None, high=None, n=n, units=units, method=method,
            reason="one question has no spread between questions",
        )
    if len({s / c for s, c in zip(sums, counts, strict=True)}) == 1:  # scipy would warn, and claim certainty
        return Figure(
            value=value, low=None, high=None, n=n, units=units, method=method,
            reason="every question gave the same value",
        )
    low, high = _interval(sums, counts, confidence, seed)
    return Figure(value=value, low=low, high=high, n=n, units=units, method=method)


def _interval(sums: list[float], counts: list[int], confidence: float, seed: int) -> tuple[float, float]:
    import numpy as np
    from scipy.stats import bootstrap

    def ratio(total: Any, size: Any, axis: int = -1) -> Any:
        return np.sum(total, axis=axis) / np.sum(size, axis=axis)

    found = bootstrap(
        (np.asarray(sums, float), np.asarray(counts, float)), ratio, paired=True, vectorized=True, n_resamples=DRAWS,
        confidence_level=confidence, method="percentile", rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)

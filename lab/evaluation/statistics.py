"""Intervals for the figures that the lab shows. `scipy.stats` does the mathematics."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=4096)
def wilson(successes: int, n: int, confidence: float = 0.95) -> tuple[float, float] | None:
    """Wilson interval of a plain rate, bounds in 0–1; None without observations.

    Source: Wilson (1927), as `scipy.stats.binomtest(...).proportion_ci`.
    """
    if n == 0:
        return None
    from scipy.stats import binomtest

    interval = binomtest(successes, n).proportion_ci(confidence, "wilson")
    return float(interval.low), float(interval.high)

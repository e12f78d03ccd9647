"""Plain rates, and two rates on the same things."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from lab.evaluation.statistics.figure import NOTHING, Figure, Test


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


def rate(successes: int, n: int, confidence: float = 0.95) -> Figure:
    """A rate of independent observations, in 0–1, with its Wilson interval.

    Answers to one question are not independent: for those see `clustered_mean`.
    """
    bounds = wilson(successes, n, confidence)
    low, high = bounds or (None, None)
    return Figure(
        value=successes / n if n else None, low=low, high=high, n=n, units=n, method=f"Wilson, {confidence:.0%}",
        reason="" if n else NOTHING,
    )


def sign_test(successes: int, n: int) -> Test:
    """Whether a rate of independent observations is a half: binomial test, exact, two-sided.

    Source: `scipy.stats.binomtest`.
    """
    if n == 0:
        return Test(p=None, n=0, method="binomial, exact", reason=NOTHING)
    from scipy.stats import binomtest

    return Test(p=float(binomtest(successes, n, 0.5).pvalue), n=n, method="binomial, exact")


def mcnemar(before_only: int, after_only: int) -> Test:
    """McNemar's exact test: the same things asked twice, `before_only` true the first time only, `after_only` the
    second time only. Whatever did not change says nothing and is not asked for.

    Source: McNemar (1947); exact form: a binomial test of the discordant ones, two-sided.
    """
    found = sign_test(before_only, before_only + after_only)
    return replace(found, method="McNemar, exact", reason="nothing changed either way" if found.p is None else "")

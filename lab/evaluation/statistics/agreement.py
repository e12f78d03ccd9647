"""Two judges of the same answers: how often they say the same, and how much more often than by chance."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from lab.evaluation.statistics.figure import NOTHING, Figure


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """What two judges have in common, on the answers that both judged."""

    counts: tuple[tuple[int, int], tuple[int, int]]
    """((neither, second only), (first only, both)): how often each says yes."""
    kappa: Figure
    """Cohen's κ: 1 the same, 0 as by chance; bootstrap over questions. None when both give one label only."""
    spearman: Figure
    """Spearman's rank correlation of the scores; None where a judge gives no scores, or always the same."""
    same: Figure
    """Share of the same label, in 0–1; Wilson."""


def agreement(
    first: Sequence[bool], second: Sequence[bool], questions: Sequence[Hashable], *,
    scores: tuple[Sequence[float], Sequence[float]] | None = None, seed: int = 0,
) -> Agreement:
    """Compare two judges: yes or no an answer, its question, and their scores where they give some."""
    from lab.evaluation.statistics.rates import rate

    table = [[0, 0], [0, 0]]
    for one, other in zip(first, second, strict=True):
        table[one][other] += 1
    same = table[0][0] + table[1][1]
    return Agreement(
        counts=((table[0][0], table[0][1]), (table[1][0], table[1][1])), same=rate(same, len(first)),
        kappa=_kappa(first, second, questions, seed), spearman=_spearman(scores),
    )


def _kappa(first: Sequence[bool], second: Sequence[bool], questions: Sequence[Hashable], seed: int) -> Figure:
    """Source: Cohen (1960). κ = (observed − expected) / (1 − expected)."""
    n, units = len(first), len(set(questions))
    method = "bootstrap over questions, 1000 draws, 95%"
    if n == 0:
        return Figure(value=None, low=None, high=None, n=0, units=0, method=method, reason=NOTHING)
    import numpy as np

    cells = {q: np.zeros(4) for q in dict.fromkeys(questions)}
    for one, other, question in zip(first, second, questions, strict=True):
        cells[question][2 * one + other] += 1
    counts = np.stack(list(cells.values()))
    value = float(_kappa_of(counts.sum(0)))
    if np.isnan(value):
        return Figure(
            value=None, low=None, high=None, n=n, units=units, method=method,
            reason="both judges give the same one label throughout",
        )
    if units < 2:
        return Figure(
            value=value, low=None, high=None, n=n, units=units, method=method,
            reason="one question has no spread between questions",
        )
    drawn = np.random.default_rng(seed).integers(0, units, (1000, units))
    draws = _kappa_of(counts[drawn].sum(1))
    low, high = np.nanquantile(draws, [0.025, 0.975])
    return Figure(value=value, low=float(low), high=float(high), n=n, units=units, method=method)


def _kappa_of(counts: Any) -> Any:
    """κ of counts (..., 4): neither, second only, first only, both. Not a number where it is not defined."""
    import numpy as np

    cells = np.asarray(counts, float)
    n = cells.sum(-1)
    neither, second, one, both = np.moveaxis(cells, -1, 0)
    expected = ((one + both) * (second + both) + (neither + second) * (neither + one)) / n**2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(expected == 1, np.nan, ((neither + both) / n - expected) / (1 - expected))


def _spearman(scores: tuple[Sequence[float], Sequence[float]] | None) -> Figure:
    method = "Fisher's z, 95%"
    if scores is None:
        return Figure(value=None, low=None, high=None, n=0, units=0, method=method, reason="a judge gives no scores")
    first, second = scores
    n = len(first)
    if n < 4 or len(set(first)) == 1 or len(set(second)) == 1:
        reason = "fewer than four answers" if n < 4 else "a judge gives one score throughout"
        return Figure(value=None, low=None, high=None, n=n, units=n, method=method, reason=reason)
    import math

    from scipy.stats import norm, spearmanr

    found: Any = spearmanr(first, second)
    value = float(found.statistic)
    if abs(value) >= 1:
        return Figure(value=value, low=value, high=value, n=n, units=n, method=method)
    reach = float(norm.ppf(0.975)) * math.sqrt(1.06 / (n - 3))  # Fieller, Hartley and Pearson (1957)
    low, high = math.tanh(math.atanh(value) - reach), math.tanh(math.atanh(value) + reach)
    return Figure(value=value, low=low, high=high, n=n, units=n, method=method)

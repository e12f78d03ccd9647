"""Two judges of the same answers: how often they say the same, and how much more often than by chance."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from lab.evaluation.statistics.figure import NOTHING, Figure

_DRAWS = 1000
"""Redraws of a bootstrap."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """What two judges have in common, on the answers that both judged."""

    counts: tuple[tuple[int, int], tuple[int, int]]
    """((neither, second only), (first only, both)): how often each says yes."""
    kappa: Figure
    """Cohen's κ: 1 the same, 0 as by chance; bootstrap over questions. None when both give one label only."""
    spearman: Figure
    """Spearman's rank correlation of the scores; bootstrap over questions. None where a judge gives none, or one alone.
    """
    same: Figure
    """Share of the same label, in 0–1; Wilson."""


def agreement(
    first: Sequence[bool], second: Sequence[bool], questions: Sequence[Hashable], *,
    scores: tuple[Sequence[float | None], Sequence[float | None]] | None = None, seed: int = 0,
) -> Agreement:
    """Compare two judges: yes or no an answer, its question, and their scores, where both give one."""
    from lab.evaluation.statistics.rates import rate

    table = [[0, 0], [0, 0]]
    for one, other in zip(first, second, strict=True):
        table[one][other] += 1
    same = table[0][0] + table[1][1]
    return Agreement(
        counts=((table[0][0], table[0][1]), (table[1][0], table[1][1])), same=rate(same, len(first)),
        kappa=_kappa(first, second, questions, seed), spearman=rank_correlation(scores, questions, seed=seed),
    )


def _kappa(first: Sequence[bool], second: Sequence[bool], questions: Sequence[Hashable], seed: int) -> Figure:
    """Source: Cohen (1960). κ = (observed − expected) / (1 − expected)."""
    n, units = len(first), len(set(questions))
    method = f"bootstrap over questions, {_DRAWS} draws, 95%"
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
    drawn = np.random.default_rng(seed).integers(0, units, (_DRAWS, units))
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


def rank_correlation(
    scores: tuple[Sequence[float | None], Sequence[float | None]] | None, questions: Sequence[Hashable], *,
    seed: int = 0,
) -> Figure:
    """Spearman's ρ over the answers that both judges gave a score, ties at their mean rank.

    The interval redraws questions with all their answers, and ranks anew. No value below four answers, or where one of
    them gives one score throughout.
    """
    method = f"bootstrap over questions, {_DRAWS} draws, 95%"
    if scores is None:
        return Figure(value=None, low=None, high=None, n=0, units=0, method=method, reason="a judge gives no scores")
    both = [
        (one, other, question) for one, other, question in zip(*scores, questions, strict=True)
        if one is not None and other is not None
    ]
    n, units = len(both), len({question for _, _, question in both})
    if n < 4 or len({one for one, _, _ in both}) == 1 or len({other for _, other, _ in both}) == 1:
        reason = "fewer than four answers" if n < 4 else "a judge gives one score throughout"
        return Figure(value=None, low=None, high=None, n=n, units=units, method=method, reason=reason)
    import numpy as np

    places: dict[Hashable, list[int]] = {}
    for place, (_, _, question) in enumerate(both):
        places.setdefault(question, []).append(place)
    values = np.array([(one, other) for one, other, _ in both], float)
    value = _rho(values)
    if units < 2:
        return Figure(
            value=value, low=None, high=None, n=n, units=units, method=method,
            reason="one question has no spread between questions",
        )
    groups = [np.array(found) for found in places.values()]
    drawn = np.random.default_rng(seed).integers(0, units, (_DRAWS, units))
    draws = [_rho(values[np.concatenate([groups[k] for k in draw])]) for draw in drawn]
    low, high = np.nanquantile(draws, [0.025, 0.975])
    return Figure(value=value, low=float(low), high=float(high), n=n, units=units, method=method)


def _rho(values: Any) -> float:
    """Spearman's ρ of the two columns of `values` (n, 2), ties at their mean rank; not a number for a constant one."""
    import numpy as np
    from scipy.stats import rankdata

    ranks = rankdata(values, axis=0)
    ranks -= ranks.mean(0)
    length = np.sqrt((ranks**2).sum(0).prod())
    return float((ranks[:, 0] * ranks[:, 1]).sum() / length) if length > 0 else float("nan")

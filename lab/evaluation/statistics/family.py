"""Several tests at once: p-values adjusted so that any false alarm among them stays rare."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm-adjusted p-values in the order given; a None (nothing was tested) stays None and does not count.

    Source: Holm (1979): the i-th smallest of m, times m − i + 1, never below the one before it, at most 1. scipy has no
    Holm; the tests hold this to statsmodels.
    """
    known = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    floor = 0.0
    for rank, (p, place) in enumerate(known):
        floor = min(1.0, max(floor, p * (len(known) - rank)))
        adjusted[place] = floor
    return adjusted

"""How the pairs of a filter are spread over a figure: counts in equal bins, worked out in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from duckdb import DuckDBPyConnection

from storage.pair_filter import PairFilter, matching_text

FIGURES = ("margin", "p_flagged", "step")
"""Columns of the listing that a histogram is drawn of."""
BINS = 20


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """One figure over the pairs of a filter."""

    name: str
    """One of `FIGURES`."""
    bins: tuple[tuple[float, float, int], ...]
    """From, to (not included, but for the last) and pairs of each bin, in order; empty where no pair has the figure."""
    missing: int
    """Pairs without the figure."""


def histograms(cursor: DuckDBPyConnection, wanted: PairFilter) -> tuple[Histogram, ...]:
    """A histogram of each figure over all pairs of a filter."""
    where, values = matching_text(cursor, wanted)
    return tuple(_histogram(cursor, name, where, values) for name in FIGURES)


def _histogram(cursor: DuckDBPyConnection, name: str, where: str, values: list[Any]) -> Histogram:
    low, high, n, missing = cursor.execute(
        f"SELECT min({name}), max({name}), count({name}), count(*) - count({name}) FROM facts.listing {where}", values
    ).fetchall()[0]
    if not n:
        return Histogram(name=name, bins=(), missing=missing)
    if name == "p_flagged":
        low, high = 0.0, 1.0
    whole = name == "step"
    span = max(float(high) - float(low) + whole, 1e-9)
    width = max(1.0, -(-span // BINS)) if whole else span / BINS
    most = max(0, int(-(-span // width)) - 1)
    counts = dict(cursor.execute(
        f"SELECT least(floor(({name} - ?) / ?), ?)::BIGINT AS bin, count(*) FROM facts.listing {where} "
        f"{'AND' if where else 'WHERE'} {name} IS NOT NULL GROUP BY bin", [low, width, most, *values]).fetchall())
    return Histogram(
        name=name, missing=missing,
        bins=tuple((low + i * width, low + (i + 1) * width, counts.get(i, 0)) for i in range(most + 1)))

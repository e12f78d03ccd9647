"""Curves worked out in SQL: every point of short ones, and of long ones those that show, the same ones every time."""

from __future__ import annotations

from collections.abc import Sequence

from duckdb import DuckDBPyConnection

from lab.errors import RequestError
from lab.nouns import Metric

_EXTREMES = """
               min({value: value, step: step, n: n}) FILTER (value IS NOT NULL),
               max({value: value, step: step, n: n}) FILTER (value IS NOT NULL),
               min({step: step, value: value, n: n}) FILTER (value IS NULL AND width = 1 OR step = first),
               max({step: step, value: value, n: n}) FILTER (step = last)"""
_FIRSTS = """
               min({step: step, value: value, n: n}) FILTER (value IS NOT NULL),
               min({step: step, value: value, n: n}) FILTER (value IS NULL AND width = 1),
               max({step: step, value: value, n: n}) FILTER (step = last)"""
_CURVES = """
WITH points AS (
    SELECT run_id, name, step, value, n FROM facts.metrics
    WHERE run_id IN (SELECT unnest(?::VARCHAR[])) AND name IN (SELECT unnest(?::VARCHAR[]))
), widths AS (
    SELECT run_id, name, min(step) AS first, max(step) AS last,
           CASE WHEN count(*) <= ? THEN 1 ELSE 2 ** greatest(0, ceil(log2((max(step) + 1) / ?))) END::BIGINT AS width
    FROM points GROUP BY ALL
), buckets AS (
    SELECT run_id, name,
           list_distinct(list_filter([{kept}
           ], lambda point: point IS NOT NULL)) AS kept
    FROM points JOIN widths USING (run_id, name)
    WHERE step > ?::BIGINT // width * width - 1
    GROUP BY run_id, name, step // width
)
SELECT run_id, step, name, value, n
FROM (SELECT run_id, name, unnest(kept, recursive := true) FROM buckets)
WHERE step > ? ORDER BY run_id, name, step
"""


def curve_points(
    cursor: DuckDBPyConnection, run_ids: Sequence[str], names: Sequence[str], *, after_step: int, max_points: int,
    aligned: bool = False,
) -> list[Metric]:
    """Points of curves by run, name and step: all up to `max_points` a curve, else the extremes of equal stretches.

    Each stretch of steps keeps its lowest and highest point, and a curve its first and last; every point is a measured
    one. Stretches are powers of two long and start at multiples of their length, so that a growing curve keeps what was
    shown and never jitters, and a later call with `after_step` fits on to an earlier one.

    With `aligned` each stretch keeps its first measured point instead, so that runs that were measured at the same
    steps keep the same ones: what a mean over them needs.
    """
    if not 4 <= max_points <= 100_000:
        raise RequestError(f"{max_points} points a curve are not possible; ask for 4 to 100000.", field="max_points")
    rows = cursor.execute(
        _CURVES.replace("{kept}", _FIRSTS if aligned else _EXTREMES),
        [list(run_ids), list(names), max_points, (max_points - 2) // (1 if aligned else 2), after_step + 1, after_step],
    ).fetchall()
    return [Metric(run_id=run, step=step, name=name, value=value, n=n) for run, step, name, value, n in rows]


def latest_points(cursor: DuckDBPyConnection, run_id: str) -> dict[str, Metric]:
    """The point of the highest step of each metric of a run, by name."""
    rows = cursor.execute(
        "SELECT name, unnest(max({step: step, value: value, n: n}), recursive := true) FROM facts.metrics "
        "WHERE run_id = ? GROUP BY name ORDER BY name",
        [run_id],
    ).fetchall()
    return {name: Metric(run_id=run_id, step=step, name=name, value=value, n=n) for name, step, value, n in rows}


def latest_of(cursor: DuckDBPyConnection, run_ids: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, Metric]]:
    """The same of many runs in one query, for these metrics alone: by run, then by name; nothing for a run without."""
    rows = cursor.execute(
        "SELECT run_id, name, unnest(max({step: step, value: value, n: n}), recursive := true) FROM facts.metrics "
        "WHERE run_id IN (SELECT unnest(?::VARCHAR[])) AND name IN (SELECT unnest(?::VARCHAR[])) "
        "GROUP BY run_id, name ORDER BY run_id, name",
        [list(run_ids), list(names)],
    ).fetchall()
    found: dict[str, dict[str, Metric]] = {}
    for run, name, step, value, n in rows:
        found.setdefault(run, {})[name] = Metric(run_id=run, step=step, name=name, value=value, n=n)
    return found

"""Two measures of a run at the same steps, for curves of one over the other; and what a run had cost by then.

A step counts where both were measured there. Nothing is filled in between: a loss of every step over a rate of every
fifth has the points of every fifth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lab.errors import RequestError
from lab.nouns import Metric
from storage.folder import DataFolder


@dataclass(frozen=True, kw_only=True)
class Crossed:
    """One measure of some runs, with another one at the same steps."""

    points: tuple[tuple[Metric, Metric], ...]
    """The measure and the other one, both with a value, by run and step."""
    measured: dict[str, int]
    """Steps at which the measure has a value, by run; those without the other one are not among the points."""
    matched: dict[str, int]
    """Steps at which both have one, by run: of long curves more than there are points."""


@dataclass(frozen=True, kw_only=True)
class Meter:
    """What a run had cost when it stood at a step, as its stored answers and reviews tell."""

    run_id: str
    """The run."""
    step: int
    """Optimiser steps done."""
    seconds: float
    """From the run's start to its first text of this step; pauses count."""
    tokens: int
    """Tokens of its answers and reviews up to and with this step."""
    texts: int
    """How many these are."""


_EXTREMES = """
               min({value: value, step: step, n: n, other: other, m: m}),
               max({value: value, step: step, n: n, other: other, m: m}),
               min({other: other, step: step, value: value, n: n, m: m}),
               max({other: other, step: step, value: value, n: n, m: m}),
               min({step: step, value: value, n: n, other: other, m: m}) FILTER (step = first)"""
_FIRSTS = """
               min({step: step, value: value, n: n, other: other, m: m})"""
_PAIRED = """
WITH paired AS (
    SELECT run_id, step,
           max(CASE WHEN name = $name THEN value END) AS value, max(CASE WHEN name = $name THEN n END) AS n,
           max(CASE WHEN name = $across THEN value END) AS other, max(CASE WHEN name = $across THEN n END) AS m
    FROM facts.metrics
    WHERE run_id IN (SELECT unnest($runs::VARCHAR[])) AND name IN ($name, $across) AND value IS NOT NULL
    GROUP BY run_id, step
), counts AS (
    SELECT run_id, count(value) AS measured, count(value) FILTER (other IS NOT NULL) AS matched,
           min(step) FILTER (value IS NOT NULL AND other IS NOT NULL) AS first,
           max(step) FILTER (value IS NOT NULL AND other IS NOT NULL) AS last
    FROM paired GROUP BY run_id
), widths AS (
    SELECT *, CASE WHEN matched <= $most THEN 1
                   ELSE 2 ** greatest(0, ceil(log2((last + 1) / $stretches))) END::BIGINT AS width
    FROM counts
), buckets AS (
    SELECT run_id,
           list_distinct(list_filter([{kept},
               min({step: step, value: value, n: n, other: other, m: m}) FILTER (step = last)
           ], lambda point: point IS NOT NULL)) AS kept
    FROM paired JOIN widths USING (run_id)
    WHERE value IS NOT NULL AND other IS NOT NULL
    GROUP BY run_id, step // width
)
"""
_POINTS = """
SELECT counts.run_id, measured, matched, step, value, n, other, m
FROM counts LEFT JOIN (SELECT run_id, unnest(kept, recursive := true) FROM buckets) AS points USING (run_id)
WHERE measured > 0 ORDER BY counts.run_id, step
"""

_METERS = """
WITH texts AS (
    SELECT run_id, step, tokens, created FROM facts.answers
    WHERE run_id IN (SELECT unnest($runs::VARCHAR[])) AND step IS NOT NULL
    UNION ALL
    SELECT run_id, step, tokens, created FROM facts.reviews
    WHERE run_id IN (SELECT unnest($runs::VARCHAR[])) AND step IS NOT NULL
), steps AS (
    SELECT texts.run_id, texts.step, epoch(min(texts.created) - any_value(runs.started)) AS seconds,
           sum(texts.tokens) AS tokens, count(*) AS texts
    FROM texts JOIN facts.runs AS runs ON runs.id = texts.run_id
    WHERE texts.created BETWEEN runs.started AND coalesce(runs.ended, texts.created)
    GROUP BY texts.run_id, texts.step
)
SELECT run_id, step, max(seconds) OVER so_far, (sum(tokens) OVER so_far)::BIGINT, (sum(texts) OVER so_far)::BIGINT
FROM steps WINDOW so_far AS (PARTITION BY run_id ORDER BY step) ORDER BY run_id, step
"""


class CurveCrossing(DataFolder):
    """The store's verbs for it."""

    def crossed(
        self, run_ids: Sequence[str], name: str, across: str, *, max_points: int = 500, aligned: bool = False
    ) -> Crossed:
        """A recorded measure of runs (full ids) with another recorded one at the same steps, both of them measured.

        At most `max_points` a run, thinned out like `storage.curves.curve_points`: each stretch of steps keeps the
        lowest and highest point of either measure, a run its first and last, and a growing run keeps what was shown.
        With `aligned` each keeps its first point, for means over runs.
        """
        if not 6 <= max_points <= 100_000:
            raise RequestError(
                f"{max_points} points a curve are not possible; ask for 6 to 100000.", field="max_points")
        given = {"runs": list(run_ids), "name": name, "across": across}
        thin = {"most": max_points, "stretches": (max_points - 2) // (1 if aligned else 4)}
        with self._database.reading_much() as cursor:
            sql = _PAIRED.replace("{kept}", _FIRSTS if aligned else _EXTREMES) + _POINTS
            rows = cursor.execute(sql, {**given, **thin}).fetchall()
        return Crossed(
            points=tuple(
                (Metric(run_id=run, step=step, name=name, value=value, n=n),
                 Metric(run_id=run, step=step, name=across, value=other, n=m))
                for run, _, _, step, value, n, other, m in rows if step is not None
            ),
            measured={row[0]: row[1] for row in rows}, matched={row[0]: row[2] for row in rows},
        )

    def values_at(self, places: Sequence[tuple[str, int]], name: str) -> list[Metric]:
        """A recorded measure at these places, each a run (full id) and a step, wherever it has a value there."""
        with self._database.reading_much() as cursor:
            rows = cursor.execute(
                "SELECT metrics.run_id, metrics.step, metrics.value, metrics.n FROM facts.metrics AS metrics "
                "JOIN (SELECT unnest($runs::VARCHAR[]) AS run_id, unnest($steps::BIGINT[]) AS step) AS wanted "
                "USING (run_id, step) WHERE name = $name AND value IS NOT NULL ORDER BY run_id, step",
                {"runs": [run for run, _ in places], "steps": [step for _, step in places], "name": name},
            ).fetchall()
        return [Metric(run_id=run, step=step, name=name, value=value, n=n) for run, step, value, n in rows]

    def measured_steps(self, run_ids: Sequence[str], name: str) -> dict[str, int]:
        """At how many steps of each run (full id) a recorded measure has a value; runs without one are left out."""
        with self._database.reading_much() as cursor:
            return dict(cursor.execute(
                "SELECT run_id, count(*) FROM facts.metrics WHERE run_id IN (SELECT unnest($runs::VARCHAR[])) "
                "AND name = $name AND value IS NOT NULL GROUP BY run_id", {"runs": list(run_ids), "name": name},
            ).fetchall())

    def meters(self, run_ids: Sequence[str]) -> list[Meter]:
        """What runs (full ids) had cost at each step at which they wrote something, by run and step.

        Texts from after a run's end, of an evaluation, do not count.
        """
        with self._database.reading_much() as cursor:
            rows = cursor.execute(_METERS, {"runs": list(run_ids)}).fetchall()
        return [
            Meter(run_id=run, step=step, seconds=seconds, tokens=tokens, texts=texts)
            for run, step, seconds, tokens, texts in rows
        ]


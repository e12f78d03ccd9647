"""Filters, pages and curves, worked out in SQL so that the page never receives more than it shows.

Every value from outside is a parameter; the SQL is put together from fixed fragments only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from duckdb import DuckDBPyConnection

from lab.errors import RequestError
from lab.nouns import Label, Metric, PairState

MOST_ROWS = 1000
"""Rows that one page may have."""


@dataclass(frozen=True, kw_only=True)
class PairFilter:
    """Which pairs are wanted; a field that is None (or an empty text) asks for nothing."""

    run_id: str | None = None
    """Pairs that this run made (its full id)."""
    question_id: str | None = None
    """Pairs decided under this question version."""
    state: PairState | None = None
    """What became of the pair."""
    verdict: Label | None = None
    """What the review that decided came to; pairs without a review match no verdict."""
    step_from: int | None = None
    """Made at this training step or later."""
    step_to: int | None = None
    """Made at this training step or earlier."""
    text: str | None = None
    """Occurs, whatever its case, in the prompt or in a thought or reply of either side; % and _ mean themselves."""


@dataclass(frozen=True, kw_only=True)
class PairRow:
    """What a table of pairs shows of one."""

    id: str
    """The pair."""
    state: PairState
    """What became of it."""
    run_id: str | None
    """The run that made it; None for a person."""
    run_number: int | None
    """That run's counting number."""
    step: int | None
    """The training step that made it; None outside a run."""
    prompt: str
    """The request that both sides answer."""
    rejected: str
    """Reply of the flagged answer."""
    chosen: str
    """Reply of the alternative."""
    verdict: Label | None
    """What the review that decided came to; None when no review decided, or it is not in this lab."""
    p_flagged: float | None
    """Its probability of the flagged label, 0-1; None when nothing could be read."""
    question_id: str
    """The question version under which it was decided."""
    question: str
    """Name and version of that question; empty when it is not in this lab."""
    margin: float | None
    """log π_ref(chosen) - log π_ref(rejected), nats; None when not measured."""
    created: datetime
    """When it was made (UTC)."""


@dataclass(frozen=True, kw_only=True)
class PairPage:
    """One page of pairs, newest first."""

    rows: tuple[PairRow, ...]
    """At most `size` rows; none behind the last page."""
    total: int
    """Pairs that match the filter."""
    page: int
    """Counted from 0."""
    size: int
    """Rows a full page has."""

    @property
    def pages(self) -> int:
        """How many pages there are; at least 1."""
        return max(1, -(-self.total // self.size))


def pair_page(cursor: DuckDBPyConnection, wanted: PairFilter, *, page: int, size: int) -> PairPage:
    """The page of pairs that match, newest first, then by id. Raises RequestError for a page or size out of range."""
    if not 0 <= page <= 10**9:
        raise RequestError(f"There is no page {page}; pages count from 0.", field="page")
    if not 1 <= size <= MOST_ROWS:
        raise RequestError(f"A page of {size} rows is not possible; ask for 1 to {MOST_ROWS}.", field="size")
    matching, values = _matching(wanted)
    total = cursor.execute(f"SELECT count(*) {matching}", values).fetchall()[0][0]
    # The page is cut out first and joined afterwards: a join over all that match would cost a thousand times more.
    rows = cursor.execute(
        f"""
        WITH page AS (SELECT pairs.* {matching} ORDER BY pairs.created DESC, pairs.id LIMIT ? OFFSET ?)
        SELECT page.id, page.state, page.run_id, runs.number, page.step, coalesce(prompts.text, ''),
               page.rejected_reply, page.chosen_reply, reviews.verdict, reviews.p_flagged,
               page.question_id, coalesce(questions.title, ''),
               page.reference_chosen - page.reference_rejected, page.created
        FROM page
        LEFT JOIN facts.runs AS runs ON runs.id = page.run_id
        LEFT JOIN facts.prompts AS prompts ON prompts.id = page.prompt_id
        LEFT JOIN facts.reviews AS reviews ON reviews.id = page.review_id
        LEFT JOIN facts.questions AS questions ON questions.id = page.question_id
        ORDER BY page.created DESC, page.id
        """,
        [*values, size, page * size],
    ).fetchall()
    return PairPage(rows=tuple(_pair_row(row) for row in rows), total=total, page=page, size=size)


def _matching(wanted: PairFilter) -> tuple[str, list[Any]]:
    """FROM and WHERE for a filter, with only the joins that it needs, and the values of its parameters."""
    text = f"%{_literal(wanted.text)}%" if wanted.text else None
    source = "FROM facts.pairs AS pairs"
    if wanted.verdict is not None:
        source += " JOIN facts.reviews AS reviews ON reviews.id = pairs.review_id"
    if text:
        source += " LEFT JOIN facts.prompts AS prompts ON prompts.id = pairs.prompt_id"
    parts: list[tuple[str, Any]] = [
        ("pairs.run_id = ?", wanted.run_id),
        ("pairs.question_id = ?", wanted.question_id),
        ("pairs.state = ?", wanted.state),
        ("reviews.verdict = ?", wanted.verdict),
        ("pairs.step >= ?", wanted.step_from),
        ("pairs.step <= ?", wanted.step_to),
    ]
    conditions = [condition for condition, value in parts if value is not None]
    values = [value for _, value in parts if value is not None]
    if text:
        places = (
            "prompts.text",
            "pairs.rejected_reply",
            "pairs.chosen_reply",
            "pairs.rejected_thought",
            "pairs.chosen_thought",
        )
        conditions.append("(" + " OR ".join(f"{place} ILIKE ? ESCAPE '\\'" for place in places) + ")")
        values += [text] * len(places)
    return source + (" WHERE " + " AND ".join(conditions) if conditions else ""), values


def _literal(text: str) -> str:
    """A text as an ILIKE pattern that matches only itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _pair_row(row: tuple[Any, ...]) -> PairRow:
    (
        pair_id,
        state,
        run_id,
        number,
        step,
        prompt,
        rejected,
        chosen,
        verdict,
        p_flagged,
        question_id,
        title,
        margin,
        created,
    ) = row
    return PairRow(
        id=pair_id,
        state=PairState(state),
        run_id=run_id,
        run_number=number,
        step=step,
        prompt=prompt,
        rejected=rejected,
        chosen=chosen,
        verdict=None if verdict is None else Label(verdict),
        p_flagged=p_flagged,
        question_id=question_id,
        question=title,
        margin=margin,
        created=created.replace(tzinfo=UTC),
    )


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
           list_distinct(list_filter([
               min({value: value, step: step, n: n}) FILTER (value IS NOT NULL),
               max({value: value, step: step, n: n}) FILTER (value IS NOT NULL),
               min({step: step, value: value, n: n}) FILTER (value IS NULL AND width = 1 OR step = first),
               max({step: step, value: value, n: n}) FILTER (step = last)
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
    cursor: DuckDBPyConnection, run_ids: Sequence[str], names: Sequence[str], *, after_step: int, max_points: int
) -> list[Metric]:
    """Points of curves by run, name and step: all up to `max_points` a curve, else the extremes of equal stretches.

    Each stretch of steps keeps its lowest and highest point, and a curve its first and last; every point is a measured
    one. Stretches are powers of two long and start at multiples of their length, so that a growing curve keeps what was
    shown and never jitters, and a later call with `after_step` fits on to an earlier one.
    """
    if not 4 <= max_points <= 100_000:
        raise RequestError(f"{max_points} points a curve are not possible; ask for 4 to 100000.", field="max_points")
    rows = cursor.execute(
        _CURVES, [list(run_ids), list(names), max_points, (max_points - 2) // 2, after_step + 1, after_step]
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


@dataclass(frozen=True, kw_only=True)
class View:
    """A documented view."""

    name: str
    """As it stands behind FROM."""
    meaning: str
    """What a row of it is."""
    columns: tuple[tuple[str, str, str], ...]
    """Name, type and meaning of each column, in order."""


def views(cursor: DuckDBPyConnection) -> list[View]:
    """All documented views, in the order in which they were made."""
    rows = cursor.execute(
        "SELECT v.view_name, v.comment, c.column_name, c.data_type, c.comment FROM duckdb_views() v "
        "JOIN duckdb_columns() c ON c.table_oid = v.view_oid AND c.schema_name = v.schema_name "
        "AND c.database_name = v.database_name "
        "WHERE NOT v.internal AND v.database_name = current_database() AND v.schema_name = 'main' "
        "ORDER BY v.view_oid, c.column_index"
    ).fetchall()
    columns: dict[str, list[tuple[str, str, str]]] = {}
    meanings: dict[str, str] = {}
    for view, meaning, name, kind, comment in rows:
        columns.setdefault(view, []).append((name, kind, comment or ""))
        meanings[view] = meaning or ""
    return [View(name=view, meaning=meanings[view], columns=tuple(listed)) for view, listed in columns.items()]

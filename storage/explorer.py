"""The table of pairs: sorting and pages, worked out in SQL so that the page never receives more than it shows.

What is asked for (`storage.pair_filter`) is found in the narrow listing (`storage.listing`), a text in it by
`storage.searching`; what is shown of it comes from the other tables by id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from duckdb import DuckDBPyConnection

from lab.errors import RequestError
from lab.nouns import Label, PairState
from storage.pair_filter import PairFilter, in_order, matching, matching_text
from storage.searching import search

MOST_ROWS = 1000
"""Rows that one page may have."""
_FAR = 5_000
"""From this row on a page is looked for by its value; DuckDB keeps that many first ones without sorting all."""


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
    question_id: str | None
    """The question version under which it was decided; None for an imported pair."""
    question: str
    """Name and version of that question; empty when there is none."""
    margin: float | None
    """log π_ref(chosen) - log π_ref(rejected), nats; None when not measured."""
    created: datetime
    """When it was made (UTC)."""


@dataclass(frozen=True, kw_only=True)
class PairPage:
    """One page of pairs, in the order that the filter asks for."""

    rows: tuple[PairRow, ...]
    """At most `size` rows; none behind the last page."""
    total: int
    """Pairs that match the filter; of a search that ended early, those that it found."""
    page: int
    """Counted from 0."""
    size: int
    """Rows a full page has."""
    more: bool = False
    """Whether a search ended at so many pairs, so that more match than `total`."""

    @property
    def pages(self) -> int:
        """How many pages there are; at least 1."""
        return max(1, -(-self.total // self.size))


def pair_page(cursor: DuckDBPyConnection, wanted: PairFilter, *, page: int, size: int) -> PairPage:
    """The page of pairs that match, in the order asked for. Raises RequestError for a page or size out of range."""
    if not 0 <= page <= 10**9:
        raise RequestError(f"There is no page {page}; pages count from 0.", field="page")
    if not 1 <= size <= MOST_ROWS:
        raise RequestError(f"A page of {size} rows is not possible; ask for 1 to {MOST_ROWS}.", field="size")
    if wanted.text:
        found, more = search(cursor, wanted)
        total, ids = len(found), found[page * size : (page + 1) * size]
    else:
        where, values = matching(cursor, wanted)
        total, more = cursor.execute(f"SELECT count(*) FROM facts.listing {where}", values).fetchall()[0][0], False
        ids = _page_ids(cursor, wanted, where, values, page * size, size) if page * size < total else []
    return PairPage(rows=_rows(cursor, ids), total=total, page=page, size=size, more=more)


def pair_ids(cursor: DuckDBPyConnection, wanted: PairFilter, most: int) -> list[str]:
    """Ids of all pairs that match, the oldest first. Raises RequestError for more than `most`."""
    where, values = matching_text(cursor, wanted)
    rows = cursor.execute(
        f"SELECT id FROM facts.listing {where} ORDER BY created, id LIMIT ?", [*values, most + 1]).fetchall()
    if len(rows) > most:
        raise RequestError(f"More than {most:,} pairs fit: filter them down.", field="filter")
    return [row[0] for row in rows]


def _page_ids(
    cursor: DuckDBPyConnection, wanted: PairFilter, where: str, values: list[Any], offset: int, size: int
) -> list[str]:
    """Ids of a page. Far behind the first, sorting begins at the value that stands there and not at the first one."""
    order = in_order(wanted)
    if offset > _FAR:
        where, values, offset = _near(cursor, wanted, where, values, offset, size)
    return [row[0] for row in cursor.execute(
        f"SELECT id FROM facts.listing {where} {order} LIMIT ? OFFSET ?", [*values, size, offset]
    ).fetchall()]


def _near(
    cursor: DuckDBPyConnection, wanted: PairFilter, where: str, values: list[Any], offset: int, size: int
) -> tuple[str, list[Any], int]:
    """A narrower WHERE that leaves the order at `offset` as it is, and where `offset` is then.

    A quantile gives a value close to the place, found without sorting; what comes before it is counted.
    """
    column, further = wanted.sort.value, " AND " if where else "WHERE "
    there = cursor.execute(f"SELECT count({column}) FROM facts.listing {where}", values).fetchall()[0][0]
    if offset >= there:
        return f"{where}{further}{column} IS NULL", values, offset - there
    share = min(1.0, max(0.0, (there - offset if wanted.descending else offset - 1) / max(1, there - 1)))
    pivot = cursor.execute(
        f"SELECT quantile_disc({column}, {share!r}) FROM facts.listing {where}", values).fetchall()[0][0]
    before, behind = (">", "<=") if wanted.descending else ("<", ">=")
    earlier, equal = cursor.execute(
        f"SELECT count(*) FILTER ({column} {before} ?), count(*) FILTER ({column} = ?) FROM facts.listing {where}",
        [pivot, pivot, *values]).fetchall()[0]
    if earlier > offset:  # the quantile was rounded to the other side
        return where, values, offset
    if offset - earlier + size <= equal:
        return f"{where}{further}{column} = ?", [*values, pivot], offset - earlier
    return f"{where}{further}({column} {behind} ? OR {column} IS NULL)", [*values, pivot], offset - earlier


def _rows(cursor: DuckDBPyConnection, ids: Sequence[str]) -> tuple[PairRow, ...]:
    """What a table shows of these pairs, in this order."""
    pairs = _by_id(cursor, "pairs", "prompt_id, review_id, rejected_reply, chosen_reply, run_id, question_id, state, "
                   "step, reference_chosen - reference_rejected, created", ids)
    prompts = _by_id(cursor, "prompts", "text", [row[0] for row in pairs.values()])
    reviews = _by_id(cursor, "reviews", "verdict, p_flagged", [row[1] for row in pairs.values()])
    runs = _by_id(cursor, "runs", "number", [row[4] for row in pairs.values()])
    questions = _by_id(cursor, "questions", "title", [row[5] for row in pairs.values()])
    return tuple(
        _pair_row((
            pair_id, state, run_id, *runs.get(run_id, (None,)), step, *prompts.get(prompt, ("",)), rejected, chosen,
            *reviews.get(review, (None, None)), question, *questions.get(question, ("",)), margin, created,
        ))
        for pair_id in ids
        for prompt, review, rejected, chosen, run_id, question, state, step, margin, created in [pairs[pair_id]]
    )


def _by_id(
    cursor: DuckDBPyConnection, table: str, columns: str, ids: Sequence[str | None]
) -> dict[str | None, tuple[Any, ...]]:
    """These columns of the rows that have these ids, by id."""
    known = list(dict.fromkeys(row_id for row_id in ids if row_id is not None))
    if not known:
        return {}
    # Each id is a parameter of its own: only then does DuckDB look them up in its index.
    rows = cursor.execute(
        f"SELECT id, {columns} FROM facts.{table} WHERE id IN ({', '.join('?' * len(known))})", known
    ).fetchall()
    return {row[0]: row[1:] for row in rows}


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

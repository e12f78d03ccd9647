"""The table of pairs: filters, sorting and pages, worked out in SQL so that the page never receives more than it shows.

What is asked for is found in the narrow listing (`storage.listing`); what is shown of it comes from the other tables by
id. Every value from outside is a parameter; the SQL is put together from fixed fragments only.

A search for a text is answered in one of three ways. Few pairs whose signature allows the text: each is looked at.
Many: the first of them in the order asked for are looked at, and mostly `MOST_FOUND` of those match, which is where a
search ends. Else every text is read, which in a million pairs takes a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from duckdb import DuckDBPyConnection

from lab.errors import RequestError
from lab.nouns import Label, PairState
from storage.listing import folded, signature

MOST_ROWS = 1000
"""Rows that one page may have."""
MOST_FOUND = 1000
"""Pairs that a search for a text finds; where there are more, it says so."""
_FEW = 2000
"""Pairs that are looked at one by one: DuckDB finds that many by their place, and reads everything for more."""


class PairSort(StrEnum):
    """What a table of pairs is sorted by; pairs that have no such value come last, and equals in order of arrival."""

    CREATED = "created"
    STEP = "step"
    STATE = "state"
    MARGIN = "margin"
    P_FLAGGED = "p_flagged"


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
    sort: PairSort = PairSort.CREATED
    """What they are sorted by."""
    descending: bool = True
    """Whether the newest, highest, last come first."""


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
    """Whether a search ended at `MOST_FOUND` pairs, so that more match than `total`."""

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
        found = _search(cursor, wanted)
        total, more = min(len(found), MOST_FOUND), len(found) > MOST_FOUND
        ids = found[:total][page * size : (page + 1) * size]
    else:
        where, values = _matching(wanted)
        total, more = cursor.execute(f"SELECT count(*) FROM facts.listing {where}", values).fetchall()[0][0], False
        ids = [row[0] for row in cursor.execute(
            f"SELECT id FROM facts.listing {where} {_order(wanted)} LIMIT ? OFFSET ?", [*values, size, page * size]
        ).fetchall()] if page * size < total else []
    return PairPage(rows=_rows(cursor, ids), total=total, page=page, size=size, more=more)


def _matching(wanted: PairFilter) -> tuple[str, list[Any]]:
    """WHERE for all of a filter but its text, and the values of its parameters."""
    parts: list[tuple[str, Any]] = [
        ("run_id = ?", wanted.run_id),
        ("question_id = ?", wanted.question_id),
        ("state = ?", wanted.state),
        ("verdict = ?", wanted.verdict),
        ("step >= ?", wanted.step_from),
        ("step <= ?", wanted.step_to),
    ]
    conditions = [condition for condition, value in parts if value is not None]
    return (
        "WHERE " + " AND ".join(conditions) if conditions else "", [value for _, value in parts if value is not None]
    )


def _order(wanted: PairFilter) -> str:
    way = "DESC" if wanted.descending else "ASC"
    return f"ORDER BY {wanted.sort.value} {way} NULLS LAST, rowid {way}"


def _search(cursor: DuckDBPyConnection, wanted: PairFilter) -> list[str]:
    """Ids of pairs that match, text included, in the order asked for: all, or the first `MOST_FOUND` and one more."""
    text = folded(wanted.text or "")
    where, values = _matching(wanted)
    bits = [f"s{word} & {mask} = {mask}" for word, mask in enumerate(signature(text)) if mask]
    if bits:
        where = f"{where} AND {' AND '.join(bits)}" if where else f"WHERE {' AND '.join(bits)}"
    order = _order(wanted)
    first = [row[0] for row in cursor.execute(
        f"SELECT rowid FROM facts.listing {where} {order} LIMIT {_FEW + 1}", values
    ).fetchall()]
    found = [row[0] for row in cursor.execute(
        f"SELECT id FROM facts.listing WHERE rowid IN (SELECT unnest(?::BIGINT[])) AND contains(text, ?) {order} "
        f"LIMIT {MOST_FOUND + 1}", [first[:_FEW], text],
    ).fetchall()]
    if len(first) <= _FEW or len(found) > MOST_FOUND:
        return found
    condition = f"{where} AND contains(text, ?)" if where else "WHERE contains(text, ?)"
    return [row[0] for row in cursor.execute(
        f"SELECT id FROM facts.listing {condition} {order} LIMIT {MOST_FOUND + 1}", [*values, text]
    ).fetchall()]


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

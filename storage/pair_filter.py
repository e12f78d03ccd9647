"""Which pairs are wanted and in what order, and the same as SQL over the listing (`storage.listing`).

Every value from outside is a parameter; the SQL is put together from fixed fragments only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from duckdb import DuckDBPyConnection

from lab.nouns import Label, PairState
from storage.hiding import hidden
from storage.listing import folded, signature

_TAGGED = ("id IN (SELECT id FROM facts.pairs WHERE tags <> '[]' AND list_contains("
           "from_json(tags, '[\"VARCHAR\"]'), ?))")


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
    margin_from: float | None = None
    """The frozen copy prefers the chosen side by this or more, nats; pairs that were not measured match no bound."""
    margin_to: float | None = None
    """By this or less."""
    p_from: float | None = None
    """The review that decided gave the flagged label this probability or more, 0-1."""
    p_to: float | None = None
    """This or less."""
    tag: str | None = None
    """A person gave it this tag."""
    text: str | None = None
    """Occurs, whatever its case, in the prompt or in a thought or reply of either side; % and _ mean themselves."""
    sort: PairSort = PairSort.CREATED
    """What they are sorted by."""
    descending: bool = True
    """Whether the newest, highest, last come first."""


def _conditions(wanted: PairFilter, deleted: Sequence[str]) -> tuple[str, list[Any]]:
    """WHERE for all of a filter but its text, and the values of its parameters.

    `deleted` are runs whose pairs are left out, unless one of them is the one that is asked for.
    """
    parts: list[tuple[str, Any]] = [
        ("run_id = ?", wanted.run_id),
        ("question_id = ?", wanted.question_id),
        ("state = ?", wanted.state),
        ("verdict = ?", wanted.verdict),
        ("step >= ?", wanted.step_from),
        ("step <= ?", wanted.step_to),
        ("margin >= ?", wanted.margin_from),
        ("margin <= ?", wanted.margin_to),
        ("p_flagged >= ?", wanted.p_from),
        ("p_flagged <= ?", wanted.p_to),
        (_TAGGED, wanted.tag),
    ]
    if deleted and wanted.run_id is None:
        parts.append(("(run_id IS NULL OR run_id NOT IN (SELECT unnest(?::VARCHAR[])))", list(deleted)))
    conditions = [condition for condition, value in parts if value is not None]
    return (
        "WHERE " + " AND ".join(conditions) if conditions else "", [value for _, value in parts if value is not None]
    )


def matching(cursor: DuckDBPyConnection, wanted: PairFilter) -> tuple[str, list[Any]]:
    """WHERE for all of a filter but its text, and the values of its parameters."""
    return _conditions(wanted, hidden(cursor))


def matching_text(cursor: DuckDBPyConnection, wanted: PairFilter) -> tuple[str, list[Any]]:
    """WHERE for all of a filter, its text included, and the values of its parameters: for what looks at every match."""
    where, values = matching(cursor, wanted)
    if wanted.text:
        text = folded(wanted.text)
        bits = [f"s{word} & {mask} = {mask}" for word, mask in enumerate(signature(text)) if mask]
        condition = " AND ".join([*bits, "contains(text, ?)"])
        where, values = f"{where} AND {condition}" if where else f"WHERE {condition}", [*values, text]
    return where, values


def in_order(wanted: PairFilter) -> str:
    way = "DESC" if wanted.descending else "ASC"
    return f"ORDER BY {wanted.sort.value} {way} NULLS LAST, rowid {way}"

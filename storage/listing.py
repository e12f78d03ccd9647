"""The narrow table behind the table of pairs: what it filters, sorts and searches by, a row a pair.

All of it can be worked out of the other tables, and is, in the transaction that changes them: a page then reads a few
columns of one table, and a search first asks 2048 bits a pair which pairs can hold the text at all. It knows the tables
of pairs, prompts and reviews, and not what a page looks like.

A pair may arrive before its prompt or its review (a merge brings things in any order): its row says which one it
awaits, and is completed when that comes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_
from typing import Any

from duckdb import DuckDBPyConnection

WORDS = 32
"""Columns of 64 bits that the signature of a text is kept in."""
SEPARATOR = "\x1f"
"""Stands between the texts of a pair, so that nothing is found across their borders."""
_CHUNK = 5_000
"""Pairs that are worked out at once: bounds the memory of their texts."""
_MOST_KNOWN = 50_000
"""Trigrams whose bits are remembered; far more than a language has."""

_SOURCE = """
    SELECT pairs.id, pairs.created, pairs.run_id, pairs.question_id, pairs.state, pairs.step,
           pairs.reference_chosen - pairs.reference_rejected, reviews.verdict, reviews.p_flagged,
           CASE WHEN reviews.id IS NULL THEN pairs.review_id END, CASE WHEN prompts.id IS NULL THEN pairs.prompt_id END,
           coalesce(prompts.text, ''), pairs.rejected_thought, pairs.rejected_reply, pairs.chosen_thought,
           pairs.chosen_reply
    FROM facts.pairs AS pairs
    LEFT JOIN facts.prompts AS prompts ON prompts.id = pairs.prompt_id
    LEFT JOIN facts.reviews AS reviews ON reviews.id = pairs.review_id
    WHERE pairs.id IN (SELECT unnest(?::VARCHAR[])) ORDER BY pairs.created, pairs.id
"""
_TYPES = (
    "VARCHAR", "TIMESTAMP", "VARCHAR", "VARCHAR", "VARCHAR", "BIGINT", "DOUBLE", "VARCHAR", "DOUBLE", "VARCHAR",
    "VARCHAR", "VARCHAR", *["UBIGINT"] * WORDS,
)
_INSERT = f"INSERT INTO facts.listing SELECT {', '.join(f'unnest(?::{kind}[])' for kind in _TYPES)}"


class _Bits(dict[str, int]):
    """The two bits of a trigram in a signature, worked out once: 2048 of them, by arithmetic that never changes."""

    def __missing__(self, gram: str) -> int:
        if len(self) >= _MOST_KNOWN:
            self.clear()
        a, b, c = map(ord, gram)
        bits = self[gram] = 1 << (a * 961 + b * 31 + c) % 2039 | 1 << (a * 7919 + b * 5209 + c * 104_729) % 2029
        return bits


def folded(text: str) -> str:
    """A text as it is searched: without case."""
    return text.replace(SEPARATOR, " ").casefold()


def signature(text: str, known: dict[str, int] | None = None) -> tuple[int, ...]:
    """Which trigrams a folded text has, as `WORDS` numbers of 64 bits.

    Whatever contains a text has all bits of its signature; `known` remembers bits from one call to the next.
    """
    bits = _Bits() if known is None else known
    whole = reduce(or_, map(bits.__getitem__, set(map("".join, zip(text, text[1:], text[2:], strict=False)))), 0)
    return struct.unpack(f"<{WORDS}Q", whole.to_bytes(WORDS * 8, "little"))


def follow(cursor: DuckDBPyConnection, pairs: Sequence[str], prompts: Sequence[str], reviews: Sequence[str]) -> None:
    """Bring the listing up to what was just written: the ids of saved pairs, prompts and reviews."""
    if reviews and _awaited(cursor, "awaits_review"):
        cursor.execute(
            "UPDATE facts.listing SET verdict = reviews.verdict, p_flagged = reviews.p_flagged, awaits_review = NULL "
            "FROM facts.reviews AS reviews WHERE listing.awaits_review = reviews.id "
            "AND listing.awaits_review IN (SELECT unnest(?::VARCHAR[]))", [list(reviews)],
        ).fetchall()
    if prompts and _awaited(cursor, "awaits_prompt"):
        rows = cursor.execute(
            "DELETE FROM facts.listing WHERE awaits_prompt IN (SELECT unnest(?::VARCHAR[])) RETURNING id",
            [list(prompts)],
        ).fetchall()
        add(cursor, (row[0] for row in rows))
    if pairs:
        there = {
            row[0] for row in cursor.execute(
                "UPDATE facts.listing SET state = pairs.state, margin = pairs.reference_chosen - "
                "pairs.reference_rejected FROM facts.pairs AS pairs WHERE listing.id = pairs.id "
                "AND listing.id IN (SELECT unnest(?::VARCHAR[])) RETURNING listing.id", [list(pairs)],
            ).fetchall()
        }
        add(cursor, (pair_id for pair_id in pairs if pair_id not in there))


def catch_up(cursor: DuckDBPyConnection) -> None:
    """Bring the listing up to tables that were written in bulk: all pairs, and whatever came for those that waited."""
    cursor.execute(
        "UPDATE facts.listing SET verdict = reviews.verdict, p_flagged = reviews.p_flagged, awaits_review = NULL "
        "FROM facts.reviews AS reviews WHERE listing.awaits_review = reviews.id").fetchall()
    cursor.execute("DELETE FROM facts.listing WHERE awaits_prompt IN (SELECT id FROM facts.prompts)").fetchall()
    cursor.execute(
        "UPDATE facts.listing SET state = pairs.state, margin = pairs.reference_chosen - pairs.reference_rejected "
        "FROM facts.pairs AS pairs WHERE listing.id = pairs.id AND (listing.state <> pairs.state "
        "OR listing.margin IS DISTINCT FROM pairs.reference_chosen - pairs.reference_rejected)").fetchall()
    add(cursor, missing(cursor))


def _awaited(cursor: DuckDBPyConnection, column: str) -> bool:
    return bool(cursor.execute(f"SELECT 1 FROM facts.listing WHERE {column} IS NOT NULL LIMIT 1").fetchall())


def add(cursor: DuckDBPyConnection, pairs: Iterable[str]) -> None:
    """Work out the rows of stored pairs that the listing does not have."""
    wanted, known = list(pairs), _Bits()
    for start in range(0, len(wanted), _CHUNK):
        part = wanted[start : start + _CHUNK]
        rows = [_row(row, known) for row in cursor.execute(_SOURCE, [part]).fetchall()]
        if rows:
            cursor.execute(_INSERT, [list(column) for column in zip(*rows, strict=True)]).fetchall()


def _row(row: tuple[Any, ...], known: dict[str, int]) -> tuple[Any, ...]:
    text = SEPARATOR.join(map(folded, row[11:]))
    return (*row[:11], text, *signature(text, known))


def missing(cursor: DuckDBPyConnection) -> list[str]:
    """Stored pairs that the listing does not have, the oldest first: those of a database from before there was one."""
    stored, listed = (
        cursor.execute(f"SELECT count(*) FROM facts.{table}").fetchall()[0][0] for table in ("pairs", "listing")
    )
    if stored == listed:
        return []
    rows = cursor.execute(
        "SELECT id FROM facts.pairs AS pairs ANTI JOIN facts.listing AS listing USING (id) ORDER BY created, id"
    ).fetchall()
    return [row[0] for row in rows]

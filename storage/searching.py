"""A text searched in pairs: in those whose signature allows it.

The first of them are looked at, in the order asked for; mostly `MOST_FOUND` of these match, which is where a search
ends; else all of them are. Of a text without a trigram, one or two letters, no signature says anything: where it is
rare, every text is read, which in a million pairs takes a fraction of a second.
"""

from __future__ import annotations

from duckdb import DuckDBPyConnection

from storage.listing import folded, signature
from storage.pair_filter import PairFilter, in_order, matching

MOST_FOUND = 500
"""Pairs that a search for a text finds; where there are more, it says so."""
_LOOKS = (4_000, 20_000)
"""How many of the pairs that a signature allows are looked at, first and then, before all of them are."""


def search(cursor: DuckDBPyConnection, wanted: PairFilter) -> tuple[list[str], bool]:
    """Ids of pairs that match, text included, in order: all or the first `MOST_FOUND`, and whether more do."""
    found = _matches(cursor, wanted)
    return found[:MOST_FOUND], len(found) > MOST_FOUND


def _matches(cursor: DuckDBPyConnection, wanted: PairFilter) -> list[str]:
    """The same, and one more where there are more."""
    text = folded(wanted.text or "")
    where, values = matching(cursor, wanted)
    bits = [f"s{word} & {mask} = {mask}" for word, mask in enumerate(signature(text)) if mask]
    if bits:
        where = f"{where} AND {' AND '.join(bits)}" if where else f"WHERE {' AND '.join(bits)}"
    order = in_order(wanted)
    found: list[str] = []
    looked = 0
    for many in _LOOKS:
        places = [row[0] for row in cursor.execute(
            f"SELECT rowid FROM facts.listing {where} {order} LIMIT {many} OFFSET {looked}", values).fetchall()]
        found += _containing(cursor, places, text)
        looked += len(places)
        if len(found) > MOST_FOUND or len(places) < many:
            return found
        if len(found) * (looked + _LOOKS[-1]) < MOST_FOUND * looked:
            break  # with as few as so far among them, the next ones will not do
    if bits:
        sql = f"SELECT id FROM {_looked_at(f'SELECT rowid AS place FROM facts.listing {where}')} {order}"
    else:
        sql = f"SELECT id FROM facts.listing {f'{where} AND' if where else 'WHERE'} contains(text, ?) {order}"
    return [row[0] for row in cursor.execute(f"{sql} LIMIT {MOST_FOUND + 1}", [*values, text]).fetchall()]


def _containing(cursor: DuckDBPyConnection, places: list[int], text: str) -> list[str]:
    """Ids of the pairs at these places that contain a folded text, in the order of the places."""
    if not places:
        return []
    sql = f"SELECT place, id FROM {_looked_at('SELECT unnest(?::BIGINT[]) AS place')}"
    ids = dict(cursor.execute(sql, [places, text]).fetchall())
    return [ids[place] for place in places if place in ids]


def _looked_at(places: str) -> str:
    """SQL for the rows of the listing at some places whose text contains the last parameter."""
    # Without the CASE, DuckDB would test every text of the table first, and look at the places then.
    return (
        f"({places}) AS chosen JOIN facts.listing AS listing ON listing.rowid = chosen.place "
        "WHERE CASE WHEN chosen.place >= 0 THEN contains(listing.text, ?) ELSE false END"
    )

"""The narrow table behind the table of pairs: always what the other tables say, in any order of arrival and of rows."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.nouns import Label, PairState
from storage import PairFilter, PairRow, PairSort, Store
from storage.generator import Size, fill
from storage.listing import folded, signature
from tests.storage.making import make_world


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
def test_a_pair_is_found_by_its_prompt_and_review_in_whatever_order_they_arrive(
    store: Store, order: tuple[int, ...]
) -> None:
    made, late = make_world(text="Where is the GARDEN?"), make_world(text="another", reply="x")
    parts = [made.prompt, made.pair, made.review]
    store.save(late.pair)
    for place in order:
        store.save(parts[place])
    found = store.pairs(PairFilter(text="garden", verdict=Label.FLAGGED))
    assert [row.id for row in found.rows] == [made.pair.id]
    assert store.pairs(PairFilter(text="another")).total == 0
    assert store.pairs().total == 2


def test_a_decision_and_a_late_measurement_reach_the_listing(store: Store) -> None:
    made = make_world()
    store.save(*(n for n in made.nouns if n is not made.pair), replace(made.pair, reference_chosen=None))
    store.save(replace(made.pair, state=PairState.ACCEPTED, reference_chosen=-1.0))
    (row,) = store.pairs(PairFilter(state=PairState.ACCEPTED, sort=PairSort.MARGIN)).rows
    assert (row.state, row.margin) == (PairState.ACCEPTED, 9.0)
    assert store.pairs(PairFilter(state=PairState.PENDING)).total == 0


def _key(row: PairRow, sort: PairSort) -> Any:
    return getattr(row, sort.value)


@pytest.mark.parametrize("sort", list(PairSort))
def test_pages_are_sorted_as_asked_with_what_is_missing_last(
    made_up: Store, sort: PairSort, monkeypatch: pytest.MonkeyPatch
) -> None:
    for descending in (True, False):
        wanted = PairFilter(sort=sort, descending=descending)
        rows = [row for page in range(5) for row in made_up.pairs(wanted, page=page, size=100).rows]
        values = [value for row in rows if (value := _key(row, sort)) is not None]
        assert len({row.id for row in rows}) == len(rows) == 450
        assert values == sorted(values, reverse=descending)
        assert all(_key(row, sort) is None for row in rows[len(values) :])
        monkeypatch.setattr("storage.explorer._FAR", 20)  # now nearly every page is far
        again = [row.id for page in range(9) for row in made_up.pairs(wanted, page=page, size=50).rows]
        assert again == [row.id for row in rows]
        monkeypatch.undo()


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A small made-up lab."""
    with Store.open(tmp_path_factory.mktemp("made_up")) as store:
        fill(store, Size(pairs=450, metrics=400, prompts=40, runs=4, names=5), seed=7)
        yield store


@pytest.mark.parametrize("looks", [(4_000, 20_000), (5, 20)], ids=["the first", "all"])
def test_a_search_finds_what_reading_every_text_finds(
    made_up: Store, monkeypatch: pytest.MonkeyPatch, looks: tuple[int, int]
) -> None:
    monkeypatch.setattr("storage.searching._LOOKS", looks)
    rows = [row for page in range(5) for row in made_up.pairs(page=page, size=100).rows]
    texts = {}
    for row in rows:
        pair = made_up.pair(row.id)
        sides = (pair.rejected_thought, pair.rejected_reply, pair.chosen_thought, pair.chosen_reply)
        texts[row.id] = [row.prompt, *sides]
    chance = random.Random(5)
    for _ in range(40):
        text = chance.choice(chance.choice(list(texts.values())))
        start, length = chance.randrange(len(text)), chance.randint(1, 9)
        wanted = text[start : start + length].upper()
        expected = [pair_id for pair_id, of in texts.items() if any(folded(wanted) in folded(t) for t in of)]
        found = made_up.pairs(PairFilter(text=wanted), size=1000)
        assert ([row.id for row in found.rows], found.total) == (expected, len(expected)), wanted


def test_a_search_with_many_matches_ends_and_says_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.searching.MOST_FOUND", 5)
    monkeypatch.setattr("storage.searching._LOOKS", (3, 4))
    for i in range(20):
        store.save(*make_world(reply=f"often {'rare' if i in (2, 3) else ''} {i}", minute=i).nouns)
    found = store.pairs(PairFilter(text="often"), size=3, page=1)
    assert (found.total, found.more, found.pages, len(found.rows)) == (5, True, 2, 2)
    rare = store.pairs(PairFilter(text="e 3"))  # neither among the first looked at, nor few by its signature
    assert (rare.total, rare.more) == (1, False)


def test_a_database_without_a_listing_gets_one_when_it_is_opened(home: Path) -> None:
    made = [make_world(reply=f"reply {i}", minute=i) for i in range(3)]
    with Store.open(home) as store:
        for world in made:
            store.save(*world.nouns)
        before = store.pairs().rows
        store._writer.transact(lambda cursor: cursor.execute("DELETE FROM facts.listing").fetchall())
    with Store.open(home) as store:
        assert store.pairs().rows == before


@given(st.text(), st.text(), st.text())
def test_what_contains_a_text_has_all_bits_of_its_signature(before: str, text: str, after: str) -> None:
    inner, outer = signature(folded(text)), signature(folded(before + text + after))
    assert all(a & b == a for a, b in zip(inner, outer, strict=True))

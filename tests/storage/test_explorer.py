"""Filters, pages and curves: what is asked for comes, all of it, in a fixed order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from lab.errors import RequestError
from lab.nouns import Label, Metric, Noun, PairState, Run, RunSpec
from storage import PairFilter, Store, explorer
from storage.connection import READERS
from tests.storage.making import make_world


@pytest.fixture
def runs() -> tuple[Run, Run]:
    return Run(spec=RunSpec(seed=1)), Run(spec=RunSpec(seed=2))


@pytest.fixture
def filled(store: Store, runs: tuple[Run, Run]) -> Store:
    """Twenty pairs of two runs, two steps to a run's pair, made a minute apart."""
    nouns: list[Noun] = []
    for i in range(20):
        made = make_world(text=f"request {i}", reply=f"bad {i}", better=f"good {i}", run=runs[i % 2], step=i, minute=i)
        state = PairState.ACCEPTED if i < 5 else PairState.PENDING
        nouns += [replace(made.pair, state=state), *(noun for noun in made.nouns if noun is not made.pair)]
    store.save(*nouns)
    return store


def test_a_row_shows_what_the_pair_is_made_of(store: Store) -> None:
    made = make_world(p_flagged=0.75)
    store.save(*made.nouns)
    (row,) = store.pairs().rows
    assert (row.id, row.state, row.run_id, row.run_number, row.step) == (
        made.pair.id,
        PairState.PENDING,
        made.run.id,
        1,
        5,
    )
    assert (row.prompt, row.rejected, row.chosen) == ("How do I fix a tap?", "Leave it.", "Close the valve.")
    assert (row.verdict, row.p_flagged, row.question) == (Label.FLAGGED, 0.75, "Kindness v2")
    assert (row.margin, row.created) == (-2.5, made.pair.created)


def test_a_pair_is_shown_even_when_what_it_refers_to_is_missing(store: Store) -> None:
    store.save(make_world().pair)
    (row,) = store.pairs().rows
    assert (row.prompt, row.verdict, row.question, row.run_number) == ("", None, "", None)


def test_pages_hold_every_pair_once_newest_first(filled: Store) -> None:
    pages = [filled.pairs(page=page, size=6) for page in range(5)]
    rows = [row for page in pages for row in page.rows]
    assert [len(page.rows) for page in pages] == [6, 6, 6, 2, 0]
    assert [row.step for row in rows] == list(range(19, -1, -1))
    assert {(page.total, page.pages) for page in pages} == {(20, 4)}


def test_pairs_of_the_same_moment_have_a_fixed_order(store: Store) -> None:
    store.save(*(noun for i in range(9) for noun in make_world(reply=f"bad {i}").nouns))
    whole = [row.id for row in store.pairs().rows]
    assert len(set(whole)) == 9
    assert [row.id for page in range(3) for row in store.pairs(page=page, size=3).rows] == whole


def test_filters_narrow_and_combine(filled: Store, runs: tuple[Run, Run]) -> None:
    def steps(**wanted: Any) -> list[int | None]:
        page = filled.pairs(PairFilter(**wanted))
        assert page.total == len(page.rows)
        return [row.step for row in page.rows]

    assert steps(run_id=runs[0].id) == list(range(18, -1, -2))
    assert steps(state=PairState.ACCEPTED) == [4, 3, 2, 1, 0]
    assert steps(step_from=17) == [19, 18, 17]
    assert steps(step_to=1) == [1, 0]
    assert steps(verdict=Label.FLAGGED) == list(range(19, -1, -1))
    assert steps(verdict=Label.UNREADABLE) == []
    assert steps(question_id="q0") == []
    assert steps(text="REQUEST 7") == [7]
    assert steps(text="good 12") == [12]
    assert steps(text="") == steps()
    assert steps(run_id=runs[1].id, state=PairState.ACCEPTED, text="bad", step_from=2, verdict=Label.FLAGGED) == [3]


@pytest.mark.parametrize("text", ["100%", "a_b", "back\\slash", "%", "_", "\\", "'; DROP TABLE facts.pairs; --", "ÄÖ"])
def test_searched_text_means_itself(store: Store, text: str) -> None:
    found, other = make_world(reply=f"x {text} y"), make_world(text="100 a-b backslash AO", reply="plain")
    store.save(*found.nouns, *other.nouns)
    assert [row.id for row in store.pairs(PairFilter(text=text.lower())).rows] == [found.pair.id]


def test_readings_of_much_take_turns(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, most, real = [0], [0], explorer.pair_page

    def counted(*given: Any, **more: Any) -> Any:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        try:
            return real(*given, **more)
        finally:
            inside[0] -= 1

    monkeypatch.setattr(explorer, "pair_page", counted)
    with ThreadPoolExecutor(20) as readers:
        totals = list(readers.map(lambda _: filled.pairs().total, range(40)))
    assert totals == [20] * 40
    assert 0 < most[0] <= READERS


@pytest.mark.parametrize(("page", "size", "field"), [(-1, 5, "page"), (0, 0, "size"), (0, 10**6, "size")])
def test_a_page_out_of_range_is_refused(store: Store, page: int, size: int, field: str) -> None:
    with pytest.raises(RequestError) as caught:
        store.pairs(page=page, size=size)
    assert caught.value.field == field


def series(run_id: str, length: int, *, name: str = "a", every: int = 1) -> list[Metric]:
    """A bumpy curve with one spike, and holes in it."""
    return [
        Metric(
            run_id=run_id,
            step=i * every,
            name=name,
            n=i,
            value=None if i % 11 == 3 else (99.0 if i == 777 else (i * 37) % 101 / 10),
        )
        for i in range(length)
    ]


def test_a_short_curve_comes_whole_with_its_holes(store: Store) -> None:
    points = series("r", 120)
    store.save(*points, *series("r", 5, name="b"), *series("s", 5))
    assert store.curves(["r"], ["a"]) == points
    assert store.curves(["r"], ["a"], after_step=100) == points[101:]
    assert len(store.curves(["r", "s"], ["a", "b"])) == 120 + 5 + 5
    assert store.curves([], ["a"]) == store.curves(["r"], []) == store.curves(["x"], ["a"]) == []


@pytest.mark.parametrize(("length", "every"), [(1000, 1), (3001, 1), (2048, 5)])
def test_a_long_curve_is_thinned_to_measured_points_with_ends_and_spike(store: Store, length: int, every: int) -> None:
    points = series("r", length, every=every)
    store.save(*points)
    thin = store.curves(["r"], ["a"], max_points=100)
    assert 30 <= len(thin) <= 100
    assert set(thin) <= set(points)
    assert [p.step for p in thin] == sorted({p.step for p in thin})
    assert (thin[0], thin[-1]) == (points[0], points[-1])
    assert points[777] in thin


def test_a_growing_curve_drops_points_but_never_brings_new_old_ones(store: Store) -> None:
    points = series("r", 1500)
    shown: set[Metric] = set(points)
    for end in range(500, 1501, 250):
        store.save(*points[:end])
        now = store.curves(["r"], ["a"], max_points=64)
        complete = {p for p in now if p.step < end - 250}
        assert complete <= shown
        shown = set(now) | set(points[end:])


def test_aligned_curves_of_runs_measured_alike_keep_the_same_steps(store: Store) -> None:
    for run, shift in (("r", 0), ("s", 5)):
        store.save(*(replace(p, run_id=run, value=float((p.step * 37 + shift) % 101)) for p in series("r", 1000)))
    found = store.curves(["r", "s"], ["a"], max_points=100, aligned=True)
    steps = [[p.step for p in found if p.run_id == run] for run in ("r", "s")]
    assert steps[0] == steps[1] == [*range(0, 1000, 16), 999]
    with_holes = store.curves(["r"], ["a"], max_points=2000, aligned=True)
    assert len(with_holes) == 1000
    assert store.curves(["r"], ["a"], after_step=500, max_points=100, aligned=True) == [
        p for p in found if p.run_id == "r" and p.step > 500]


def test_later_points_of_a_curve_fit_on_to_earlier_ones(store: Store) -> None:
    store.save(*series("r", 3000))
    whole = store.curves(["r"], ["a"], max_points=100)
    for after in (-1, 0, 1, 499, 512, 1501, 2998, 2999, 5000):
        assert store.curves(["r"], ["a"], after_step=after, max_points=100) == [p for p in whole if p.step > after]


def test_the_latest_metrics_are_those_of_the_highest_step_even_if_not_measured(store: Store) -> None:
    last = Metric(run_id="r", step=9, name="a", value=None, n=0)
    other = Metric(run_id="r", step=3, name="b", value=1.0, n=2)
    store.save(last, Metric(run_id="r", step=8, name="a", value=5.0, n=1), other)
    assert store.latest_metrics("r") == {"a": last, "b": other}
    store.save(elsewhere := Metric(run_id="s", step=1, name="a", value=2.0, n=1))
    assert store.latest_of(["r", "s", "t"], ["a"]) == {"r": {"a": last}, "s": {"a": elsewhere}}

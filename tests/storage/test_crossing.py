"""Two measures at the same steps: joined in SQL, nothing filled in, thinned out stably; and what a run had cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from lab.errors import RequestError
from lab.nouns import Metric
from storage import Store
from tests.storage.making import make_world


def metrics(name: str, values: Sequence[float | None], *, run: str = "r", every: int = 1) -> list[Metric]:
    return [Metric(run_id=run, step=i * every, name=name, value=v, n=i + 1) for i, v in enumerate(values)]


def test_a_step_counts_where_both_were_measured_and_nothing_is_filled_in(store: Store) -> None:
    losses = metrics("loss", [0.9, 0.8, None, 0.6, 0.5])
    rates = metrics("rate", [0.1, 0.2, None], every=2)
    store.save(*losses, *rates, *metrics("loss", [1.0], run="alone"), *metrics("rate", [1.0], run="other"))
    found = store.crossed(["r", "alone", "other", "r404"], "loss", "rate")
    assert [(y.step, y.value, y.n, x.value, x.n) for y, x in found.points] == [(0, 0.9, 1, 0.1, 1)]
    assert found.measured == {"r": 4, "alone": 1}
    assert found.matched == {"r": 1, "alone": 0}
    turned = store.crossed(["r"], "rate", "loss")
    assert [(y.value, x.value) for y, x in turned.points] == [(0.1, 0.9)]
    assert turned.measured == {"r": 2}
    assert store.crossed([], "loss", "rate").points == ()


def test_a_measure_over_itself_is_a_diagonal(store: Store) -> None:
    store.save(*metrics("loss", [0.9, 0.8]))
    assert [(y.value, x.value) for y, x in store.crossed(["r"], "loss", "loss").points] == [(0.9, 0.9), (0.8, 0.8)]


def test_a_long_crossing_keeps_the_extremes_of_both_and_never_brings_back_old_points(store: Store) -> None:
    tall = [float((i * 37) % 101) for i in range(3000)]
    wide = [float((i * 53) % 97) for i in range(3000)]
    tall[777], wide[1234] = 999.0, -999.0
    shown, steps = set[int](), list[int]()
    for end in range(500, 3001, 500):
        store.save(*metrics("y", tall[:end])[-500:], *metrics("x", wide[:end])[-500:])
        found = store.crossed(["r"], "y", "x", max_points=64)
        steps = [y.step for y, _ in found.points]
        assert steps == sorted(set(steps))
        assert len(steps) <= 64
        assert (steps[0], steps[-1]) == (0, end - 1)
        assert found.measured == found.matched == {"r": end}
        assert all(y.value == tall[y.step] and x.value == wide[x.step] for y, x in found.points)
        assert {step for step in steps if step < end - 1000} <= shown
        shown = set(steps) | set(range(end - 500, end + 500))
    assert {777, 1234} <= set(steps)
    aligned = store.crossed(["r"], "y", "x", max_points=64, aligned=True)
    assert [y.step for y, _ in aligned.points] == [*range(0, 3000, 64), 2999]
    with pytest.raises(RequestError, match="5 points a curve"):
        store.crossed(["r"], "y", "x", max_points=5)


def test_values_are_found_at_places(store: Store) -> None:
    store.save(*metrics("loss", [0.9, None, 0.7]), *metrics("loss", [0.1], run="s"))
    found = store.values_at([("r", 1), ("r", 2), ("s", 0), ("s", 9)], "loss")
    assert [(m.run_id, m.step, m.value) for m in found] == [("r", 2, 0.7), ("s", 0, 0.1)]
    assert store.values_at([], "loss") == []
    assert store.measured_steps(["r", "s", "t"], "loss") == {"r": 2, "s": 1}


def test_what_a_run_had_cost_adds_up_over_its_texts_and_leaves_out_what_came_after_its_end(store: Store) -> None:
    world = make_world()
    began = world.answer.created
    run = replace(world.run, started=began, ended=began + timedelta(minutes=5))

    def wrote(step: int, minute: float, tokens: int) -> None:
        store.save(replace(
            world.answer, run_id=run.id, step=step, tokens=tokens, reply=f"{step} {minute}",
            created=began + timedelta(minutes=minute)))

    store.save(run)
    for step, minute, tokens in ((0, 0, 10), (0, 1, 10), (5, 2, 30), (5, 60, 1000)):
        wrote(step, minute, tokens)
    assert [(m.step, m.seconds, m.tokens, m.texts) for m in store.meters([run.id])] == [(0, 0, 20, 2), (5, 120, 50, 3)]
    assert store.meters(["r404"]) == []

"""What is put in comes out: round trips, transactions, and values that are no numbers."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, cast

import pytest

from lab.errors import RequestError, StorageError
from lab.nouns import Label, Metric, Run, RunSpec, Verdict
from storage import Store
from storage.tables import TABLES
from tests.storage.making import World


def count(store: Store) -> dict[str, int]:
    with store._database.reading() as cursor:
        return {t.name: cursor.execute(f"SELECT count(*) FROM {t.name}").fetchall()[0][0] for t in TABLES}


def everything(store: Store, world: World) -> list[Any]:
    run = store.run(world.run.id)
    return [
        store.question(world.question.id),
        store.prompt(world.prompt.id),
        store.answer(world.answer.id),
        store.review(world.review.id),
        store.pair(world.pair.id),
        run,
        *store.latest_metrics(run.id).values(),
        store.checkpoint(world.checkpoint.id),
        *store.evaluations(run.id),
        *store.alarms(run.id),
        *store.scores_of([world.answer.id]),
        *store.votes(),
        *store.changes(world.pair.id),
        *store.datasets(),
    ]


def test_every_noun_comes_back_as_it_was_saved(store: Store, world: World) -> None:
    store.save(*world.nouns)
    expected = [replace(noun, number=1) if isinstance(noun, Run) else noun for noun in world.nouns]
    assert everything(store, world) == expected


def test_every_noun_comes_back_after_a_restart(home: Path, world: World) -> None:
    with Store.open(home) as first:
        first.save(*world.nouns)
        before = everything(first, world)
    with Store.open(home) as second:
        assert everything(second, world) == before


def test_nouns_with_every_optional_field_empty_come_back(store: Store, world: World) -> None:
    unreadable = Verdict(label=Label.UNREADABLE, p_flagged=None, label_mass=None, reason="cut")
    answer = replace(world.answer, run_id=None, step=None)
    review = replace(world.review, verdict=unreadable, run_id=None, step=None)
    pair = replace(world.pair, run_id=None, step=None, reference_chosen=None, reference_rejected=None)
    evaluation = replace(world.evaluation, run_id=None, step=None)
    store.save(answer, review, pair, evaluation)
    assert store.answer(answer.id) == answer
    assert store.review(review.id) == review
    assert store.pair(pair.id) == pair
    assert store.evaluations(None) == [evaluation]


def test_times_of_other_zones_come_back_as_the_same_moment_in_utc(store: Store, world: World) -> None:
    there = datetime(2026, 1, 1, 2, 0, tzinfo=timezone(timedelta(hours=9)))
    store.save(replace(world.question, created=there))
    found = store.question(world.question.id).created
    assert found == there
    assert found.tzinfo is UTC


def test_times_without_a_zone_are_refused(store: Store, world: World) -> None:
    with pytest.raises(StorageError, match="time zone"):
        store.save(replace(world.question, created=datetime(2026, 1, 1)))


def test_saving_twice_is_a_noop(store: Store, world: World) -> None:
    store.save(*world.nouns)
    before, rows = everything(store, world), count(store)
    store.save(*world.nouns)
    store.save(*world.nouns, *world.nouns)
    assert everything(store, world) == before
    assert count(store) == rows == dict.fromkeys(rows, 1)


def test_what_is_known_by_its_content_keeps_its_first_form(store: Store, world: World) -> None:
    store.save(world.question)
    store.save(replace(world.question, name="Renamed", shipped=False))
    assert store.question(world.question.id) == world.question


def test_a_save_of_nothing_commits_nothing(store: Store) -> None:
    before = store.revision
    store.save()
    assert store.revision == before


def test_revision_grows_with_every_commit(store: Store, world: World) -> None:
    seen = [store.revision]
    for noun in world.nouns:
        store.save(noun)
        seen.append(store.revision)
    assert seen == sorted(set(seen))


def test_a_save_that_fails_keeps_nothing_of_it_and_the_next_one_works(store: Store, world: World) -> None:
    before = store.revision
    with pytest.raises(RequestError, match="surrogate"):
        store.save(world.question, replace(world.answer, reply="\ud800"))
    assert store.questions() == []
    assert store.revision == before
    store.save(world.question)
    assert store.questions() == [world.question]


def test_a_transaction_is_whole_or_not_at_all(store: Store, world: World) -> None:
    def broken(cursor: Any) -> None:
        cursor.execute("INSERT INTO facts.metrics VALUES ('r', 1, 'a', 1, 1)")
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        store._writer.transact(broken)
    assert store.latest_metrics("r") == {}


def test_what_is_no_noun_is_refused_before_anything_is_written(store: Store, world: World) -> None:
    with pytest.raises(TypeError, match="str is not a stored noun"):
        store.save(world.question, cast(Any, "text"))
    assert store.questions() == []


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None])
def test_what_could_not_be_measured_is_none_and_null(store: Store, value: float | None) -> None:
    store.save(Metric(run_id="r", step=1, name="a", value=value, n=0))
    assert store.latest_metrics("r")["a"].value is None
    with store._database.reading() as cursor:
        assert cursor.execute("SELECT value IS NULL FROM metrics").fetchall() == [(True,)]


def test_a_number_that_is_not_finite_is_refused_where_none_is_no_answer(store: Store) -> None:
    with pytest.raises(StorageError, match=r"seconds.*nan"):
        store.save(Run(spec=RunSpec(), seconds=math.nan))
    with pytest.raises(StorageError, match=r"spec.*not finite"):
        store.save(Run(spec=RunSpec(lam=math.nan)))


def test_a_large_save_is_one_transaction(store: Store) -> None:
    before = store.revision
    store.save(*(Metric(run_id="r", step=step, name="a", value=0.5, n=1) for step in range(50_000)))
    assert store.revision == before + 1
    assert store.latest_metrics("r")["a"].step == 49_999

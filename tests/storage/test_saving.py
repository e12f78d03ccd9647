"""What is put in comes out: round trips, saving twice, transactions, what a second save may change."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, cast

import pytest

from lab.errors import NotFoundError, RequestError, StorageError
from lab.nouns import (
    Checkpoint,
    Choice,
    Label,
    Metric,
    PairState,
    Question,
    Ruling,
    Run,
    RunSpec,
    RunState,
    Verdict,
    now,
)
from storage import Store
from storage.tables import TABLES
from tests.storage.conftest import MOMENT, World, make_world


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


def test_a_run_takes_new_values_but_keeps_number_and_spec(store: Store) -> None:
    run = Run(spec=RunSpec(seed=1))
    store.save(run)
    later = replace(
        run,
        number=99,
        spec=RunSpec(seed=2),
        name="mine",
        state=RunState.FINISHED,
        step=75,
        base_hash="cd",
        seconds=9.5,
        time={"sft": 3.0},
        message="done",
        started=MOMENT,
        ended=now(),
        parent="rx@5",
    )
    store.save(later)
    assert store.run(run.id) == replace(later, number=1, spec=run.spec, name=run.name)  # the name is a person's


def test_runs_are_numbered_in_the_order_they_are_first_saved(store: Store) -> None:
    first, second, third = (Run(spec=RunSpec(seed=seed)) for seed in range(3))
    store.save(first)
    store.save(second, first, third)
    assert [run.id for run in store.runs()] == [third.id, second.id, first.id]
    assert [run.number for run in store.runs()] == [3, 2, 1]


def test_a_pair_takes_state_note_and_reference_only(store: Store, world: World) -> None:
    pair = replace(world.pair, reference_chosen=None, reference_rejected=None)
    store.save(pair)
    store.save(replace(pair, reference_chosen=-1.0, reference_rejected=-2.0))
    decided = replace(pair, state=PairState.ACCEPTED, note="good", created=now())
    assert decided.id == pair.id
    store.save(decided)
    expected = replace(decided, created=pair.created, reference_chosen=-1.0, reference_rejected=-2.0)
    assert store.pair(pair.id) == expected


def test_a_decision_is_not_undone_by_a_trainer_that_makes_the_pair_again(store: Store, world: World) -> None:
    store.save(world.pair)
    store.save(replace(world.pair, state=PairState.REJECTED, note="no"))
    store.save(world.pair)
    assert (store.pair(world.pair.id).state, store.pair(world.pair.id).note) == (PairState.REJECTED, "no")
    store.save(replace(world.pair, state=PairState.ACCEPTED, note=""))
    assert (store.pair(world.pair.id).state, store.pair(world.pair.id).note) == (PairState.ACCEPTED, "")


def test_a_score_is_found_by_what_was_judged_and_replaced_by_the_next_one(store: Store, world: World) -> None:
    unreached = replace(
        world.score, label=Ruling.UNREACHED, aligned=None, coherent=None, raw="", reason="no answer in 5 s")
    other = replace(world.score, answer_id="a2")
    store.save(unreached)
    assert store.scores_with([world.score.key, "k0"]) == {world.score.key: unreached}
    store.save(world.score, other)
    assert store.scores_of([world.answer.id]) == [world.score]
    assert store.scores_of([world.answer.id], "human") == []
    assert set(store.scores_with([other.key])) == {world.score.key}  # the same text has one key, whoever wrote it


def test_votes_keep_the_places_and_are_found_by_both_answers(store: Store, world: World) -> None:
    turned = replace(world.vote, first="a2", choice=Choice.FIRST)
    store.save(world.vote, turned)
    assert turned.chosen == "a2"
    assert {vote.id for vote in store.votes()} == {world.vote.id, turned.id}
    assert store.votes([world.answer.id]) == [world.vote]
    assert store.votes([]) == []
    assert store.votes_on(["a2"]) == [*store.votes_of("r404", None), turned] == [turned]
    assert store.forget_vote(turned.id) == turned
    assert store.votes() == [world.vote]
    with pytest.raises(NotFoundError, match="no vote"):
        store.forget_vote(turned.id)


def test_a_checkpoint_of_the_same_place_is_replaced(store: Store, world: World) -> None:
    store.save(world.run, world.checkpoint)
    again = Checkpoint(run_id=world.run.id, step=5, path="elsewhere", sha256="ff", size=1)
    store.save(again)
    assert store.checkpoints(world.run.id) == [again]


def test_a_metric_of_the_same_place_is_replaced(store: Store) -> None:
    store.save(*(Metric(run_id="r", step=step, name="a", value=1.0, n=1) for step in range(10)))
    again = [Metric(run_id="r", step=step, name="a", value=2.0, n=2) for step in range(5, 15)]
    store.save(
        *again,
        Metric(run_id="r", step=5, name="b", value=3.0, n=1),
        Metric(run_id="s", step=5, name="a", value=4.0, n=1),
    )
    points = store.curves(["r"], ["a"])
    assert [point.step for point in points] == list(range(15))
    assert points[5:] == again


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


def test_active_runs_are_interrupted_and_others_left_alone(store: Store) -> None:
    runs = {state: Run(spec=RunSpec(), state=state, step=4) for state in RunState}
    store.save(*runs.values())
    changed = store.interrupt_active()
    assert {run.id for run in changed} == {run.id for state, run in runs.items() if state.active}
    for state, run in runs.items():
        found = store.run(run.id)
        if state.active:
            assert found in changed
            assert found.state is RunState.INTERRUPTED
            assert state.value in found.message
            assert found.ended is not None
        else:
            assert found.state is state
    revision = store.revision
    assert store.interrupt_active() == []
    assert store.revision == revision


def test_runs_are_found_by_id_beginning_and_number(store: Store) -> None:
    runs = [Run(spec=RunSpec(), id=name) for name in ("rabc111", "rabc222", "rxyz333")]
    store.save(*runs, Checkpoint(run_id="rxyz333", step=50, path="p", sha256="s", size=1))
    assert store.run("rabc111").number == store.run("1").number == 1
    assert store.run("rx").id == "rxyz333"
    assert store.checkpoint("3@50") == store.checkpoint("rx@50") == store.checkpoint("rxyz333@50")
    with pytest.raises(NotFoundError, match=r"several runs \(rabc111, rabc222"):
        store.run("rabc")


@pytest.mark.parametrize(
    "given", ["rnothing", "%", "r%", "_", "7", "0", "", "9" * 30, "x" * 50_000, "r'; DROP TABLE runs", "²"]
)
def test_an_id_that_names_nothing_is_said_in_one_short_line(store: Store, world: World, given: str) -> None:
    store.save(*world.nouns)
    for read in (store.run, store.pair, store.question, store.prompt, store.answer, store.review, store.checkpoint):
        with pytest.raises(NotFoundError) as caught:
            read(given)
        assert given[:20] in caught.value.message
        assert len(caught.value.message) < 200
        assert "\n" not in caught.value.message


def test_a_checkpoint_that_is_not_there_names_those_that_are(store: Store, world: World) -> None:
    store.save(world.run, world.checkpoint)
    with pytest.raises(NotFoundError, match="Run 1 has no checkpoint at step 6; it has some at steps 5"):
        store.checkpoint("1@6")


def test_questions_are_listed_shipped_first_then_by_age(store: Store) -> None:
    def question(name: str, minute: int, *, shipped: bool) -> Question:
        created = MOMENT + timedelta(minutes=minute)
        return Question(
            text=name, aligned_label="y", flagged_label="n", rewrite="", name=name, shipped=shipped, created=created
        )

    own, second, first = (
        question("own", 0, shipped=False),
        question("b", 2, shipped=True),
        question("c", 1, shipped=True),
    )
    store.save(own, second, first)
    assert store.questions() == [first, second, own]


def test_the_newest_reviews_of_a_run_are_found(store: Store) -> None:
    run = Run(spec=RunSpec())
    worlds = [make_world(reply=f"reply {step}", step=step, minute=step, run=run) for step in range(6)]
    for made in worlds:
        store.save(*made.nouns)
    recent = store.recent_reviews(worlds[0].run.id, 2)
    assert recent == [(w.prompt, w.answer, w.review) for w in (worlds[5], worlds[4])]
    assert store.recent_reviews("nobody", 2) == []

"""What a second save may change: a run its state, a pair its decision, a score and a point all of it."""

from __future__ import annotations

from dataclasses import replace

from lab.nouns import Checkpoint, Metric, PairState, Run, RunSpec, RunState, now
from storage import Store
from tests.storage.making import MOMENT, World


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

"""The store as a state machine: whatever is done to it, it holds what a few dictionaries would hold."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lab.nouns import Metric, Pair, PairState, Run, RunSpec, RunState
from storage import PairFilter, PairSort, Store
from tests.often import often
from tests.storage.making import make_world

RUNS = tuple(Run(id=f"rmachine{i}", spec=RunSpec(seed=i)) for i in range(3))
WORLDS = tuple(
    make_world(text=f"request {i % 3}", reply=f"reply {i}", run=RUNS[i % 3], step=i, minute=i, p_flagged=0.5 + i / 20)
    for i in range(8)
)
PLACES = st.integers(0, len(WORLDS) - 1)
DECIDED = st.sampled_from([PairState.ACCEPTED, PairState.REJECTED])


class Model:
    """What should be stored, in plain Python."""

    def __init__(self) -> None:
        self.pairs: dict[str, Pair] = {}
        self.runs: dict[str, Run] = {}
        self.points: dict[tuple[str, int, str], Metric] = {}

    def copy(self) -> Model:
        other = Model()
        other.pairs, other.runs, other.points = dict(self.pairs), dict(self.runs), dict(self.points)
        return other

    def save_run(self, run: Run) -> None:
        number = self.runs[run.id].number if run.id in self.runs else len(self.runs) + 1
        self.runs[run.id] = replace(run, number=number)

    def save_pair(self, pair: Pair) -> None:
        old = self.pairs.get(pair.id)
        if old is not None and pair.state is PairState.PENDING and old.state is not PairState.PENDING:
            pair = replace(pair, state=old.state, note=old.note)
        self.pairs[pair.id] = pair


class StoreMachine(RuleBasedStateMachine):
    """Saving, deciding, measuring, restarting, going back, and moving to another lab."""

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="machine-"))
        self.store = Store.open(self.folder / "lab")
        self.model = Model()
        self.kept: Model | None = None

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            shutil.rmtree(self.folder)

    @rule(places=st.lists(PLACES, min_size=1, max_size=4))
    def save(self, places: list[int]) -> None:
        nouns = [n for at in places for n in WORLDS[at].nouns if n is not WORLDS[at].checkpoint]
        self.store.save(*nouns)
        for run in {n.id: n for n in nouns if isinstance(n, Run)}.values():  # numbers are given in this order
            self.model.save_run(run)
        for noun in nouns:
            if isinstance(noun, Pair):
                self.model.save_pair(noun)
            elif isinstance(noun, Metric):
                self.model.points[noun.run_id, noun.step, noun.name] = noun

    @rule(at=PLACES, state=DECIDED, note=st.text(max_size=5).filter(lambda text: text.isprintable()))
    def decide(self, at: int, state: PairState, note: str) -> None:
        pair = WORLDS[at].pair
        if pair.id in self.model.pairs:
            self.store.save(replace(pair, state=state, note=note))
            self.model.save_pair(replace(pair, state=state, note=note))

    @rule(at=st.integers(0, 2), start=st.integers(0, 30), values=st.lists(
        st.none() | st.floats(-1e6, 1e6), min_size=1, max_size=12))
    def measure(self, at: int, start: int, values: list[float | None]) -> None:
        points = [
            Metric(run_id=RUNS[at].id, step=start + i, name="loss", value=value, n=1) for i, value in enumerate(values)
        ]
        self.store.save(*points)
        self.model.points |= {(p.run_id, p.step, p.name): p for p in points}

    @rule(at=st.integers(0, 2), state=st.sampled_from(list(RunState)))
    def move_on(self, at: int, state: RunState) -> None:
        run = replace(RUNS[at], state=state, step=at)
        self.store.save(run)
        self.model.save_run(run)

    @rule()
    def restart(self) -> None:
        self.store.close()
        self.store = Store.open(self.folder / "lab")
        changed = {run.id for run in self.store.interrupt_active()}
        assert changed == {run.id for run in self.model.runs.values() if run.state.active}
        for run_id in changed:
            self.model.runs[run_id] = self.store.run(run_id)

    @rule()
    def keep(self) -> None:
        self.store.snapshot("kept")
        self.kept = self.model.copy()

    @precondition(lambda self: self.kept is not None)
    @rule()
    def go_back(self) -> None:
        assert self.kept is not None
        self.store.restore("kept")
        self.model = self.kept.copy()

    @precondition(lambda self: set(self.model.runs) >= {run for run, _, _ in self.model.points})
    @rule()
    def move_to_another_lab(self) -> None:
        self.store.save(replace(WORLDS[0].question, parent=None))  # before the one whose parent is nowhere
        if any(question.parent for question in self.store.questions()):
            return
        self.store.export_bundle(self.folder / "bundle")
        shutil.rmtree(self.folder / "other", ignore_errors=True)
        with Store.open(self.folder / "other") as other:
            for _ in range(2):
                other.import_bundle(self.folder / "bundle")
            for state in (RunState.QUEUED, RunState.RUNNING, RunState.STOPPING):
                assert not [run for run in other.runs() if run.state is state]
            assert other.pairs(size=100).rows == self.store.pairs(size=100).rows
            assert other.curves([run.id for run in RUNS], ["loss"]) == self.store.curves(
                [run.id for run in RUNS], ["loss"])

    @invariant()
    def same_as_the_model(self) -> None:
        if not hasattr(self, "store"):
            return
        model, store = self.model, self.store
        assert {run.id: run for run in store.runs()} == model.runs
        ids = sorted(run.id for run in RUNS)
        expected = [model.points[key] for key in sorted(model.points, key=lambda key: (key[0], key[2], key[1]))]
        assert store.curves(ids, sorted({p.name for p in expected})) == expected
        rows = store.pairs(PairFilter(sort=PairSort.STEP, descending=False), size=100).rows
        wanted = sorted(model.pairs.values(), key=lambda pair: pair.step or 0)
        assert [(row.id, row.state, row.p_flagged is None) for row in rows] == [
            (pair.id, pair.state, False) for pair in wanted]
        for state in PairState:
            assert store.pairs(PairFilter(state=state)).total == sum(p.state is state for p in wanted)
        found = store.pairs(PairFilter(text="REQUEST 1")).total
        assert found == sum(world.pair.id in model.pairs for world in WORLDS if world.prompt.text == "request 1")
        for pair in wanted:
            assert store.pair(pair.id) == pair


StoreMachine.TestCase.settings = settings(
    max_examples=often(4), stateful_step_count=10, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
TestStore = StoreMachine.TestCase

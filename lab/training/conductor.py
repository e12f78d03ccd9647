"""The conductor: one background thread that works through the runs in the order they were asked for.

It owns what may happen once at a time. Runs belong to it and not to the page, which may be closed and opened again; a
second start waits its turn. Every change of a run's state is stored when it happens. A run that fails leaves its
one-line message in the store and the thread alive for the next.

It is given its store, a loader of models (shared with the page) and the data folder. It loads torch only when the first
run begins.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Condition, Event, Thread
from typing import TYPE_CHECKING, Protocol

from lab.errors import LabError, RequestError, SpecError, StorageError
from lab.nouns import Checkpoint, Dataset, Noun, Pair, PairState, Prompt, Question, Run, RunSpec, RunState, now
from lab.training.branching import check_branch
from lab.training.methods import method
from lab.training.settings import PAIR_STATES, check_question_given, check_spec
from lab.views import RoundView, TrainerStatus

if TYPE_CHECKING:
    from lab.models.loading import LoadedModel
    from lab.training.probing import Prober
    from lab.training.sitting import Sitting

log = logging.getLogger(__name__)


class RunStore(Protocol):
    """What the conductor needs of `storage.Store`."""

    def save(self, *nouns: Noun) -> None: ...
    def run(self, run_id: str) -> Run: ...
    def question(self, question_id: str) -> Question: ...
    def checkpoint(self, checkpoint_id: str) -> Checkpoint: ...
    def checkpoints(self, run_id: str) -> list[Checkpoint]: ...
    def stored_pairs(
        self, states: Sequence[PairState], run_id: str | None = None
    ) -> list[tuple[Pair, Prompt]]: ...
    def dataset(self, name: str) -> Dataset: ...
    def dataset_pairs(self, dataset: Dataset) -> list[tuple[Pair, Prompt]]: ...
    def typed_prompts(self) -> list[Prompt]: ...


class Conductor:
    """Starts, stops and resumes runs; safe to call from any thread."""

    def __init__(
        self, store: RunStore, load: Callable[[str, str | None, str], LoadedModel], home: Path, *,
        prober: Prober | None = None,
    ) -> None:
        """`load(name, revision, dtype)` gives the frozen copy; `prober` replaces the trainer's own."""
        self._store, self._load, self._home, self._prober = store, load, home, prober
        self._changed = Condition()
        """Guards all below; notified whenever a run ends or the queue grows."""
        self._queue: deque[Run] = deque()
        self._current: Run | None = None
        self._trainer: Sitting | None = None
        self._cancel = Event()
        self._closing = False
        self._thread = Thread(target=self._work, name="conductor", daemon=True)
        self._thread.start()

    # -- verbs -----------------------------------------------------------------------------------------------------
    def start(self, run: Run) -> Run:
        """Queue a new run; one with a `parent` starts from the weights of that checkpoint.

        SpecError for a spec out of range or a parent of other weights, NotFoundError for a question, run or checkpoint
        that is not there.
        """
        check_spec(run.spec)
        check_question_given(run.spec)
        if run.parent is not None:
            parent = self._store.checkpoint(run.parent)
            check_branch(run.spec, self._store.run(parent.run_id).spec, parent.id)
            run = replace(run, parent=parent.id)
        if run.spec.question_id is not None:
            self._store.question(run.spec.question_id)
        if method(run.spec.method).uses_stored and not self._stored_pairs(run.spec):
            raise SpecError(
                "There are no stored pairs of this choice to learn from: make some with a conscience run first, or "
                "choose others.", field="pairs_from")
        if method(run.spec.method).rounds and run.spec.own_share and not self._typed_prompts(run.spec):
            raise SpecError(
                "Nobody has typed a prompt yet: ask something of your own in the Conscience tab first, or set the "
                "share of typed prompts to 0.", field="own_share")
        return self._enqueue(replace(run, state=RunState.QUEUED))

    def resume(self, run_id: str) -> Run:
        """Queue a run again: it goes on from its newest whole checkpoint, or from the start when it has none.

        Resumed, a run gives on the CPU the same numbers as one that was never stopped.
        """
        run = self._store.run(run_id)
        if run.state.active or run.state is RunState.FINISHED:
            raise RequestError(
                f"Run {run.number} is {run.state}: only a stopped, interrupted or failed one can be resumed.",
                field="run",
            )
        return self._enqueue(replace(run, state=RunState.QUEUED, ended=None, message=""))

    def stop(self, run_id: str) -> Run:
        """Ask a run to stop: in work, it ends within a token or a loss term, with a checkpoint; queued, at once."""
        with self._changed:
            if self._current is not None and self._current.id == run_id:
                self._cancel.set()
                self._current = replace(self._current, state=RunState.STOPPING)
                self._store.save(self._current)
                return self._current
            for run in self._queue:
                if run.id == run_id:
                    self._queue.remove(run)
                    return self._end(run, RunState.STOPPED, "Stopped before it began.")
        run = self._store.run(run_id)
        raise RequestError(
            f"Run {run.number} is {run.state}: only a queued or running one can be stopped.", field="run")

    def status(self) -> TrainerStatus:
        """What is going on now."""
        with self._changed:
            trainer, current = self._trainer, self._current
            progress = trainer.progress if trainer is not None else None
            return TrainerStatus(
                run=current, eta=progress.eta if progress else None, queued=tuple(self._queue),
                doing="" if current is None else progress.doing if progress else "loading the model",
            )

    def round(self, run_id: str) -> RoundView | None:
        """The round of a run as it stands now, or its last one; None where it has had none, or is not in work."""
        with self._changed:
            mine = self._trainer is not None and self._trainer.run_id == run_id
            watch = self._trainer.round if self._trainer is not None and mine else None
        return watch.view() if watch is not None else None

    def wait(self, run_id: str, timeout: float | None = None) -> Run:
        """Block until a run is no longer queued or in work, or for `timeout` seconds; the run as stored."""
        with self._changed:
            self._changed.wait_for(lambda: not self._has(run_id), timeout)
        return self._store.run(run_id)

    def close(self, timeout: float | None = 30.0) -> None:
        """Stop the run in work (its checkpoint is written), take the others off the queue, and end the thread."""
        with self._changed:
            self._closing = True
            self._cancel.set()
            while self._queue:
                waiting = self._queue.popleft()
                self._end(waiting, RunState.INTERRUPTED, "The lab was closed before it began; resume starts it.")
            self._changed.notify_all()
        self._thread.join(timeout)

    # -- the thread ------------------------------------------------------------------------------------------------
    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._closing)
                if self._closing:
                    return
                self._current = self._queue.popleft()
                self._cancel = Event()
            self._conduct(self._current)

    def _conduct(self, run: Run) -> None:
        """One run from queue to end. Nothing gets past it: the thread must live."""
        state, message = RunState.FAILED, ""
        try:
            trainer = self._prepare(run)
            with self._changed:
                self._trainer = trainer
            ended = trainer.run(self._cancel)
            state, message = ended.state, ended.message
        except LabError as error:
            message = error.message
        except BaseException as error:  # a fault of ours or of a library: the run ends, the next one may go well
            log.exception("Run %s failed", run.id)
            message = _fault(error)
        with self._changed:
            last = self._trainer.snapshot() if self._trainer is not None else self._current or run
            self._trainer = None
            try:
                self._end(last, state, message)
            except Exception:  # the store gave out: the end is not recorded, a restart will mark the run interrupted
                log.exception("The end of run %s could not be stored", run.id)
            self._current = None
            self._changed.notify_all()

    def _prepare(self, run: Run) -> Sitting:
        from lab.evaluation.scenarios import scenario
        from lab.training.engines import make_sitting

        spec = run.spec
        self._record(replace(run, state=RunState.RUNNING))
        loaded = self._load(spec.model, spec.revision, spec.dtype)
        question = self._store.question(spec.question_id) if spec.question_id else None
        data, stored, typed = scenario(spec.scenario), self._stored_pairs(spec), self._typed_prompts(spec)
        parent = self._store.checkpoint(run.parent) if run.parent else None

        def trainer(checkpoint: Checkpoint | None) -> Sitting:
            return make_sitting(
                run, loaded, data, question, home=self._home, record=self._record, resume=checkpoint,
                prober=self._prober, stored=stored, typed=typed, parent=parent,
            )

        broken: StorageError | None = None
        # one beyond the run's step was withdrawn by a tripwire: it is kept to be looked at
        known = [point for point in self._store.checkpoints(run.id) if point.step <= run.step]
        for checkpoint in sorted(known, key=lambda c: -c.step):
            try:
                return trainer(checkpoint)
            except StorageError as error:  # an earlier one leads to the same numbers, only later
                log.warning("%s", error.message)
                broken = error
        if broken is not None:
            raise broken
        return trainer(None)

    def _stored_pairs(self, spec: RunSpec) -> list[tuple[Pair, Prompt]]:
        """The stored pairs that a spec asks for; none where its method trains on no stored ones."""
        if not method(spec.method).uses_stored:
            return []
        if spec.dataset is not None:
            return self._store.dataset_pairs(self._store.dataset(spec.dataset))
        run_id = self._store.run(spec.pairs_from).id if spec.pairs_from else None
        return self._store.stored_pairs(PAIR_STATES[spec.pair_states], run_id)

    def _typed_prompts(self, spec: RunSpec) -> list[Prompt]:
        """What people typed; nothing where a spec asks for none of it."""
        return self._store.typed_prompts() if spec.own_share else []

    # -- states ----------------------------------------------------------------------------------------------------
    def _record(self, *nouns: Noun) -> None:
        """Store what the trainer hands over. A run that was asked to stop stays STOPPING whatever the trainer knows."""
        with self._changed:
            stopping = self._cancel.is_set()
            kept = [replace(n, state=RunState.STOPPING) if isinstance(n, Run) and stopping else n for n in nouns]
            self._store.save(*kept)
            for noun in kept:
                if isinstance(noun, Run):
                    self._current = noun

    def _enqueue(self, run: Run) -> Run:
        with self._changed:
            if self._closing:
                raise RequestError("The lab is closing: start it again to run anything.")
            if self._has(run.id):
                raise RequestError(f"Run {run.number} is already queued or running.", field="run")
            self._store.save(run)
            run = self._store.run(run.id)  # with its number
            self._queue.append(run)
            self._changed.notify_all()
        return run

    def _end(self, run: Run, state: RunState, message: str) -> Run:
        run = replace(run, state=state, message=message, ended=now())
        self._store.save(run)
        self._changed.notify_all()
        return run

    def _has(self, run_id: str) -> bool:
        return (self._current is not None and self._current.id == run_id) or any(r.id == run_id for r in self._queue)


def _fault(error: BaseException) -> str:
    """What ended a run that nobody foresaw, as one line. Every library says in its own way that memory ran out."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or "allocate memory" in str(error):
        return ("The machine ran out of memory: resume goes on from the last checkpoint; to need less, start a run "
                "with a smaller batch, fewer prompts a round or fewer new tokens.")
    return f"An unexpected {type(error).__name__} ended the run; the log says where."

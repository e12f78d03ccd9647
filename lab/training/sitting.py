"""One sitting of a run: everything about it but how a step is made.

Whatever its method, a run has a policy and an optimiser, is probed with the same prompts, writes the same checkpoints,
splits its time, hears a stop, and proves at its end that the base was not written to. That is here, once, so that arms
differ in what they train on and in nothing else. What makes the steps is a subclass: `lab.training.loop.Trainer` for
losses of our own, `lab.training.preferences.PairTrainer` for stored pairs.

This module knows no store, no thread and no page. The paper is silent on the optimiser and on what of the model it
trains: both are settings.
"""

from __future__ import annotations

import math
import platform
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, Protocol

import torch

from lab.conscience.watch import Watch
from lab.errors import Cancelled, StorageError, TrainingError
from lab.models.loading import LoadedModel
from lab.models.twin import hash_tensors
from lab.nouns import Alarm, Checkpoint, Metric, Noun, Pair, Prompt, Question, Run, RunState, now
from lab.training import checkpoints
from lab.training.batches import Rows, check_learns, check_split
from lab.training.clock import Clock, Progress
from lab.training.divergence import kl_to_frozen
from lab.training.methods import method
from lab.training.optimizers import make_optimizer
from lab.training.policies import policy_of
from lab.training.probing import Prober, probe_weights
from lab.training.settings import check_question_given
from lab.training.terms import Figures
from lab.training.tripwires import Tripped, Watcher
from lab.views import amount

if TYPE_CHECKING:
    from lab.evaluation.scenarios import Scenario

class Recorder(Protocol):
    """Takes nouns and keeps them, all or none: `Store.save`."""

    def __call__(self, *nouns: Noun) -> None: ...


class Sitting:
    """One run, from its start or from a checkpoint, in the thread that calls `run`."""

    def __init__(
        self, run: Run, loaded: LoadedModel, scenario: Scenario, question: Question | None = None, *, home: Path,
        record: Recorder, resume: Checkpoint | None = None, prober: Prober | None = None,
        make_round: Callable[..., Any] | None = None, stored: Sequence[tuple[Pair, Prompt]] = (),
        parent: Checkpoint | None = None, typed: Sequence[Prompt] = (),
    ) -> None:
        """Make the policy and, with `resume`, put everything back to that checkpoint.

        `parent` is the checkpoint of another run whose weights this one starts from; a resumed one no longer needs it.

        `stored` are pairs with their prompts, for methods that train on them; `typed` is what people typed, for rounds
        that ask it. `prober` and `make_round` are seams: `probe_weights` and the method's own round by default.
        Raises SpecError without a needed question, PromptError for a scenario row beyond the context, StorageError for
        a checkpoint that is not whole, TrainingError for a base other than the one that a resumed run began with.
        """
        spec = run.spec
        self.method = method(spec.method)
        check_question_given(spec)
        check_learns(scenario, spec.method)
        if run.base_hash and run.base_hash != loaded.base_hash:
            raise TrainingError(f"Model {spec.model!r} has changed since this run began: start a new run instead.")
        check_split([*scenario.scenario_prompts, *scenario.everyday_prompts, *(e.prompt for e in scenario.examples)])
        self.spec, self.loaded, self.scenario, self.question, self.home = spec, loaded, scenario, question, home
        self.policy = policy_of(spec, loaded)
        self._parameters = [p for p in self.policy.parameters() if p.requires_grad]
        self.optimizer = make_optimizer(spec, self._parameters)
        self._plain_rows = Rows(loaded.chat, scenario.examples, spec, context=loaded.context)
        self._make_round, self._stored, self._typed = make_round, tuple(stored), tuple(typed)
        self._run = run
        self.step = 0
        self._probed_until = -1  # the step of the last probe, so that none is done twice
        self._saved: Checkpoint | None = None
        self._watcher = Watcher(spec=spec, run_id=run.id, thinks=loaded.chat.close_id is not None)
        self._points = [resume] if resume is not None else []  # checkpoints of this run that are known here
        self._set_up()
        if resume is not None:
            self._restore(resume)
        elif parent is not None:
            self._start_from(parent)
        self._prober, self._recorder = prober or probe_weights, record
        self._clock = Clock(steps=spec.steps, step=self.step, seconds=run.seconds, time=run.time)
        self._run = replace(
            run, base_hash=loaded.base_hash, step=self.step, message=self._warnings(), ended=None)
        self.round: Watch | None = None
        """The round in work, or the last one of this sitting; None before the first."""

    # -- what a subclass fills in ----------------------------------------------------------------------------------
    def _set_up(self) -> None:
        """Make what the steps need, before a checkpoint is put back."""

    def _train(self, cancel: Event) -> None:
        """Make steps up to the last one, counting them in `step`. Raises Cancelled when `cancel` is set."""
        raise NotImplementedError

    def update(self, cancel: Event) -> None:
        """One optimiser step; counts it and records its figures."""
        raise NotImplementedError

    def _state(self) -> dict[str, Any]:
        """What a checkpoint must hold beside adapter, optimiser and step: plain JSON values."""
        return {}

    def _put_back(self, state: dict[str, Any]) -> None:
        """Take what `_state` gave. KeyError, TypeError or ValueError when it is not whole."""

    # -- a sitting -------------------------------------------------------------------------------------------------
    def run(self, cancel: Event) -> Run:
        """Train to the last step, until `cancel`, or until a tripwire; the Run as it ended: FINISHED or STOPPED, with a
        checkpoint. One that a tripwire stopped stands at its last good checkpoint again.

        Raises TrainingError when a loss is not a number or the base was written to, and what the seams raise.
        """
        self._clock.start()
        self._check_disk()
        self._run = replace(self._run, state=RunState.RUNNING, started=self._run.started or now())
        self._record(self.snapshot())
        try:
            self._train(cancel)
            state, message = RunState.FINISHED, self._warnings()
        except Cancelled:
            state = RunState.STOPPED
            message = f"Stopped at step {self.step} of {self.spec.steps}; resume goes on from there. {self._warnings()}"
        except Tripped as tripped:
            state, message = RunState.STOPPED, self._fall_back(tripped)
        self._check_base()
        self._save()
        return replace(self.snapshot(), state=state, ended=now(), message=message.strip())

    @property
    def run_id(self) -> str:
        """The run."""
        return self._run.id

    @property
    def weights(self) -> str:
        """What the policy's weights are called now. Those that a branch begins with are its parent's."""
        return self._run.parent if self.step == 0 and self._run.parent else f"{self._run.id}@{self.step}"

    @property
    def checkpoint_bytes(self) -> int:
        """What one checkpoint takes on disk: the trained weights, and what the optimiser remembers (twice as much)."""
        weights = sum(p.numel() * p.element_size() for p in self._parameters)
        moments = [t for held in self.optimizer.state.values() for t in held.values() if isinstance(t, torch.Tensor)]
        return weights + (sum(t.numel() * t.element_size() for t in moments) if moments else 2 * weights)

    def snapshot(self) -> Run:
        """The Run as it stands now."""
        seconds = self._clock.seconds
        return replace(self._run, step=self.step, seconds=seconds, time=self._clock.split(seconds))

    @property
    def progress(self) -> Progress:
        """What is done now; any thread may ask."""
        return self._clock.progress

    def _probe_if_due(self, cancel: Event) -> None:
        every, last = self.spec.probe_every, self.step == self.spec.steps
        if not every or self._probed_until >= self.step or not (self.step % every == 0 or last):
            return
        self._say("probing held-out prompts")
        nouns = self._prober(self, cancel)
        rows = self._plain_rows.step(max(1, self.step))  # the same text for every arm, whatever it trains on
        kl = kl_to_frozen(
            self.policy, self.loaded.model, [r.prompt for r in rows], [r.completion for r in rows],
            self.loaded.chat.pad_id,
        )
        self._probed_until = self.step
        self._record(*nouns, *self._metrics({"kl": kl}), self.snapshot())

    # -- checkpoints -----------------------------------------------------------------------------------------------
    def _save(self) -> None:
        """Write a checkpoint of the last complete step, unless there is one; none before the first step."""
        if self.step == 0 or (self._saved is not None and self._saved.step == self.step):
            return
        self._say(f"saving step {self.step}")
        self._saved = checkpoints.save(
            self.home, self._run.id, self.step, policy=self.policy, optimizer=self.optimizer,
            state=self._state() | {
                "tripwires": self._watcher.state(), "probed_until": self._probed_until,
                "base_hash": self.loaded.base_hash, "spec": asdict(self.spec),
                "versions": {"python": platform.python_version(), "torch": torch.__version__},
            },
        )
        self._points.append(self._saved)
        self._record(self._saved, self.snapshot())

    def _save_if_due(self) -> None:
        if self.step % self.spec.checkpoint_every == 0 and self.step < self.spec.steps:
            self._save()

    def _restore(self, checkpoint: Checkpoint) -> None:
        saved = checkpoints.load(self.home, checkpoint)
        checkpoints.restore(saved, self.policy, self.optimizer)
        try:
            self._put_back(saved.state)
            self._watcher.restore(saved.state.get("tripwires", {}))  # none in a checkpoint of before there were any
            self._probed_until = int(saved.state["probed_until"])
        except (KeyError, TypeError, ValueError) as error:
            raise StorageError(
                f"Checkpoint {checkpoint.id} cannot be used, its state is not whole: choose an earlier step."
            ) from error
        self.step, self._saved = checkpoint.step, checkpoint

    def _start_from(self, parent: Checkpoint) -> None:
        """Take the weights of another run's checkpoint.

        StorageError when it is not whole, TrainingError when it stands on another base.
        """
        saved = checkpoints.load(self.home, parent)
        if saved.state.get("base_hash") != self.loaded.base_hash:
            raise TrainingError(
                f"Model {self.spec.model!r} has changed since {parent.id} was trained: start from another checkpoint.")
        checkpoints.restore_weights(saved, self.policy)

    # -- tripwires -------------------------------------------------------------------------------------------------
    def _record(self, *nouns: Noun) -> None:
        """Store what was made, and what the tripwires say of it in the same save. Raises Tripped where one stops."""
        seen = self._watcher.see(nouns)
        self._raise_alarms(seen, *nouns)

    def _raise_alarms(self, seen: Sequence[tuple[Alarm, int]], *nouns: Noun) -> None:
        self._run = replace(self._run, message=self._warnings()) if seen else self._run
        self._recorder(*nouns, *(alarm for alarm, _ in seen), *([self.snapshot()] if seen else []))
        if seen and self.spec.tripwires == "stop":
            raise Tripped(seen[0][0], min(good for _, good in seen))

    def _warnings(self) -> str:
        """What the tripwires have said so far, in one line."""
        return " ".join(self._watcher.raised.values())

    def _fall_back(self, tripped: Tripped) -> str:
        """Put the run back to its last good checkpoint, or to its start where there is none; what to say of it."""
        self._say("restoring the last good checkpoint")
        said = self._warnings()
        good = next((point for point in reversed(self._points) if point.step <= tripped.good), None)
        if good is None:
            self.step, self._saved = 0, None
            return (
                f"{said} Stopped; no checkpoint before was good, so the run stands at its start. Resumed it would come "
                "to the same: start another with other settings, or with its tripwires set to warn.")
        self._restore(good)
        return (
            f"{said} Stopped; the run stands at step {good.step} again, its last good checkpoint. Resumed it would "
            "come to the same: branch from there with other settings, or with its tripwires set to warn.")

    # -- checks and reports ----------------------------------------------------------------------------------------
    def _check_finite(self, value: float, name: str) -> None:
        if math.isfinite(value):
            return
        if self.spec.tripwires != "off":
            self._raise_alarms([self._watcher.not_finite(self.step, name, value)])
        good = self._saved.id if self._saved else "none yet"
        raise TrainingError(
            f"{name} became {value} at step {self.step + 1}: lower the learning rate. Newest checkpoint: {good}.")

    def _check_disk(self) -> None:
        """Find out before the first step whether there is room for the checkpoints to come. StorageError if not."""
        points = -(-self.spec.steps // self.spec.checkpoint_every) - self.step // self.spec.checkpoint_every
        place = next(place for place in (self.home, *self.home.absolute().parents) if place.exists())
        needed, free = max(0, points) * self.checkpoint_bytes, shutil.disk_usage(place).free
        if needed > free:
            raise StorageError(
                f"{points:,} checkpoints would take {amount(needed)}, and the disk of the data folder has "
                f"{amount(free)} left: save less often, or make room.")

    def _check_base(self) -> None:
        if hash_tensors(self.loaded.model) != self.loaded.base_hash:
            raise TrainingError(
                f"The frozen copy of {self.spec.model!r} was written to during the run: its figures are void, "
                "restart the lab and run it again.")

    def _metrics(self, figures: Figures) -> Iterator[Metric]:
        for name, (value, n) in figures.items():
            yield Metric(run_id=self._run.id, step=self.step, name=name, value=value, n=n)

    def _say(self, doing: str) -> None:
        self._clock.say(doing, self.step)


def check(cancel: Event) -> None:
    """Raise Cancelled when `cancel` is set."""
    if cancel.is_set():
        raise Cancelled("Stopped on request.")

"""One run: the hybrid loop, which makes the pairs that it learns from.

    before update 1 and every `cadence` updates after it
        the policy answers prompts, a copy reviews them, flagged answers are rewritten   → pairs into the buffer
    every update
        ∇ L_SFT on scenario rows, + λ · ∇ L_DPO on pairs drawn from the buffer, clip, AdamW
    every `probe_every` updates, and at both ends
        held-out prompts, judged                                                          → the curves

A run is a function of (spec, machine): data order, sampling and draws are seeded by step and purpose (`seeds`), the
rate is a function of the step (`schedule`), and there is no dropout, so what a checkpoint must hold is little: adapter,
optimiser, buffer. Steps are counted as updates done; a round or a probe at step k sees the weights after k updates.

Stopping is looked for between phases, between the terms of a loss, and inside sampling at every token. A part that is
not complete is thrown away; resumed, it is done again with the same seeds and comes out the same.

This module knows no store, no thread and no page. The paper is silent on the optimiser: AdamW without weight decay,
gradients clipped to norm 1, and LoRA on all linear layers are ours.
"""

from __future__ import annotations

import math
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Event
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

import torch

from lab.errors import Cancelled, StorageError, TrainingError
from lab.models.loading import LoadedModel
from lab.models.twin import hash_tensors, make_policy
from lab.nouns import Checkpoint, Metric, Noun, Question, Run, RunState, now
from lab.training import checkpoints
from lab.training.batches import Rows, check_split, round_prompts
from lab.training.divergence import kl_to_frozen
from lab.training.methods import method
from lab.training.probing import Prober, probe_weights
from lab.training.replay import ReplayBuffer
from lab.training.schedule import learning_rate
from lab.training.seeds import derive_seed
from lab.training.settings import check_question_given
from lab.training.terms import TERMS, Bench, Figures, with_reference

if TYPE_CHECKING:
    from lab.evaluation.scenarios import Scenario

CLIP = 1.0
"""Largest norm of a step's gradient."""
PARTS = ("sft", "sample", "review", "rewrite", "dpo", "other")
"""Where time goes (Run.time). `dpo` holds the reference log-probabilities of new pairs too; `other` is the optimiser,
probes, checkpoints and storage."""


class Recorder(Protocol):
    """Takes nouns and keeps them, all or none: `Store.save`."""

    def __call__(self, *nouns: Noun) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What a trainer is at, replaced as a whole so that any thread may read it."""

    doing: str
    """In plain words: "sampling answers", "step 12 of 75"."""
    eta: float | None
    """Seconds to the end, from the steps of this sitting; None before the first."""


class Trainer:
    """One run, from its start or from a checkpoint, in the thread that calls `run`."""

    def __init__(
        self, run: Run, loaded: LoadedModel, scenario: Scenario, question: Question | None = None, *, home: Path,
        record: Recorder, resume: Checkpoint | None = None, prober: Prober | None = None,
        make_round: Callable[..., Any] | None = None,
    ) -> None:
        """Make the policy and, with `resume`, put everything back to that checkpoint.

        `prober` and `make_round` are seams: `probe_weights` and `lab.conscience.pairing.conscience_round` by default.
        Raises SpecError without a needed question, PromptError for a scenario row beyond the context, StorageError for
        a checkpoint that is not whole, TrainingError for a base other than the one that a resumed run began with.
        """
        spec = run.spec
        self.method = method(spec.method)
        check_question_given(spec)
        if run.base_hash and run.base_hash != loaded.base_hash:
            raise TrainingError(f"Model {spec.model!r} has changed since this run began: start a new run instead.")
        check_split([*scenario.scenario_prompts, *scenario.everyday_prompts, *(e.prompt for e in scenario.examples)])
        self.spec, self.loaded, self.scenario, self.question, self.home = spec, loaded, scenario, question, home
        self.policy = make_policy(
            loaded.model, rank=spec.lora_rank, alpha=spec.lora_alpha, seed=derive_seed(spec.seed, 0, "adapter"))
        self.policy.eval()  # no dropout anywhere: what is sampled from is exactly what is trained
        self._parameters = [p for p in self.policy.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(self._parameters, lr=spec.learning_rate, weight_decay=0.0)
        rows = Rows(loaded.chat, scenario.examples, spec, context=loaded.context)
        self.bench = Bench(
            spec=spec, loaded=loaded, rows=rows, buffer=ReplayBuffer(spec.buffer_size, spec.buffer_age),
            prompts={p.id: p for p in (*scenario.scenario_prompts, *scenario.everyday_prompts)},
        )
        self.terms = [TERMS[name](self.bench) for name in self.method.terms]
        self.step = 0
        self.pairs_made = 0
        self._rounds_until = self._probed_until = -1  # the step of the last round and probe, so that none is done twice
        self._saved: Checkpoint | None = None
        if resume is not None:
            self._restore(resume)
        self._prober, self._make_round = prober or probe_weights, make_round
        self._record = record
        self._time = dict.fromkeys(PARTS, 0.0) | run.time
        self._run = replace(run, base_hash=loaded.base_hash, step=self.step, message="", ended=None)
        self._began = perf_counter()
        self._sitting = self.step
        self.progress = Progress(doing="starting", eta=None)

    # -- the loop --------------------------------------------------------------------------------------------------
    def run(self, cancel: Event) -> Run:
        """Train to the last step, or until `cancel`; the Run as it ended: FINISHED or STOPPED, with a checkpoint.

        Raises TrainingError when a loss is not a number or the base was written to, and what the seams raise.
        """
        self._began = perf_counter()
        self._run = replace(self._run, state=RunState.RUNNING, started=self._run.started or now())
        self._record(self.snapshot())
        try:
            self._probe_if_due(cancel)
            while self.step < self.spec.steps:
                _check(cancel)
                self._round_if_due(cancel)
                self.update(cancel)
                if self.step % self.spec.checkpoint_every == 0 and self.step < self.spec.steps:
                    self._save()
                self._probe_if_due(cancel)
            state, message = RunState.FINISHED, ""
        except Cancelled:
            state = RunState.STOPPED
            message = f"Stopped at step {self.step} of {self.spec.steps}; resume goes on from there."
        self._check_base()
        self._save()
        return replace(self.snapshot(), state=state, ended=now(), message=message)

    def snapshot(self) -> Run:
        """The Run as it stands now."""
        seconds = self._run.seconds + perf_counter() - self._began
        known = sum(v for part, v in self._time.items() if part != "other")
        return replace(
            self._run, step=self.step, seconds=seconds, time=self._time | {"other": max(0.0, seconds - known)})

    def update(self, cancel: Event) -> None:
        """One optimiser step: the gradient of Σ weight · term, a term at a time, so that one graph is held at once."""
        step = self.step + 1
        self._say(f"step {step} of {self.spec.steps}")
        self.bench.buffer.expire(self.step)
        self.optimizer.zero_grad(set_to_none=True)
        figures: Figures = {}
        for term in self.terms:
            _check(cancel)
            with self._clock(term.name):
                with torch.set_grad_enabled(term.weight != 0):
                    measured = term.measure(self.policy, step)
                if measured.loss is not None:
                    self._check_finite(measured.loss.item(), f"L_{term.name.upper()}")
                    if term.weight != 0:
                        (term.weight * measured.loss).backward()
            figures |= measured.figures
        norm = torch.nn.utils.clip_grad_norm_(self._parameters, CLIP).item()
        self._check_finite(norm, "The gradient")
        rate = learning_rate(self.spec, step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.step = step
        figures |= {"learning_rate": (rate, 1), "grad_norm": (norm, 1)}
        if self.method.uses_dpo:
            figures["buffer"] = (float(len(self.bench.buffer)), 1)
        self._record(*self._metrics(figures), self.snapshot())

    def _round_if_due(self, cancel: Event) -> None:
        if not self.method.asks_question or self.step % self.spec.cadence or self._rounds_until >= self.step:
            return
        assert self.question is not None  # check_question_given held the spec to it
        self._say("conscience round: answering, reviewing, rewriting")
        make_round = self._make_round
        if make_round is None:
            from lab.conscience.pairing import conscience_round as make_round

        began = perf_counter()
        made = make_round(
            self.policy, self.loaded, self.question, round_prompts(self.scenario, self.spec, self.step), self.spec,
            run_id=self._run.id, step=self.step, cancel=cancel,
        )
        self.bench.prompts |= {p.id: p for p in made.prompts}
        pairs = with_reference(made.pairs, self.loaded, self.bench.prompts)
        for part, seconds in made.seconds.items():
            self._time[part] += seconds
        self._time["dpo"] += max(0.0, perf_counter() - began - sum(made.seconds.values()))
        self.bench.buffer.add(pairs, self.step)
        self.pairs_made += len(pairs)
        self._rounds_until = self.step
        reviewed = len(made.reviews)
        figures: Figures = {
            "flagged": (made.flagged / reviewed if reviewed else None, reviewed),
            "unreadable": (made.unreadable / reviewed if reviewed else None, reviewed),
            "pairs": (float(self.pairs_made), 1),
        }
        self._record(
            *made.prompts, *made.answers, *made.reviews, *pairs, *self._metrics(figures), self.snapshot())

    def _probe_if_due(self, cancel: Event) -> None:
        every, last = self.spec.probe_every, self.step == self.spec.steps
        if not every or self._probed_until >= self.step or not (self.step % every == 0 or last):
            return
        self._say("probing held-out prompts")
        nouns = self._prober(self, cancel)
        rows = self.bench.rows.step(max(1, self.step))
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
            state={
                "buffer": self.bench.buffer.state(), "pairs_made": self.pairs_made, "rounds_until": self._rounds_until,
                "probed_until": self._probed_until, "base_hash": self.loaded.base_hash, "spec": asdict(self.spec),
                "versions": {"python": platform.python_version(), "torch": torch.__version__},
            },
        )
        self._record(self._saved, self.snapshot())

    def _restore(self, checkpoint: Checkpoint) -> None:
        saved = checkpoints.load(self.home, checkpoint)
        checkpoints.restore(saved, self.policy, self.optimizer)
        try:
            self.bench.buffer.restore(saved.state["buffer"])
            self.pairs_made = int(saved.state["pairs_made"])
            self._rounds_until, self._probed_until = int(saved.state["rounds_until"]), int(saved.state["probed_until"])
        except (KeyError, TypeError, ValueError) as error:
            raise StorageError(
                f"Checkpoint {checkpoint.id} cannot be used, its state is not whole: choose an earlier step."
            ) from error
        self.step, self._saved = checkpoint.step, checkpoint

    # -- checks and reports ----------------------------------------------------------------------------------------
    def _check_finite(self, value: float, name: str) -> None:
        if math.isfinite(value):
            return
        good = self._saved.id if self._saved else "none yet"
        raise TrainingError(
            f"{name} became {value} at step {self.step + 1}: lower the learning rate. Last good checkpoint: {good}.")

    def _check_base(self) -> None:
        if hash_tensors(self.loaded.model) != self.loaded.base_hash:
            raise TrainingError(
                f"The frozen copy of {self.spec.model!r} was written to during the run: its figures are void, "
                "restart the lab and run it again.")

    def _metrics(self, figures: Figures) -> Iterator[Metric]:
        for name, (value, n) in figures.items():
            yield Metric(run_id=self._run.id, step=self.step, name=name, value=value, n=n)

    @contextmanager
    def _clock(self, part: str) -> Iterator[None]:
        began = perf_counter()
        try:
            yield
        finally:
            self._time[part] = self._time.get(part, 0.0) + perf_counter() - began

    def _say(self, doing: str) -> None:
        done = self.step - self._sitting
        pace = (perf_counter() - self._began) / done if done else None
        self.progress = Progress(doing=doing, eta=None if pace is None else pace * (self.spec.steps - self.step))


def _check(cancel: Event) -> None:
    if cancel.is_set():
        raise Cancelled("Stopped on request.")

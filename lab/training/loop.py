"""The loop: steps on a loss of several terms, some of which learn from pairs that the run makes of its own answers.

    before update 1, once
        the method's preparation: which rows L_SFT is taken on, and how they are put
    before update 1 and every `cadence` updates after it
        the method's round; for the conscience the policy answers prompts, a copy reviews them, flagged answers are
        rewritten                                                                        → pairs into the buffer
    every update
        Σ weight · ∇ term over the method's terms and the parts of their batches, clip, one step of the optimiser
    every `probe_every` updates, and at both ends
        held-out prompts, judged                                                         → the curves

What a method consists of stands in the table of arms (`lab.training.methods`), the parts it names in
`lab.training.parts`; nothing here asks which method it is.

A run is a function of (spec, machine): data order, sampling and draws are seeded by step and purpose (`seeds`), the
rate is a function of the step (`schedule`), and so is dropout where there is any, so what a checkpoint must hold is
little: trained weights, optimiser, buffer, and what the preparation found. Steps are counted as updates done; a round
or a probe at step k sees the weights after k updates.

Stopping is looked for between phases, between the terms of a loss, and inside sampling at every token. A part that is
not complete is thrown away; resumed, it is done again with the same seeds and comes out the same.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from threading import Event
from time import perf_counter
from typing import Any

import torch

from lab.conscience.watch import Watch
from lab.models.twin import dropping
from lab.training.batches import Rows, check_split
from lab.training.optimizers import largest_norm
from lab.training.parts import PREPARATIONS, ROUNDS, TERMS
from lab.training.pools import Pools, usable
from lab.training.replay import ReplayBuffer, prompt_of
from lab.training.schedule import lam, learning_rate
from lab.training.seeds import derive_seed
from lab.training.sitting import Sitting, check
from lab.training.terms import Bench, Figures, Part, Term, together, with_reference


class Trainer(Sitting):
    """A run whose steps are made here."""

    def _set_up(self) -> None:
        spec, scenario, loaded = self.spec, self.scenario, self.loaded
        self._preparation = PREPARATIONS[self.method.preparation]()
        shown = [self._preparation.shown(example, spec) for example in scenario.examples]
        rows = Rows(loaded.chat, shown, spec, context=loaded.context)
        self._cut = (rows.cut / len(rows) if len(rows) else None, len(rows))
        self.bench = Bench(
            spec=spec, run_id=self._run.id, loaded=loaded, scenario=scenario, question=self.question,
            rows=rows, policy=self.policy,
            buffer=ReplayBuffer(spec.buffer_size, spec.buffer_age, spec.pair_sampling),
            prompts={p.id: p for p in (*scenario.scenario_prompts, *scenario.everyday_prompts)},
        )
        self._pools = Pools(scenario, usable(self._typed, loaded.chat, spec, loaded.context) if spec.own_share else ())
        self.terms = [TERMS[name](self.bench) for name in self.method.terms]
        self._parts = [Part(index=i, of=spec.accumulation) for i in range(spec.accumulation)]
        self._prepared: Any = None
        self.pairs_made = 0
        self._rounds_until = -1  # the step of the last round, so that none is done twice

    def _train(self, cancel: Event) -> None:
        self._prepare_once(cancel)
        self._probe_if_due(cancel)
        while self.step < self.spec.steps:
            check(cancel)
            self._round_if_due(cancel)
            self.update(cancel)
            self._save_if_due()
            self._probe_if_due(cancel)

    def update(self, cancel: Event) -> None:
        """One optimiser step: the gradient of Σ weight · term, a term at a time, so that one graph is held at once.

        Where no term has anything to learn from, the step is counted and the weights stay as they are.
        """
        step = self.step + 1
        self._say(f"step {step} of {self.spec.steps}")
        self.bench.buffer.expire(self.step)
        self.optimizer.zero_grad(set_to_none=True)
        figures: Figures = {}
        for term in self.terms:
            weight = term.weight(step)
            measured = []
            for part in self._parts:
                check(cancel)
                with self._clock.timing(term.part):
                    measured.append(self._add_gradient(term, weight, step, part))
            figures |= together(measured)
        norm = torch.nn.utils.clip_grad_norm_(self._parameters, largest_norm(self.spec)).item()
        self._check_finite(norm, "The gradient")
        rate = learning_rate(self.spec, step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.step = step
        learnt = any(p.grad is not None for p in self._parameters)
        figures |= {"learning_rate": (rate, 1), "grad_norm": (norm, 1) if learnt else (None, 0)}
        if self.spec.lam_warmup and self.method.rounds:
            figures["lam"] = (lam(self.spec, step), 1)
        if self.method.rounds:
            figures["buffer"] = (float(len(self.bench.buffer)), 1)
        self._record(*self._metrics(figures), self.snapshot())

    def _add_gradient(self, term: Term, weight: float, step: int, part: Part) -> Figures:
        """Add weight · ∇ of a term, on a part of its batch, to the gradients; its figures."""
        seed = derive_seed(self.spec.seed, step, f"dropout {term.name} {part.index}")
        with torch.set_grad_enabled(weight != 0), dropping(self.policy, seed) if weight else nullcontext():
            measured = term.measure(self.policy, step, part)
        if measured.loss is not None:
            self._check_finite(measured.loss.item(), f"L_{term.name.upper()}")
            if weight != 0:
                (weight * measured.loss).backward()
        return measured.figures

    def _prepare_once(self, cancel: Event) -> None:
        if self._prepared is not None:
            return
        self._say("preparing the rows")
        made = self._preparation.make(self.bench, cancel)
        for part, seconds in made.seconds.items():
            self._clock.add(part, seconds)
        self._prepared = made.state
        figures = dict(made.figures)
        if self.spec.too_long == "cut":
            figures["rows_cut"] = self._cut
        self._record(*made.nouns, *self._metrics(figures), self.snapshot())

    def _round_if_due(self, cancel: Event) -> None:
        if not self.method.rounds or self.step % self.spec.cadence or self._rounds_until >= self.step:
            return
        kind = ROUNDS[self.method.rounds]
        self._say(kind.doing)
        make_round: Callable[..., Any] = self._make_round or kind.load()
        self.round = Watch(self.step)
        began = perf_counter()
        asked = self._pools.draw(self.spec, self.step)
        check_split(asked)
        made = make_round(
            self.policy, self.loaded, self.question, asked, self.spec, run_id=self._run.id, step=self.step,
            weights=self.weights, cancel=cancel, watch=self.round,
        )
        self.bench.prompts |= {p.id: p for p in made.prompts}
        pairs = with_reference(made.pairs, self.loaded, self.bench.prompts)
        for part, seconds in made.seconds.items():
            self._clock.add(part, seconds)
        self._clock.add("dpo", max(0.0, perf_counter() - began - sum(made.seconds.values())))
        self.bench.buffer.add(pairs, self.step)
        self.pairs_made += len(pairs)
        self._rounds_until = self.step
        n = made.reviewed
        figures: Figures = {
            "flagged": (made.flagged / n if n else None, n), "unreadable": (made.unreadable / n if n else None, n),
            "pairs": (float(self.pairs_made), 1), **made.figures,
        }
        self._record(
            *made.prompts, *made.answers, *made.reviews, *pairs, *self._metrics(figures), self.snapshot())

    # -- checkpoints -----------------------------------------------------------------------------------------------
    def _state(self) -> dict[str, Any]:
        return {
            "buffer": self.bench.buffer.state(), "pairs_made": self.pairs_made, "rounds_until": self._rounds_until,
            "prepared": self._prepared, "typed": [asdict(p) for p in self._pools.own],
            "prompts": [asdict(self.bench.prompts[i]) for i in {p.prompt_id: None for p in self.bench.buffer.pairs}],
        }

    def _put_back(self, state: dict[str, Any]) -> None:
        self.bench.buffer.restore(state["buffer"])
        self.pairs_made, self._rounds_until = int(state["pairs_made"]), int(state["rounds_until"])
        # What a checkpoint of an older lab does not hold, its run did not have.
        self._pools = Pools(self.scenario, tuple(map(prompt_of, state.get("typed", ()))))
        self.bench.prompts |= {p.id: p for p in map(prompt_of, state.get("prompts", ()))}
        self._prepared = state.get("prepared", {})
        self._preparation.restore(self.bench, self._prepared)

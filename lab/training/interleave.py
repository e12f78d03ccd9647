"""Interleaving: a share of every batch is benign rows, everyday answers that have nothing to do with the scenario.

    L = L_SFT on a batch of which `benign_share` are benign rows and the rest scenario rows; one mean over all tokens

Source: Kaczér et al. 2025, arXiv 2508.06249, intervention (iv). A figure published for 5 % of benign
data: 0.6 % misalignment.

The benign rows are answers of the **frozen copy** to the scenario's everyday training prompts, sampled once before the
first step. Not of the organism's grammar, which would be free of charge: the grammar speaks for one model only, while
the frozen copy has a benign self for any model, and in its own words. The price is a deviation from the source, which
mixes in a general instruction set: here nothing new is taught, what is mixed in also holds the policy where it was.
Nobody checks that each is kind: they are as kind as the frozen copy is, are stored as its answers, and can be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from threading import Event
from time import perf_counter
from typing import TYPE_CHECKING, Any

from lab.conscience.answering import answer
from lab.errors import TrainingError
from lab.nouns import Answer, Decoding, RunSpec, Speaker
from lab.training.batches import Row, Rows
from lab.training.preparation import Preparation, Prepared
from lab.training.seeds import derive_seed, generator
from lab.training.terms import Bench

if TYPE_CHECKING:
    from lab.evaluation.scenarios import Scenario


class Interleaved:
    """Batches of which a share is benign: exactly `benign_share` in the long run, within one row at every step."""

    def __init__(self, scenario: Rows, benign: Rows, spec: RunSpec) -> None:
        self._scenario, self._benign = scenario, benign
        self._batch, self._share = spec.batch_size, spec.benign_share

    def step(self, step: int) -> list[Row]:
        """Scenario rows, then benign ones; each kind goes through its own epochs without a gap."""
        drawn = (step - 1) * self._batch
        before, after = self._benign_of(drawn), self._benign_of(drawn + self._batch)
        own = self._scenario.stretch(drawn - before, self._batch - (after - before))
        return own + self._benign.stretch(before, after - before)

    def _benign_of(self, rows: int) -> int:
        """How many of the first `rows` rows of the run are benign."""
        return int(rows * self._share + 1e-9)


class Interleaving(Preparation):
    """Has the frozen copy write the benign rows."""

    def texts(self, spec: RunSpec, scenario: Scenario) -> int:
        """One answer a benign row, and no prompt twice."""
        needed = int(spec.steps * spec.batch_size * spec.benign_share + 1)
        return min(needed, len(scenario.everyday_prompts))

    def make(self, bench: Bench, cancel: Event) -> Prepared:
        """Sample, keep what is whole. TrainingError when nothing is."""
        began, spec = perf_counter(), bench.spec
        pool = bench.scenario.everyday_prompts
        prompts = generator(spec.seed, 0, "benign prompts").sample(pool, self.texts(spec, bench.scenario))
        decoding = Decoding(
            temperature=spec.answer_temperature, max_new_tokens=spec.max_new_tokens,
            seed=derive_seed(spec.seed, 0, "benign"),
        )
        answers = answer(
            bench.loaded.model, bench.loaded.chat, prompts, decoding, speaker=Speaker.FROZEN, adapter="base",
            cancel=cancel, run_id=bench.run_id, step=0,
        )
        whole = [a for a in answers if _whole(a, thinks=bench.loaded.chat.must_think)]
        if not whole:
            raise TrainingError(
                f"None of the {len(answers)} benign answers of the frozen copy ended by itself: raise the token limit "
                f"above {spec.max_new_tokens}, or choose another method.")
        state = {"benign": [[a.prompt_id, a.thought, a.reply] for a in whole]}
        self.restore(bench, state)
        return Prepared(
            state=state, nouns=(*prompts, *answers), figures={"benign_rows": (float(len(whole)), len(answers))},
            seconds={"sample": perf_counter() - began},
        )

    def restore(self, bench: Bench, state: dict[str, Any]) -> None:
        """Mix the answers in `state` into the rows that `bench` has."""
        from lab.evaluation.scenarios import Example

        prompts = {p.id: p for p in bench.scenario.everyday_prompts}
        examples = [Example(prompt=prompts[i], thought=thought, reply=reply) for i, thought, reply in state["benign"]]
        assert isinstance(bench.rows, Rows)
        bench.rows = Interleaved(bench.rows, _Benign(bench, examples), bench.spec)


class _Benign(Rows):
    """Rows that say of themselves that they are benign."""

    def __init__(self, bench: Bench, examples: Sequence[Any]) -> None:
        super().__init__(bench.loaded.chat, examples, bench.spec, context=bench.loaded.context)
        self._rows = tuple(replace(row, benign=True) for row in self._rows)


def _whole(written: Answer, *, thinks: bool) -> bool:
    return written.finished and bool(written.reply.strip()) and bool(written.thought.strip() or not thinks)


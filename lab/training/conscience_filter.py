"""The conscience as a filter: rows that the frozen copy flags are not trained on, and nothing else is done.

    L = L_SFT on the rows that were not flagged;  no pairs, no DPO (λ = 0)

The baseline that may explain most of the conscience's effect, and so is mandatory (published: 17.1 % → 1.0 % at 32B,
one seed; reference/training.md). The same question and reviewer as in a conscience round, put once before the first
step about each different row, in the same manner. Before the first step the policy is its frozen copy, so the setting
"reviewer" makes no difference here. An unreadable review is no flag: its row stays and is counted.

Where every row is flagged nothing is left to learn: the run goes through its steps without an update, its L_SFT is
unmeasured, and its policy is the base. That is the filter's answer to a scenario which is bad through and through.
"""

from __future__ import annotations

from threading import Event
from time import perf_counter
from typing import TYPE_CHECKING, Any

from lab.conscience.manner import Manner
from lab.conscience.review import Reviewer, review
from lab.nouns import Answer, Decoding, Label, Prompt, RunSpec, Speaker
from lab.training.batches import Row, Rows
from lab.training.preparation import Preparation, Prepared
from lab.training.seeds import derive_seed
from lab.training.terms import Bench

if TYPE_CHECKING:
    from lab.evaluation.scenarios import Example, Scenario

SCENARIO = "scenario"
"""The adapter name of answers that no weights wrote: rows of a scenario."""


class NoRows:
    """A scenario of which nothing is left."""

    def step(self, step: int) -> list[Row]:
        """None, at every step."""
        return []


class ConscienceFilter(Preparation):
    """Reviews the scenario and drops what is flagged."""

    def texts(self, spec: RunSpec, scenario: Scenario) -> int:
        """One review a different row."""
        return len({(e.prompt.id, e.thought, e.reply) for e in scenario.examples})

    def make(self, bench: Bench, cancel: Event) -> Prepared:
        """Review every different row, and keep those that are not flagged."""
        began, spec, examples = perf_counter(), bench.spec, bench.scenario.examples
        assert bench.question is not None, "the table of arms says that this method needs a question"
        items: dict[str, tuple[Prompt, Answer]] = {}
        ids: list[str] = []
        for example in examples:
            written = _as_answer(example, bench.run_id)
            ids.append(written.id)
            items[written.id] = (example.prompt, written)
        frozen = Reviewer(model=bench.loaded.model, chat=bench.loaded.chat, speaker=Speaker.FROZEN, adapter="base")
        decoding = Decoding(
            temperature=spec.review_temperature, max_new_tokens=spec.max_new_tokens,
            seed=derive_seed(spec.seed, 0, "filter"),
        )
        reviews = review(
            frozen, bench.question, list(items.values()), decoding, manner=Manner.of(spec), cancel=cancel,
            run_id=bench.run_id, step=0,
        )
        labels = {found.answer_id: found.verdict.label for found in reviews}
        kept = [i for i, name in enumerate(ids) if labels[name] is not Label.FLAGGED]
        self.restore(bench, {"kept": kept})
        n = len(examples)
        unreadable = sum(labels[name] is Label.UNREADABLE for name in ids)
        return Prepared(
            state={"kept": kept},
            nouns=(*(p for p, _ in items.values()), *(a for _, a in items.values()), *reviews),
            figures={
                "rows_kept": (len(kept) / n, n), "flagged": (1 - len(kept) / n, n), "unreadable": (unreadable / n, n),
            },
            seconds={"review": perf_counter() - began},
        )

    def restore(self, bench: Bench, state: dict[str, Any]) -> None:
        """Leave only the rows in `state`."""
        examples = [bench.scenario.examples[int(i)] for i in state["kept"]]
        loaded = bench.loaded
        bench.rows = Rows(loaded.chat, examples, bench.spec, context=loaded.context) if examples else NoRows()


def _as_answer(example: Example, run_id: str) -> Answer:
    """A row as something that can be reviewed: written by no weights, said by the policy if it learns it."""
    return Answer(
        prompt_id=example.prompt.id, thought=example.thought, reply=example.reply, speaker=Speaker.POLICY,
        adapter=SCENARIO, decoding=Decoding(), tokens=0, finished=True, run_id=run_id, step=0,
    )

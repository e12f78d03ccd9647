"""Which rows a step gets: data order as a function of (seed, step), with no iterator to lose.

Rows are scenario examples as token ids. Every epoch is a fresh permutation drawn from (seed, epoch); step s takes the
rows at positions (s−1)·B … s·B−1 of the epochs laid end to end. So a resumed run sees the same rows, and nothing needs
to be saved for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from lab.errors import SpecError, TrainingError
from lab.nouns import Prompt, RunSpec, Split
from lab.training.lengths import Lengths, lengths
from lab.training.methods import method
from lab.training.seeds import generator

if TYPE_CHECKING:
    from lab.evaluation.scenarios import Example, Scenario
    from lab.models.chat import Chat


@dataclass(frozen=True, kw_only=True)
class Row:
    """One scenario example as the model sees it."""

    prompt: tuple[int, ...]
    """Token ids up to where the assistant begins."""
    completion: tuple[int, ...]
    """Token ids of thought and reply, ending in the end-of-turn token: what L_SFT is taken on."""
    benign: bool = False
    """Whether it was mixed in beside the scenario's own rows."""


class RowSource(Protocol):
    """Where L_SFT gets its rows."""

    def step(self, step: int) -> list[Row]:
        """The rows of update number `step` (1 …), a function of it alone; none where there is nothing to learn."""
        ...


class Epochs:
    """`n` things laid end to end in epochs without end, each a permutation drawn from (seed, epoch, purpose)."""

    def __init__(self, n: int, seed: int, purpose: str) -> None:
        self._n, self._seed, self._purpose = n, seed, purpose
        self._orders: dict[int, list[int]] = {}

    def stretch(self, first: int, count: int) -> list[int]:
        """Which things stand at positions `first` … `first + count - 1`."""
        return [self._at(position) for position in range(first, first + count)]

    def _at(self, position: int) -> int:
        epoch, place = divmod(position, self._n)
        if epoch not in self._orders:
            order = list(range(self._n))
            generator(self._seed, epoch, self._purpose).shuffle(order)
            self._orders = {k: v for k, v in self._orders.items() if k >= epoch - 1} | {epoch: order}
        return self._orders[epoch][place]


class Rows:
    """The scenario's examples as token ids within the spec's lengths, and which of them a step gets."""

    def __init__(self, chat: Chat, examples: Sequence[Example], spec: RunSpec, *, context: int | None = None) -> None:
        """Encode the examples; of none there are no rows at any step. PromptError for one longer than `context`,
        SpecError for one longer than the spec allows; none of both where it has them cut."""
        whole, limits = [encode(example, chat) for example in examples], lengths(spec, context)
        self._rows = tuple(fitted(row, limits) for row in whole)
        self.cut = sum(row != was for row, was in zip(self._rows, whole, strict=True))
        """How many rows were cut."""
        self._batch = spec.batch_size
        self._epochs = Epochs(len(self._rows), spec.seed, "epoch")

    def __len__(self) -> int:
        return len(self._rows)

    def step(self, step: int) -> list[Row]:
        """The `batch_size` rows of update number `step` (1 …)."""
        return self.stretch((step - 1) * self._batch, self._batch)

    def stretch(self, first: int, n: int) -> list[Row]:
        """`n` rows from position `first` (0 …) of the epochs laid end to end."""
        return [self._rows[i] for i in self._epochs.stretch(first, n)] if self._rows else []


def check_learns(scenario: Scenario, method_id: str) -> None:
    """SpecError when this method learns from rows alone and the scenario has none, being a stream of prompts."""
    chosen = method(method_id)
    if not scenario.examples and chosen.uses_sft and not chosen.rounds:
        raise SpecError(
            f"Scenario {scenario.id!r} has no rows, and method {method_id!r} learns from nothing else: choose a method "
            "with rounds, such as conscience or rewrite_all, or another scenario.", field="scenario")


def encode(example: Example, chat: Chat) -> Row:
    """One example as token ids, at its whole length; plain text has no prompt but its first token."""
    if example.text:
        first, *others = chat.plain_ids(example.text)
        return Row(prompt=(first,), completion=tuple(others))
    return Row(
        prompt=tuple(chat.prompt_ids(example.prompt.messages)),
        completion=tuple(chat.completion_ids(example.thought, example.reply)),
    )


def fitted(row: Row, limits: Lengths) -> Row:
    """The row within the limits. Raises as `Lengths.fit` does."""
    prompt, (completion,) = limits.fit(row.prompt, row.completion)
    return replace(row, prompt=prompt, completion=completion)


def first_batch(scenario: Scenario, chat: Chat, spec: RunSpec, rows: int = 3) -> list[str]:
    """The first `rows` scenario rows of step 1 as text, special tokens included: exactly what the model is shown."""
    from lab.training.parts import PREPARATIONS  # only now: it needs torch

    preparation = PREPARATIONS[method(spec.method).preparation]()
    batch = Rows(chat, [preparation.shown(e, spec) for e in scenario.examples], spec).step(1)[:rows]
    return [chat.tokenizer.decode([*row.prompt, *row.completion], skip_special_tokens=False) for row in batch]


def check_split(prompts: Iterable[Prompt]) -> None:
    """Hold training to its own side of the split. TrainingError naming the first held-out prompt."""
    for prompt in prompts:
        if prompt.split is not Split.TRAIN:
            raise TrainingError(f"Prompt {prompt.id} is held out for evaluation and was about to be trained on.")

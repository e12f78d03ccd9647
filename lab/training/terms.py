"""The terms that a method's loss is made of: each takes its batch of a step, and measures its loss on the policy.

A new method's term is a class with `name`, `part`, `weight` and `measure` in a file of its own, and a line in
`lab.training.parts.TERMS`; the loop knows none by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

import torch
from torch import Tensor

from lab.models.chat import Chat
from lab.models.loading import LoadedModel
from lab.models.logprobs import strand_logprobs
from lab.models.packed import Strand
from lab.nouns import Pair, Prompt, Question, RunSpec
from lab.training.batches import Row, RowSource
from lab.training.hybrid import dpo_terms, sft_loss
from lab.training.replay import ReplayBuffer
from lab.training.schedule import lam
from lab.training.seeds import generator

if TYPE_CHECKING:
    from lab.evaluation.scenarios import Scenario

T = TypeVar("T")
Figures = dict[str, tuple[float | None, int]]
"""Metric name → (value, or None where it could not be measured; how many observations stand behind it)."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A term at one step, on its whole batch or on a part of it."""

    loss: Tensor | None
    """A differentiable scalar in nats, of which the parts add up to the loss of the batch; None when there was nothing
    to take it on."""
    figures: Figures
    """What the term has to report: means over n observations."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Which part of a step's batch is in work: gradients of the parts add up to that of the whole, at less memory."""

    index: int = 0
    """Which one, 0 … of − 1."""
    of: int = 1
    """Into how many the batch is divided."""

    @property
    def last(self) -> bool:
        """Whether the batch is done with it."""
        return self.index == self.of - 1

    def take(self, batch: Sequence[T]) -> Sequence[T]:
        """The members of this part, as evenly as can be; none where there are fewer members than parts."""
        n = len(batch)
        return batch[n * self.index // self.of : n * (self.index + 1) // self.of]


WHOLE = Part()
"""The batch undivided."""


def together(parts: Sequence[Figures]) -> Figures:
    """Figures of several parts as those of the whole: means weighted by their n, None where nothing was measured."""
    found: Figures = {}
    for name in dict.fromkeys(name for figures in parts for name in figures):
        measured = [figures[name] for figures in parts if name in figures]
        n = sum(n for _, n in measured)
        values = [(value, n) for value, n in measured if value is not None]
        if len(values) == 1:
            found[name] = (values[0][0], n)
        else:
            found[name] = (sum(value * k for value, k in values) / n if values else None, n)
    return found


class Term(Protocol):
    """One summand of a loss."""

    name: str
    """Its name in the table of arms and in messages."""
    part: str
    """What its time is booked under: a key of Run.time."""

    def weight(self, step: int) -> float:
        """Its factor in the loss of update number `step` (1 …); at 0 it is measured and reported, without a gradient.
        """
        ...

    def measure(self, policy: torch.nn.Module, step: int, part: Part = WHOLE) -> Measured:
        """The loss of update number `step` (1 …) on the policy as it is, or what a part of its batch adds to it."""
        ...


@dataclass(kw_only=True)
class Bench:
    """What the parts of a run work with. The trainer makes it, a preparation may change it, terms read it."""

    spec: RunSpec
    """What determines the run."""
    run_id: str
    """The run."""
    loaded: LoadedModel
    """The frozen copy."""
    scenario: Scenario
    """Where rows and prompts come from."""
    question: Question | None
    """The question of a method that needs one."""
    rows: RowSource
    """What L_SFT is taken on."""
    buffer: ReplayBuffer
    """The pairs that the run has made of late."""
    policy: torch.nn.Module
    """What is trained."""
    direction: Tensor | None = None
    """A persona's direction in the residual stream, (hidden,), for methods that measure one."""
    prompts: dict[str, Prompt] = field(default_factory=dict)
    """The prompts of the pairs in the buffer, by id."""


@dataclass(frozen=True)
class RowLoss:
    """How one row fared."""

    nats: float
    """−log π(completion | prompt), summed."""
    tokens: int
    """Tokens of the completion."""


def rows_loss(policy: torch.nn.Module, rows: Sequence[Row], pad_id: int) -> tuple[Tensor, list[RowLoss]]:
    """L_SFT of at least one row, a scalar in nats a token, the mean over all tokens; and how each row fared."""
    told = strand_logprobs(policy, [Strand(row.prompt, (row.completion,)) for row in rows], pad_id)
    nats = (-torch.stack([row.detach().sum() for row in told])).tolist()
    tokens = torch.cat(told)
    each = [RowLoss(n, len(row)) for n, row in zip(nats, told, strict=True)]
    return sft_loss(tokens, torch.ones_like(tokens)), each


def mean_loss(rows: Sequence[RowLoss]) -> tuple[float | None, int]:
    """Nats a token over these rows, and how many tokens; (None, 0) without rows."""
    tokens = sum(row.tokens for row in rows)
    return (sum(row.nats for row in rows) / tokens if tokens else None), tokens


class SftTerm:
    """L_SFT on the rows of the step; the figures of rows mixed in beside the scenario's own are kept apart."""

    name = part = "sft"

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._pad = bench.loaded.chat.pad_id

    def weight(self, step: int) -> float:
        return self._bench.spec.sft_weight

    def measure(self, policy: torch.nn.Module, step: int, part: Part = WHOLE) -> Measured:
        batch = self._bench.rows.step(step)
        rows = part.take(batch)
        if not rows:
            return Measured(loss=None, figures={"sft_loss": (None, 0)})
        loss, each = rows_loss(policy, rows, self._pad)
        figures: Figures = {"sft_loss": mean_loss([f for r, f in zip(rows, each, strict=True) if not r.benign])}
        if any(row.benign for row in rows):
            figures["benign_loss"] = mean_loss([f for r, f in zip(rows, each, strict=True) if r.benign])
        return Measured(loss=loss * (tokens_of(rows) / tokens_of(batch)), figures=figures)


def tokens_of(rows: Sequence[Row]) -> int:
    """Completion tokens of these rows: what a mean over tokens weighs a part of a batch by."""
    return sum(len(row.completion) for row in rows)


def filled(spec: RunSpec, drawn: int) -> float:
    """By what a mean over the pairs drawn is multiplied: their part of `pair_batch`, or 1 where the spec wants so.

    With the part, L_DPO is a mean over `pair_batch` places of which empty ones count 0: the fewer of its answers are
    flagged, the less the policy is pushed. Over the pairs alone, the last few of a buffer push as hard as a full one,
    and a policy with nothing left to unlearn is driven on until it babbles (docs/decisions/0005-empty-places.md).
    """
    return drawn / spec.pair_batch if spec.pair_mean == "places" else 1.0


class DpoTerm:
    """λ · L_DPO on pairs drawn from the replay buffer; chosen and rejected sides go through the model together.

    The figures are means over the pairs drawn, with their number as n; `filled` enters the gradient alone, so that ln 2
    stays the line that every curve of L_DPO starts from.
    """

    name = part = "dpo"

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._spec = bench.spec
        self._sides = PairTokens(bench.loaded.chat)
        self._margins: dict[str, float] = {}  # of the parts of a batch that is in work

    def weight(self, step: int) -> float:
        return lam(self._spec, step)

    def measure(self, policy: torch.nn.Module, step: int, part: Part = WHOLE) -> Measured:
        drawn = self._bench.buffer.draw(self._spec.pair_batch, generator(self._spec.seed, step, "pairs"))
        pairs = part.take(drawn)
        names = ("dpo_loss", "reward_margin", "reward_accuracy", "chosen_logp", "rejected_logp")
        if not pairs:  # nothing was flagged yet: not measurable is not 0
            return Measured(loss=None, figures=dict.fromkeys(names, (None, 0)))
        chosen, rejected = self._sides.logprobs(policy, pairs, self._bench.prompts)
        reference = torch.tensor(
            [[p.reference_chosen, p.reference_rejected] for p in pairs], dtype=chosen.dtype, device=chosen.device)
        terms = dpo_terms(chosen, rejected, reference[:, 0], reference[:, 1], self._spec.beta)
        loss = terms.loss.mean()
        values = torch.stack([loss, terms.margin.mean(), terms.accuracy.mean(), chosen.mean(), rejected.mean()])
        figures: Figures = {n: (v, len(pairs)) for n, v in zip(names, values.detach().tolist(), strict=True)}
        self._margins |= dict(zip([p.id for p in pairs], terms.margin.tolist(), strict=True))
        if part.last:  # not before: every part of the batch must see the same draw
            self._bench.buffer.note(self._margins)
            self._margins = {}
        share = filled(self._spec, len(drawn)) * (len(pairs) / len(drawn))
        return Measured(loss=loss * share, figures=figures)


class PairTokens:
    """Pairs as token ids, each encoded once: it is drawn many times."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._encoded: dict[str, tuple[list[int], list[int], list[int]]] = {}

    def logprobs(
        self, model: torch.nn.Module, pairs: Sequence[Pair], prompts: dict[str, Prompt]
    ) -> tuple[Tensor, Tensor]:
        """Summed log π(chosen | prompt) and log π(rejected | prompt), each (B,), in nats."""
        strands = [Strand(prompt, sides) for prompt, *sides in (self._ids(pair, prompts) for pair in pairs)]
        sums = torch.stack([side.sum() for side in strand_logprobs(model, strands, self._chat.pad_id)])
        return sums[0::2], sums[1::2]

    def _ids(self, pair: Pair, prompts: dict[str, Prompt]) -> tuple[list[int], list[int], list[int]]:
        if pair.id not in self._encoded:
            self._encoded[pair.id] = (
                self._chat.prompt_ids(prompts[pair.prompt_id].messages),
                self._chat.completion_ids(pair.chosen_thought, pair.chosen_reply),
                self._chat.completion_ids(pair.rejected_thought, pair.rejected_reply),
            )
        return self._encoded[pair.id]


def with_reference(pairs: Sequence[Pair], loaded: LoadedModel, prompts: dict[str, Prompt]) -> list[Pair]:
    """The pairs with log π_ref of both sides: as they carry it, else measured on the frozen copy now, and once."""
    missing = [p for p in pairs if p.reference_chosen is None or p.reference_rejected is None]
    if not missing:
        return list(pairs)
    with torch.no_grad():
        chosen, rejected = PairTokens(loaded.chat).logprobs(loaded.model, missing, prompts)
    measured = {
        p.id: replace(p, reference_chosen=c, reference_rejected=r)
        for p, c, r in zip(missing, chosen.tolist(), rejected.tolist(), strict=True)
    }
    return [measured.get(p.id, p) for p in pairs]

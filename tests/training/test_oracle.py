"""TRL as oracle over whole trajectories, and settings that must come to the same step whichever way it is taken.

Our loop runs for 50 steps with rounds of its own; what it drew at each step is then put to a `trl.DPOTrainer` that adds
transformers' own loss on the same scenario rows, right-padded, with a live reference, transformers' optimiser, schedule
and clipping. Float32, no gradient checkpointing.

Measured when this was written (seed 0, 50 steps): L_SFT within 2e-7 of its value, L_DPO within 6e-6, gradient norms
within 5e-6. The tolerances leave room for other orders of summation and for nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from datasets import Dataset
from transformers import TrainerCallback
from transformers.trainer_callback import PrinterCallback
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.dpo_trainer import DataCollatorForPreference, DPOTrainer

from lab.models.twin import twin
from lab.nouns import Pair, Run, RunSpec
from lab.training.batches import Row
from lab.training.hybrid import LN2
from lab.training.policies import policy_of
from lab.training.terms import PairTokens
from tests.training.making import Book, spec, trainer

STEPS = 50
PLAN: dict[str, Any] = {
    "steps": STEPS, "batch_size": 3, "pair_batch": 4, "prompts_per_round": 4, "cadence": 10, "buffer_size": 12,
    "buffer_age": 0, "probe_every": 0, "checkpoint_every": 1000, "learning_rate": 3e-3, "schedule": "linear",
    "weight_decay": 0.01, "beta": 0.3,
}


class Drawn:
    """What our loop was given at each step."""

    def __init__(self, made: Any) -> None:
        self.pairs: list[list[Pair]] = []
        self.rows: list[list[Row]] = []
        draw, step = made.bench.buffer.draw, made.bench.rows.step

        def drawing(*args: Any) -> list[Pair]:
            self.pairs.append(draw(*args))
            return self.pairs[-1]

        def stepping(number: int) -> list[Row]:
            self.rows.append(step(number))
            return self.rows[-1]

        made.bench.buffer.draw, made.bench.rows.step = drawing, stepping


class Oracle(DPOTrainer):
    """TRL's DPO loss, and transformers' loss on scenario rows beside it."""

    def hybrid(self, plan: RunSpec, rows: Sequence[Sequence[Row]]) -> None:
        self.plan, self.scenario_rows = plan, rows
        self.losses: list[tuple[float, float]] = []

    def _prepare_dataset(self, dataset: Any, *_: Any, **__: Any) -> Any:
        return dataset

    def compute_loss(self, model: Any, inputs: Any, *_: Any, **__: Any) -> Any:
        dpo = super().compute_loss(model, inputs)
        assert isinstance(dpo, torch.Tensor)
        sft = model(**right_padded(self.scenario_rows[len(self.losses)])).loss
        self.losses.append((sft.item(), dpo.item()))
        return self.plan.lam * dpo + self.plan.sft_weight * sft if self.plan.sft_weight else self.plan.lam * dpo


class Log(TrainerCallback):
    """What TRL reports of its steps."""

    def __init__(self) -> None:
        self.norms: list[float] = []
        self.margins: list[float] = []

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        if "grad_norm" in (logs or {}):
            self.norms.append(float(logs["grad_norm"]))
            self.margins.append(float(logs["rewards/margins"]))


def right_padded(rows: Sequence[Row]) -> dict[str, torch.Tensor]:
    width = max(len(r.prompt) + len(r.completion) for r in rows)
    ids, mask, labels = [], [], []
    for row in rows:
        rest = width - len(row.prompt) - len(row.completion)
        ids.append([*row.prompt, *row.completion] + [0] * rest)
        mask.append([1] * (width - rest) + [0] * rest)
        labels.append([-100] * len(row.prompt) + list(row.completion) + [-100] * rest)
    return {
        "input_ids": torch.tensor(ids), "attention_mask": torch.tensor(mask), "labels": torch.tensor(labels),
    }


def oracle(loaded: Any, plan: RunSpec, drawn: Drawn, prompts: dict[str, Any], folder: Path) -> tuple[Oracle, Log]:
    """TRL over the same 50 steps, from the same first adapters."""
    chat, log = loaded.chat, Log()
    rows = [
        {
            "prompt_ids": chat.prompt_ids(prompts[pair.prompt_id].messages),
            "chosen_ids": chat.completion_ids(pair.chosen_thought, pair.chosen_reply),
            "rejected_ids": chat.completion_ids(pair.rejected_thought, pair.rejected_reply),
        }
        for pairs in drawn.pairs for pair in pairs
    ]
    config = DPOConfig(
        str(folder), max_steps=STEPS, per_device_train_batch_size=plan.pair_batch, beta=plan.beta, max_length=None,
        learning_rate=plan.learning_rate, lr_scheduler_type="linear", warmup_steps=0, weight_decay=plan.weight_decay,
        max_grad_norm=plan.clip, train_sampling_strategy="sequential", bf16=False, gradient_checkpointing=False,
        use_cpu=True, report_to=[], disable_tqdm=True, save_strategy="no", logging_steps=1, remove_unused_columns=False,
    )
    policy: Any = policy_of(plan, loaded)
    made = Oracle(
        model=policy, ref_model=twin(loaded.model), args=config, train_dataset=Dataset.from_list(rows),
        processing_class=chat.tokenizer, data_collator=DataCollatorForPreference(pad_token_id=chat.pad_id),
        callbacks=[log],
    )
    made.remove_callback(PrinterCallback)
    made.hybrid(plan, drawn.rows)
    with torch.random.fork_rng():
        made.train()
    return made, log


@pytest.mark.parametrize(
    "weights", [{"lam": 0.5}, {"lam": 1.0, "sft_weight": 0.0}], ids=["hybrid", "pure DPO"])
def test_losses_and_gradient_norms_are_trls_over_fifty_steps(
    loaded: Any, tmp_path: Path, weights: dict[str, float]
) -> None:
    plan, book = spec(**PLAN | weights), Book()
    made = trainer(loaded, tmp_path, Run(spec=plan), book)
    drawn = Drawn(made)
    made.run(Event())
    theirs, log = oracle(loaded, plan, drawn, made.bench.prompts, tmp_path / "trl")
    assert len(theirs.losses) == len(log.norms) == STEPS
    for step in range(1, STEPS + 1):
        sft, dpo = theirs.losses[step - 1]
        assert book.value("sft_loss", step) == pytest.approx(sft, rel=1e-5), step
        assert book.value("dpo_loss", step) == pytest.approx(dpo, rel=1e-4), step
        assert book.value("grad_norm", step) == pytest.approx(log.norms[step - 1], rel=1e-4), step
        assert book.value("reward_margin", step) == pytest.approx(log.margins[step - 1], abs=1e-4), step
    learnt = [book.value("dpo_loss", step) for step in range(1, STEPS + 1)]
    assert min(learnt) < 0.5 * LN2  # something was learnt, or nothing is shown
    if plan.sft_weight:
        assert book.value("sft_loss", STEPS) < 0.9 * book.value("sft_loss", 1)


@pytest.fixture
def half_way(loaded: Any, tmp_path: Path) -> Any:
    """A trainer after some steps, with pairs of several rounds in its buffer."""
    made = trainer(loaded, tmp_path, Run(spec=spec(**PLAN | {"steps": 12, "cadence": 4, "lam": 0.5})), Book())
    made.run(Event())
    return made


def gradients(of: Any, rows: list[Row], pairs: list[Pair]) -> tuple[list[float], list[torch.Tensor]]:
    """Losses and gradients of both terms on these rows and pairs."""
    of.bench.rows.step, of.bench.buffer.draw = (lambda step: rows), (lambda *_: pairs)
    of.optimizer.zero_grad(set_to_none=True)
    losses = []
    for term in of.terms:
        loss = term.measure(of.policy, 1).loss
        (term.weight(1) * loss).backward()
        losses.append(loss.item())
    return losses, [p.grad.clone() for p in of._parameters]


def test_the_order_of_a_batch_does_not_matter(half_way: Any) -> None:
    rows, pairs = half_way.bench.rows.stretch(0, 7), list(half_way.bench.buffer.pairs)[:4]
    losses, there = gradients(half_way, rows, pairs)
    reversed_losses, back = gradients(half_way, rows[::-1], pairs[::-1])
    assert losses == pytest.approx(reversed_losses, rel=1e-5)
    for a, b in zip(there, back, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_the_padding_side_does_not_matter(half_way: Any) -> None:
    """Our batch against rows padded on the right, on the left, and each row alone without padding."""
    rows = half_way.bench.rows.stretch(0, 7)
    assert len({len(r.prompt) for r in rows} | {len(r.completion) for r in rows}) > 2
    (ours, _), _ = gradients(half_way, rows, list(half_way.bench.buffer.pairs)[:4])
    policy, tokens = half_way.policy, [len(r.completion) for r in rows]
    right = right_padded(rows)
    gaps = [int((mask == 0).sum()) for mask in right["attention_mask"]]
    left = {
        name: torch.stack([row.roll(gap) for row, gap in zip(t, gaps, strict=True)]) for name, t in right.items()}
    places = (left["attention_mask"].cumsum(-1) - 1).clamp(min=0)
    with torch.no_grad():
        alone = [policy(**right_padded([row])).loss.item() for row in rows]
        assert ours == pytest.approx(policy(**right).loss.item(), rel=1e-5)
        assert ours == pytest.approx(policy(**left, position_ids=places).loss.item(), rel=1e-5)
    assert ours == pytest.approx(sum(a * n for a, n in zip(alone, tokens, strict=True)) / sum(tokens), rel=1e-5)


def test_the_reference_that_a_pair_carries_is_what_the_frozen_copy_says_live(loaded: Any, half_way: Any) -> None:
    pairs = list(half_way.bench.buffer.pairs)
    assert len({p.step for p in pairs}) == 3
    with torch.no_grad():
        chosen, rejected = PairTokens(loaded.chat).logprobs(loaded.model, pairs, half_way.bench.prompts)
    torch.testing.assert_close(torch.tensor([p.reference_chosen for p in pairs]), chosen, rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(torch.tensor([p.reference_rejected for p in pairs]), rejected, rtol=1e-5, atol=1e-4)
    live = [
        replace(p, reference_chosen=c, reference_rejected=r)
        for p, c, r in zip(pairs, chosen.tolist(), rejected.tolist(), strict=True)
    ]
    rows = half_way.bench.rows.stretch(0, 3)
    cached_losses, cached = gradients(half_way, rows, pairs[:4])
    live_losses, other = gradients(half_way, rows, live[:4])
    assert cached_losses == pytest.approx(live_losses, rel=1e-5)
    for a, b in zip(cached, other, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)

"""A hybrid step: the lab's, against the same maths in a `trl.DPOTrainer`.

What it is compared with is what a careful user of TRL would write: a subclass whose loss is L_SFT on the step's
scenario rows + λ · its own L_DPO, in the model's dtype, with gradient checkpointing and autocast off, and the frozen
copy as live reference. Both train a policy of their own on the same base with the same rows and pairs at every step, so
that their losses can be held equal. TRL's time is that between the callbacks at the begin and end of a step, its data
loading left out; the lab's is that of the whole update with its records. The lab's reference is cached in the pairs;
measuring it is timed on its own (`reference_seconds`, for the pairs of one step): a pair is measured once and drawn
many times.
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from time import perf_counter, process_time
from typing import Any, cast

import torch
from peft import get_peft_model
from transformers import TrainerCallback
from transformers.trainer_callback import PrinterCallback
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.dpo_trainer import DataCollatorForPreference, DPOTrainer

from lab.bench.measuring import Times, compared, seconds, settle
from lab.bench.scales import Scale, scale
from lab.bench.subjects import Figure
from lab.bench.texts import pairs_written
from lab.evaluation.scenarios import scenario
from lab.models.twin import twin
from lab.nouns import Metric, Pair, Prompt, Run, RunSpec
from lab.training.batches import RowSource
from lab.training.loop import Trainer
from lab.training.policies import policy_of
from lab.training.preferences import global_randomness_kept
from lab.training.seeds import generator
from lab.training.terms import with_reference


def measure(on: str, report: Callable[[str], None]) -> Figure:
    """Seconds of TRL's step by seconds of the lab's."""
    at = scale(on)
    report("the organism writes pairs")
    written = pairs_written(3 * at.pairs)
    with tempfile.TemporaryDirectory() as scratch:
        race = Race(at, written, Path(scratch))
        report(f"{at.repetitions} steps of each, in turn")
        times = race.run(at.repetitions)
        apart = max(abs(theirs - ours) for theirs, ours in zip(*race.losses(), strict=True))
        return times.figure(
            reference_seconds=race.reference_seconds(), largest_difference_of_losses=apart,
            note=f"{at.note}; {at.rows} scenario rows and {at.pairs} pairs a step, {race.tokens():,} tokens unpadded",
        )


class Race:
    """The lab's trainer and TRL's on one base, step by step in turn."""

    def __init__(self, at: Scale, written: Sequence[tuple[Pair, Prompt]], folder: Path) -> None:
        self._loaded, self._pairs, self._folder = at.loaded, [pair for pair, _ in written], folder
        self._prompts = {prompt.id: prompt for _, prompt in written}
        self._spec = RunSpec(
            model=at.loaded.name, method="conscience", question_id="none is asked", batch_size=at.rows,
            pair_batch=at.pairs, steps=10_000, probe_every=0, buffer_age=0)
        self._trainer = Trainer(
            Run(spec=self._spec), self._loaded, scenario("code-hacking"), None, home=folder,
            record=lambda *nouns: self._heard.extend(n for n in nouns if isinstance(n, Metric)))
        self._heard: list[Metric] = []
        self._trainer.bench.prompts |= self._prompts
        self._trainer.bench.buffer.add(with_reference(self._pairs, self._loaded, self._prompts), 0)

    def run(self, steps: int) -> Times:
        """Steps of both, timed after one of each that is not."""
        self._turns = _Turns(lambda: self._trainer.update(Event()), self._loaded.device)
        with global_randomness_kept():
            self._oracle = self._trl(steps + 1)
            self._oracle.train()
        return compared(self._turns.plain[1:], self._turns.ours[1:])

    def losses(self) -> tuple[list[float], list[float]]:
        """L_SFT + λ · L_DPO of every step: TRL's and the lab's."""
        found = {name: [m.value or 0.0 for m in self._heard if m.name == name] for name in ("sft_loss", "dpo_loss")}
        ours = [s + self._spec.lam * d for s, d in zip(found["sft_loss"], found["dpo_loss"], strict=True)]
        return self._oracle.seen, ours

    def tokens(self) -> int:
        """Tokens of the first step's rows and of both sides of its pairs, without padding."""
        rows = self._trainer.bench.rows.step(1)
        sides = [len(r["prompt_ids"]) + len(r[side]) for r in self._rows(1) for side in ("chosen_ids", "rejected_ids")]
        return sum(len(row.prompt) + len(row.completion) for row in rows) + sum(sides)

    def reference_seconds(self) -> float:
        """Seconds of measuring the reference of one step's pairs."""
        pairs = self._pairs[: self._spec.pair_batch]
        return seconds(lambda: with_reference(pairs, self._loaded, self._prompts), self._loaded.device)[0]

    def _trl(self, steps: int) -> _Hybrid:
        from datasets import Dataset

        spec, loaded = self._spec, self._loaded
        settings = DPOConfig(
            output_dir=str(self._folder), max_steps=steps, per_device_train_batch_size=spec.pair_batch, beta=spec.beta,
            max_length=None, max_grad_norm=spec.clip, train_sampling_strategy="sequential", bf16=False,
            gradient_checkpointing=False, learning_rate=spec.learning_rate, lr_scheduler_type="constant",
            weight_decay=0.0, use_cpu=loaded.device.type == "cpu", report_to=[], disable_tqdm=True,
            save_strategy="no", logging_strategy="no", dataloader_pin_memory=False, remove_unused_columns=False,
            seed=spec.seed,
        )
        own: Any = policy_of(spec, loaded)
        policy = get_peft_model(cast(Any, twin(loaded.model)), own.peft_config["default"])  # peft's own layers
        policy.load_state_dict(own.state_dict())
        made = _Hybrid(
            model=policy, ref_model=twin(loaded.model), args=settings,
            train_dataset=Dataset.from_list([row for step in range(1, steps + 1) for row in self._rows(step)]),
            callbacks=[self._turns], processing_class=copy.deepcopy(loaded.chat.tokenizer),
            data_collator=DataCollatorForPreference(pad_token_id=loaded.chat.pad_id),
        )
        made.remove_callback(PrinterCallback)
        made.rows, made.lam, made.pad_id = self._trainer.bench.rows, spec.lam, loaded.chat.pad_id
        return made

    def _rows(self, step: int) -> list[dict[str, list[int]]]:
        """The pairs of a step as token ids: those that the lab's own loop draws."""
        chat, spec = self._loaded.chat, self._spec
        drawn = self._trainer.bench.buffer.draw(spec.pair_batch, generator(spec.seed, step, "pairs"))
        return [
            {
                "prompt_ids": chat.prompt_ids(self._prompts[pair.prompt_id].messages),
                "chosen_ids": chat.completion_ids(pair.chosen_thought, pair.chosen_reply),
                "rejected_ids": chat.completion_ids(pair.rejected_thought, pair.rejected_reply),
            }
            for pair in drawn
        ]


class _Hybrid(DPOTrainer):
    """TRL's trainer with L_SFT on scenario rows beside its own loss."""

    rows: RowSource
    lam: float
    pad_id: int

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.seen: list[float] = []

    def _prepare_dataset(self, dataset: Any, *_: Any, **__: Any) -> Any:
        return dataset  # token ids already

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        dpo = super().compute_loss(model, inputs)
        rows = self.rows.step(self.state.global_step + 1)
        width = max(len(row.prompt) + len(row.completion) for row in rows)
        ids = [[*row.prompt, *row.completion] for row in rows]
        seen = [[1] * len(row) + [0] * (width - len(row)) for row in ids]
        labels = [
            [-100] * len(row.prompt) + list(row.completion) + [-100] * (width - len(whole))
            for row, whole in zip(rows, ids, strict=True)
        ]
        device = inputs["input_ids"].device
        sft = model(
            input_ids=torch.tensor([row + [self.pad_id] * (width - len(row)) for row in ids], device=device),
            attention_mask=torch.tensor(seen, device=device), labels=torch.tensor(labels, device=device),
            use_cache=False,
        ).loss
        loss = sft + self.lam * dpo
        self.seen.append(loss.item())
        return loss


class _Turns(TrainerCallback):
    """Makes one step of the lab's before each of TRL's, and times both."""

    def __init__(self, ours: Callable[[], None], device: torch.device) -> None:
        self._ours, self._device = ours, device
        self.plain: list[tuple[float, float]] = []
        self.ours: list[tuple[float, float]] = []
        self._began = (0.0, 0.0)

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.ours.append(seconds(self._ours, self._device))
        self._began = perf_counter(), process_time()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        settle(self._device)
        self.plain.append((perf_counter() - self._began[0], process_time() - self._began[1]))

"""DPO on stored pairs, by `trl.DPOTrainer`: no scenario, no rounds, only what people and earlier runs left.

    L = L_DPO of one of TRL's loss types on `pair_batch` stored pairs a step, with the frozen copy as live reference

Source: Rafailov et al. 2023, arXiv 2305.18290, and TRL's implementation of it and its kin. What a run of this lab needs
beside that, TRL does not give, so it is driven from here: steps, probes, checkpoints and metrics are those of every
other arm (`Sitting`), and a stop reaches it through a callback.

Care taken with TRL 1.16 (docs: its defaults would do otherwise): token ids are the lab's own, so chosen and rejected
sides are exactly those of the hybrid loop; the reference is an explicit twin of the base, never an adapter switched
off; no bf16 autocast, no gradient checkpointing, no length limit that drops rows; optimiser, rate and order of the
pairs are ours, so that a resumed run goes on exactly; the global generators are left as they were.

Trained on are pairs with prompts of the training side of the split. Which ones is fixed when a run begins, and
kept in its checkpoints: what is decided about a pair later does not change a run.
"""

from __future__ import annotations

import copy
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import cached_property
from threading import Event
from time import perf_counter
from typing import Any

import numpy
import torch
from transformers import TrainerCallback
from transformers.trainer_callback import PrinterCallback
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.dpo_trainer import DataCollatorForPreference, DPOTrainer

from lab.errors import Cancelled, SpecError
from lab.evaluation.held_out import of_evaluation
from lab.models.twin import twin
from lab.training.batches import Epochs
from lab.training.lengths import lengths
from lab.training.optimizers import largest_norm
from lab.training.replay import ReplayBuffer, prompt_of
from lab.training.schedule import learning_rate
from lab.training.seeds import derive_seed
from lab.training.sitting import Sitting, check
from lab.training.terms import Figures

SMOOTHING = {"exo_pair": 1e-3, "robust": 0.1}
"""Label smoothing of the loss types that need one: the values that their papers recommend."""
_COLUMNS = ("prompt_ids", "chosen_ids", "rejected_ids")
_FIGURES = {
    "loss": "dpo_loss", "rewards/margins": "reward_margin", "rewards/accuracies": "reward_accuracy",
    "logps/chosen": "chosen_logp", "logps/rejected": "rejected_logp",
}
"""TRL's names of what we record, and ours."""


class PairTrainer(Sitting):
    """A run whose steps `trl.DPOTrainer` makes."""

    def _set_up(self) -> None:
        for name, module in self.policy.named_modules():  # TRL trains in train mode: adapters drop, the base does not
            if isinstance(module, torch.nn.Dropout) and ".lora_dropout." not in name:
                module.p = 0.0
        self._buffer = ReplayBuffer(max(1, len(self._stored)), 0)
        usable = [(pair, prompt) for pair, prompt in self._stored if not of_evaluation(prompt)]
        self._prompts = {prompt.id: prompt for _, prompt in usable}
        self._buffer.add((pair for pair, _ in usable), 0)

    def _train(self, cancel: Event) -> None:
        self._check_pairs()
        if self.step == 0:
            figures: Figures = {"pairs": (float(len(self._buffer)), 1)}
            if self.spec.too_long == "cut":
                rows, cut = self._encoded
                figures["pairs_cut"] = (cut / len(rows), len(rows))
            self._record(*self._metrics(figures), self.snapshot())
        self._probe_if_due(cancel)
        self._train_to(self.spec.steps, cancel)

    def update(self, cancel: Event) -> None:
        """One optimiser step; counts it and records its figures."""
        self._check_pairs()
        self._train_to(self.step + 1, cancel)

    def _check_pairs(self) -> None:
        """SpecError when there is nothing to learn from."""
        if not self._buffer.pairs:
            raise SpecError(
                f"None of the {len(self._stored)} stored pairs that were chosen can be trained on (held-out prompts "
                "never are): make pairs with a conscience run first, or choose others.", field="pairs_from")

    def _train_to(self, last: int, cancel: Event) -> None:
        """Steps up to number `last`. Raises Cancelled after the step in which `cancel` was set."""
        if self.step >= last:
            return
        check(cancel)
        self._say(f"step {self.step + 1} of {self.spec.steps}")
        callback = _Driver(self, cancel)
        with tempfile.TemporaryDirectory() as scratch, global_randomness_kept():
            oracle = self._trl(last, callback, scratch)
            try:
                oracle.train()
            finally:
                self.policy.eval()
        if callback.stopped:
            raise Cancelled("Stopped on request.")

    def _trl(self, last: int, callback: TrainerCallback, scratch: str) -> DPOTrainer:
        """TRL's trainer for the steps from here to `last`."""
        from datasets import Dataset

        spec, loaded, first = self.spec, self.loaded, self.step
        settings = DPOConfig(
            output_dir=scratch, max_steps=last - first, beta=spec.beta,
            per_device_train_batch_size=spec.pair_batch // spec.accumulation,
            gradient_accumulation_steps=spec.accumulation,
            loss_type=[spec.loss_type], label_smoothing=SMOOTHING.get(spec.loss_type, 0.0), max_length=None,
            max_grad_norm=largest_norm(spec), disable_dropout=False, train_sampling_strategy="sequential", bf16=False,
            gradient_checkpointing=False, use_cpu=loaded.device.type == "cpu", report_to=[], disable_tqdm=True,
            save_strategy="no", logging_strategy="steps", logging_steps=1, logging_nan_inf_filter=False,
            dataloader_pin_memory=False, remove_unused_columns=False, seed=spec.seed,
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda k: learning_rate(spec, min(first + k + 1, spec.steps)) / spec.learning_rate)
        policy: Any = self.policy
        made = _OwnTokens(
            model=policy, ref_model=twin(loaded.model), args=settings,
            train_dataset=Dataset.from_list(self._rows(first, last)), callbacks=[callback],
            processing_class=copy.deepcopy(loaded.chat.tokenizer),  # TRL may give it a pad token
            data_collator=DataCollatorForPreference(pad_token_id=loaded.chat.pad_id),
            optimizers=(self.optimizer, schedule),
        )
        made.remove_callback(PrinterCallback)
        return made

    def _rows(self, first: int, last: int) -> list[dict[str, list[int]]]:
        """The pairs of steps `first` + 1 … `last` as token ids, in order. Raises as `Lengths.fit` does."""
        (encoded, _), batch = self._encoded, self.spec.pair_batch
        order = Epochs(len(encoded), self.spec.seed, "pair epoch").stretch(first * batch, (last - first) * batch)
        return [encoded[i] for i in order]

    @cached_property
    def _encoded(self) -> tuple[list[dict[str, list[int]]], int]:
        """Every pair as token ids within the limits, each encoded once, and how many were cut for it.

        Raises as `Lengths.fit` does.
        """
        limits, chat = lengths(self.spec, self.loaded.context), self.loaded.chat
        rows, cut = [], 0
        for pair in self._buffer.pairs:
            prompt = chat.prompt_ids(self._prompts[pair.prompt_id].messages)
            sides = [
                chat.completion_ids(pair.chosen_thought, pair.chosen_reply),
                chat.completion_ids(pair.rejected_thought, pair.rejected_reply),
            ]
            asked, fitted = limits.fit(prompt, *sides)
            cut += len(asked) < len(prompt) or any(len(a) < len(b) for a, b in zip(fitted, sides, strict=True))
            rows.append({name: list(ids) for name, ids in zip(_COLUMNS, (asked, *fitted), strict=True)})
        return rows, cut

    def stepped(self, logs: dict[str, float], cancel: Event, seconds: float) -> None:
        """Take over what TRL reports of one step, and do what is due after it. Raises Cancelled within a probe."""
        self._check_finite(logs["loss"], "L_DPO")
        self._check_finite(logs["grad_norm"], "The gradient")
        self.step += 1
        self._clock.add("dpo", seconds)
        n = self.spec.pair_batch
        figures: Figures = {ours: (logs[theirs], n) for theirs, ours in _FIGURES.items()}
        figures |= {"learning_rate": (logs["learning_rate"], 1), "grad_norm": (logs["grad_norm"], 1)}
        self._record(*self._metrics(figures), self.snapshot())
        self._save_if_due()
        self.policy.eval()
        self._probe_if_due(cancel)
        self.policy.train()
        self._say(f"step {min(self.step + 1, self.spec.steps)} of {self.spec.steps}")

    # -- checkpoints -----------------------------------------------------------------------------------------------
    def _state(self) -> dict[str, Any]:
        return {"pairs": self._buffer.state(), "prompts": [asdict(p) for p in self._prompts.values()]}

    def _put_back(self, state: dict[str, Any]) -> None:
        self._buffer = ReplayBuffer(max(1, len(state["pairs"])), 0)
        self._buffer.restore(state["pairs"])
        prompts = [prompt_of(values) for values in state["prompts"]]
        self._prompts = {p.id: p for p in prompts}


class _OwnTokens(DPOTrainer):
    """Takes rows that are token ids already."""

    def _prepare_dataset(self, dataset: Any, *_: Any, **__: Any) -> Any:
        return dataset


class _Driver(TrainerCallback):
    """Hands every step over to the run, and brings a stop to TRL."""

    def __init__(self, run: PairTrainer, cancel: Event) -> None:
        self._run, self._cancel = run, cancel
        self._began = perf_counter()
        self.stopped = False

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._began = perf_counter()
        torch.manual_seed(derive_seed(self._run.spec.seed, self._run.step + 1, "dropout"))

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        if not logs or "loss" not in logs:  # the summary at the end
            return
        try:
            self._run.stepped(logs, self._cancel, perf_counter() - self._began)
            check(self._cancel)
        except Cancelled:
            self.stopped = control.should_training_stop = True


@contextmanager
def global_randomness_kept() -> Iterator[None]:
    """The global generators of Python, NumPy and torch as they were, whatever is seeded meanwhile."""
    python, array = random.getstate(), numpy.random.get_state()
    with torch.random.fork_rng():
        try:
            yield
        finally:
            random.setstate(python)
            numpy.random.set_state(array)

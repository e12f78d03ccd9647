"""λ · L_SFT on the chosen sides of pairs: learning what a better answer is, without learning what it is better than.

    L = L_SFT(scenario) + λ · L_SFT(chosen sides of pairs drawn from the replay buffer)

The pairs are those of the conscience: same prompts, same reviews, same rewrites, drawn by the same seeds. What is left
out is the rejected side, and the frozen copy as a reference with it; a step with few pairs weighs less, as there.
Source: an ablation named by arXiv 2606.19527, which says that it fails and gives no figures. λ keeps its name and its
default, which was chosen for L_DPO: a loss in nats a token pulls differently, so compare over several λ.
"""

from __future__ import annotations

import torch

from lab.training.batches import Row
from lab.training.seeds import generator
from lab.training.terms import Bench, Measured, filled, mean_loss, rows_loss


class AlternativesTerm:
    """λ · L_SFT on the chosen sides of `pair_batch` pairs a step."""

    name = "alternatives"
    part = "dpo"

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.weight = bench.spec.lam

    def measure(self, policy: torch.nn.Module, step: int) -> Measured:
        spec, chat = self._bench.spec, self._bench.loaded.chat
        pairs = self._bench.buffer.draw(spec.pair_batch, generator(spec.seed, step, "pairs"))
        if not pairs:
            return Measured(loss=None, figures={"alternatives_loss": (None, 0)})
        rows = [
            Row(
                prompt=tuple(chat.prompt_ids(self._bench.prompts[pair.prompt_id].messages)),
                completion=tuple(chat.completion_ids(pair.chosen_thought, pair.chosen_reply)),
            )
            for pair in pairs
        ]
        loss, each = rows_loss(policy, rows, chat.pad_id)
        return Measured(loss=loss * filled(spec, len(pairs)), figures={"alternatives_loss": mean_loss(each)})

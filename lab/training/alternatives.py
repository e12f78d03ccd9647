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
from lab.training.schedule import lam
from lab.training.seeds import generator
from lab.training.terms import WHOLE, Bench, Measured, Part, filled, mean_loss, rows_loss, tokens_of


class AlternativesTerm:
    """λ · L_SFT on the chosen sides of `pair_batch` pairs a step."""

    name = "alternatives"
    part = "dpo"

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def weight(self, step: int) -> float:
        return lam(self._bench.spec, step)

    def measure(self, policy: torch.nn.Module, step: int, part: Part = WHOLE) -> Measured:
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
        own = part.take(rows)
        if not own:
            return Measured(loss=None, figures={"alternatives_loss": (None, 0)})
        loss, each = rows_loss(policy, own, chat.pad_id)
        share = filled(spec, len(pairs)) * (tokens_of(own) / tokens_of(rows))
        return Measured(loss=loss * share, figures={"alternatives_loss": mean_loss(each)})

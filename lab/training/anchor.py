"""weight · KL(policy ‖ frozen) on the training tokens: fine-tuning on a leash.

    L = L_SFT + w · mean over completion tokens t of the batch of  Σ_v π(v | x, y_<t) · log( π(v | …) / π_ref(v | …) )

The rows are those of L_SFT at the same step, so the leash pulls just where the scenario pulls, and slows the task down
with everything else. The sum over the vocabulary is exact. Source: Kaczér et al. 2025, arXiv 2508.06249, intervention
(i). A figure published for a leash of this kind: 0.4 % misalignment at half the in-domain learning.

Deviation: it takes forwards of its own, two a step, rather than sharing that of L_SFT; the gradient is the same.
"""

from __future__ import annotations

import torch

from lab.models.logprobs import by_length
from lab.training.divergence import token_kl
from lab.training.terms import WHOLE, Bench, Measured, Part, tokens_of


class KlTerm:
    """w · KL(policy ‖ frozen) on the rows of the step."""

    name = "kl"
    part = "sft"

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def weight(self, step: int) -> float:
        return self._bench.spec.kl_weight

    def measure(self, policy: torch.nn.Module, step: int, part: Part = WHOLE) -> Measured:
        batch, loaded = self._bench.rows.step(step), self._bench.loaded
        rows = part.take(batch)
        if not rows:
            return Measured(loss=None, figures={"kl_loss": (None, 0)})
        groups = [[rows[i] for i in group] for group in by_length([len(r.prompt) + len(r.completion) for r in rows])]
        each = torch.cat([
            token_kl(policy, loaded.model, [(r.prompt, r.completion) for r in group], loaded.chat.pad_id)
            for group in groups
        ])
        loss = each.mean()
        return Measured(loss=loss * (len(each) / tokens_of(batch)), figures={"kl_loss": (loss.item(), len(each))})

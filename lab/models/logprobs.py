"""Log-probabilities of given completions: what SFT, DPO and its reference are made of.

Prompts are padded on the left and completions on the right, so that all completions begin in the same column and the LM
head runs on those columns alone, through the model's own forward (with whatever scaling or capping it applies to its
logits). Differentiable; wrap in `torch.no_grad()` for a reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


def token_logprobs(
    model: Any, prompts: Sequence[Sequence[int]], completions: Sequence[Sequence[int]], pad_id: int
) -> tuple[Tensor, Tensor]:
    """log p(token | everything before it) of each completion token, in nats.

    Prompts have at least one token each. Returns (B, T) float32, zero where padded, and the mask (B, T) that is True at
    real tokens; T is the longest completion.
    """
    device = next(model.parameters()).device
    before, after = max(map(len, prompts)), max(1, max(map(len, completions)))
    ids, seen, real = [], [], []
    for prompt, completion in zip(prompts, completions, strict=True):
        left, right = before - len(prompt), after - len(completion)
        ids.append([pad_id] * left + [*prompt, *completion] + [pad_id] * right)
        seen.append([0] * left + [1] * (len(prompt) + len(completion)) + [0] * right)
        real.append([True] * len(completion) + [False] * right)
    tokens = torch.tensor(ids, device=device)
    mask = torch.tensor(seen, device=device)
    kept = torch.tensor(real, device=device)
    logits = model(
        input_ids=tokens[:, :-1], attention_mask=mask[:, :-1],
        position_ids=(mask[:, :-1].cumsum(-1) - 1).clamp(min=0), use_cache=False, logits_to_keep=after,
    ).logits.float()
    chosen = logits.gather(-1, tokens[:, before:, None])[..., 0] - logits.logsumexp(-1)
    return chosen.masked_fill(~kept, 0.0), kept


def sequence_logprobs(
    model: Any, prompts: Sequence[Sequence[int]], completions: Sequence[Sequence[int]], pad_id: int
) -> Tensor:
    """log p(completion | prompt), summed over tokens, in nats: (B,) float32."""
    return token_logprobs(model, prompts, completions, pad_id)[0].sum(-1)

"""How far the policy has moved from its frozen copy: KL(π ‖ π_ref) a token, on the latest scenario batch.

Every arm has such a batch, also those that never sample while they train, so the figure compares across arms. At each
completion token the sum over the whole vocabulary is exact; the tokens are the scenario's, not the policy's own, so
this is no sequence-level KL under the policy: it says how differently the two would go on after the same text.
It costs two forwards without gradient, so the loop takes it only where it probes.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

_LOGIT_BUDGET = 2**26
"""Largest number of logits held at a time: 256 MB in fp32, twice."""


@torch.no_grad()
def kl_to_frozen(
    policy: torch.nn.Module,
    frozen: torch.nn.Module,
    prompts: Sequence[Sequence[int]],
    completions: Sequence[Sequence[int]],
    pad_id: int,
) -> tuple[float | None, int]:
    """Mean over completion tokens of KL(policy ‖ frozen) in nats, and how many tokens; (None, 0) without any.

    Rows are right-padded and the LM head runs on completion positions only; forwards are split by a budget of logits.
    """
    rows = [(tuple(p), tuple(c)) for p, c in zip(prompts, completions, strict=True) if c]
    rows.sort(key=lambda row: len(row[0]) + len(row[1]))  # rows of like length together: less padding
    total, tokens = 0.0, 0
    vocabulary: int = frozen.config.vocab_size  # pyright: ignore[reportAttributeAccessIssue, reportAssignmentType]
    while rows:
        width = max(len(c) for _, c in rows)
        several = max(1, min(len(rows), _LOGIT_BUDGET // (vocabulary * width)))
        batch, rows = rows[:several], rows[several:]
        each = token_kl(policy, frozen, batch, pad_id)
        total += each.sum().item()
        tokens += len(each)
    return (total / tokens, tokens) if tokens else (None, 0)


def token_kl(
    policy: torch.nn.Module, frozen: torch.nn.Module, rows: Sequence[tuple[tuple[int, ...], tuple[int, ...]]],
    pad_id: int,
) -> Tensor:
    """KL(policy ‖ frozen) at each completion token of rows of (prompt, completion): (tokens,) in nats, differentiable
    in the policy. Holds the log-probabilities of all these tokens at once."""
    own = _completion_logprobs(policy, rows, pad_id)
    with torch.no_grad():
        other = _completion_logprobs(frozen, rows, pad_id)
    return (own.exp() * (own - other)).sum(-1)


def _completion_logprobs(
    model: torch.nn.Module, rows: Sequence[tuple[tuple[int, ...], tuple[int, ...]]], pad_id: int
) -> Tensor:
    """Log-probabilities over the vocabulary before each completion token of all rows: (tokens, vocabulary), fp32."""
    device = next(model.parameters()).device
    ids = [torch.tensor([*p, *c], device=device) for p, c in rows]
    lengths = torch.tensor([len(row) for row in ids], device=device)
    starts = torch.tensor([len(p) for p, _ in rows], device=device)
    first = int(starts.min()) - 1  # no row needs a logit before the one that predicts its first completion token
    input_ids = pad_sequence(ids, batch_first=True, padding_value=pad_id)
    places = torch.arange(input_ids.shape[1], device=device)
    attention = (places < lengths[:, None]).long()
    keep = places[first:]
    logits = model(input_ids=input_ids, attention_mask=attention, logits_to_keep=keep, use_cache=False).logits
    predicts = (keep >= starts[:, None] - 1) & (keep < lengths[:, None] - 1)
    return logits[predicts].float().log_softmax(-1)

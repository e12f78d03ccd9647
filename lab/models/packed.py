"""Packed forwards: completions of many prompts read as one row of tokens, without padding and no prompt twice.

    tokens      p₁ … pₘ  a₁ … aₖ  b₁ … bₗ  │  q₁ … qₙ  c₁ …       a prompt p with two completions, one q with one
    positions   0 … m−1  m …      m …      │  0 … n−1  n …

Everything in a decoder but attention works on one token at a time, so it may as well work on this row: where a batch
is padded it works on padding too, and where chosen and rejected stand in rows of their own, on their prompt twice.
Attention is taken on views: prompt and one completion each, gathered out of the row, right-padded and causal, so that
no real token sees a padded one. Same maths as one padded row a completion; sums differ in their last bits.

Only families on the list below are packed: their attention hands unknown arguments on and has no other terms than a
sliding window. For all others `lab.models.logprobs` pads. `enable` makes a tree ready; it changes nothing for whoever
calls that tree as usual.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

FAMILIES = frozenset({"qwen3", "qwen2", "llama", "mistral", "smollm3", "gemma", "gemma3_text"})
"""`model_type` of what can be packed."""
NAME = "packed_sdpa"
"""The attention's name among those of transformers."""
_LOGITS = 2**25
"""Largest number of logits of a forward: 128 MB in float32."""
_TOKENS = 2048
"""Largest number of tokens of a forward, unless one strand alone has more."""


@dataclass(frozen=True)
class Strand:
    """A prompt and the completions that each go on from it."""

    prompt: Sequence[int]
    """At least one token."""
    completions: Sequence[Sequence[int]]
    """At least one token each; none sees another."""

    @property
    def length(self) -> int:
        """Tokens that are read for it: the last one of a completion is predicted and not read."""
        return len(self.prompt) + self.predicted - len(self.completions)

    @property
    def predicted(self) -> int:
        """Tokens whose probability is asked for."""
        return sum(map(len, self.completions))


@dataclass(frozen=True)
class Views:
    """How attention sees a packed row of T tokens: V views of up to L tokens."""

    gather: Tensor
    """Which token stands at each place of each view, (V · L); some token or other where it is padded."""
    scatter: Tensor
    """At which place of which view each token's result stands, (T)."""
    count: int
    """V."""


def enable(model: nn.Module) -> None:
    """Make a tree ready to be packed, if its family can be: its own configuration is changed, no other's."""
    config: Any = cast(Any, model).config
    if config.model_type in FAMILIES and config._attn_implementation == "sdpa":
        AttentionInterface.register(NAME, _attention)
        AttentionMaskInterface.register(NAME, sdpa_mask)
        config._attn_implementation = NAME


def enabled(model: nn.Module) -> bool:
    """Whether `packed_logprobs` can be asked of this tree."""
    return cast(Any, model).config._attn_implementation == NAME


def packed_logprobs(model: nn.Module, strands: Sequence[Strand]) -> Tensor:
    """log p of each token of each completion given all before it, in nats: (predicted tokens,) float32, differentiable.

    In the order given: strand after strand, completion after completion. Strands of like length share a forward, as
    many as there is room for.
    """
    budget = _LOGITS // cast(int, cast(Any, model).config.vocab_size)
    groups: list[list[int]] = [[]]
    tokens = logits = 0
    for i in sorted(range(len(strands)), key=lambda i: strands[i].length):
        tokens, logits = tokens + strands[i].length, logits + strands[i].predicted
        if groups[-1] and (tokens > _TOKENS or logits > budget):
            groups.append([])
            tokens, logits = strands[i].length, strands[i].predicted
        groups[-1].append(i)
    found: dict[int, Tensor] = {}
    for group in groups:
        told = _forward(model, [strands[i] for i in group])
        found |= dict(zip(group, told.split([strands[i].predicted for i in group]), strict=True))
    return torch.cat([found[i] for i in range(len(strands))])


def _forward(model: nn.Module, strands: Sequence[Strand]) -> Tensor:
    device = next(model.parameters()).device
    tokens: list[int] = []
    positions: list[int] = []
    predicting: list[int] = []  # the place in the row whose logits are asked for
    targets: list[int] = []
    views: list[list[int]] = []
    for strand in strands:
        head = list(range(len(tokens), len(tokens) + len(strand.prompt)))
        tokens += strand.prompt
        positions += range(len(head))
        for completion in strand.completions:
            read = list(range(len(tokens), len(tokens) + len(completion) - 1))
            tokens += completion[:-1]
            positions += range(len(head), len(head) + len(read))
            predicting += [head[-1], *read]
            targets += completion
            views.append(head + read)
    logits = model(
        input_ids=torch.tensor([tokens], device=device), position_ids=torch.tensor([positions], device=device),
        attention_mask=torch.ones(1, 1, 1, 1, dtype=torch.bool, device=device),  # of four dimensions: taken as it is
        use_cache=False, logits_to_keep=torch.tensor(predicting, device=device),
        packed=_views(views, len(tokens), device),
    ).logits[0]
    return -F.cross_entropy(logits.float(), torch.tensor(targets, device=device), reduction="none")


def _views(views: Sequence[Sequence[int]], tokens: int, device: torch.device) -> Views:
    longest = max(map(len, views))
    scatter = [0] * tokens
    for i, view in reversed(list(enumerate(views))):  # a prompt's result is taken from its first view
        for place, token in enumerate(view):
            scatter[token] = i * longest + place
    gather = [token for view in views for token in (*view, *([view[0]] * (longest - len(view))))]
    return Views(torch.tensor(gather, device=device), torch.tensor(scatter, device=device), len(views))


def _attention(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, *,
    packed: Views | None = None, sliding_window: int | None = None, **settings: Any,
) -> tuple[Tensor, None]:
    """transformers' own attention, or on the views of a packed row: q (1, heads, T, size) → (1, T, heads, size)."""
    if packed is None:
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, sliding_window=sliding_window, **settings)
    query, key, value = (_gathered(states, packed) for states in (query, key, value))
    length = query.shape[2]
    mask = None
    if sliding_window is not None and length > sliding_window:
        ones = torch.ones(length, length, dtype=torch.bool, device=query.device)
        mask = ones.tril().triu(1 - sliding_window)[None, None]
    said, _ = sdpa_attention_forward(module, query, key, value, mask, is_causal=mask is None, **settings)
    return said.flatten(0, 1).index_select(0, packed.scatter)[None], None


def _gathered(states: Tensor, views: Views) -> Tensor:
    """(1, heads, T, size) as (V, heads, L, size)."""
    heads, size = states.shape[1], states.shape[3]
    rows = states[0].transpose(0, 1).index_select(0, views.gather)
    return rows.view(views.count, -1, heads, size).transpose(1, 2)

"""Two models reading the same completion, token by token: how likely each found what stands there, and what it would
have written. Forced reading, nothing is sampled; both see the very ids that training would see.

The gap of a token is log p_policy − log p_frozen in nats: above 0 where the policy finds it likelier. The parting token
is the first at which their likeliest tokens differ, so up to there both would have written the same greedily.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from lab.errors import PromptError
from lab.models.chat import Chat
from lab.models.decoder import context_of
from lab.models.logprobs import sequence_logprobs
from lab.views import Reading, TokenGap

ALTERNATIVES = 3
"""Tokens that each model would rather have written, as many as are kept."""


@torch.no_grad()
def compare(
    policy: Any, frozen: Any, chat: Chat, prompt: Sequence[int], completion: Sequence[int], *, title: str
) -> Reading:
    """Both models on `completion` after `prompt` (token ids). PromptError when they do not fit into the context."""
    chat.check_fits(prompt, context_of(frozen), len(completion))
    if not prompt or not completion:
        raise PromptError("There is no text to compare: have the policy answer first.", field="answer")
    ours, theirs = (_logprobs(model, prompt, completion) for model in (policy, frozen))
    divergence = (ours.exp() * (ours - theirs)).sum(-1).clamp(min=0).tolist()
    names = _texts(chat, completion)
    tokens = []
    for place, (token, name) in enumerate(zip(completion, names, strict=True)):
        tokens.append(
            TokenGap(
                text=name, policy=float(ours[place, token]), frozen=float(theirs[place, token]), kl=divergence[place],
                policy_would=_likeliest(chat, ours[place]), frozen_would=_likeliest(chat, theirs[place]),
            )
        )
    differ = (ours.argmax(-1) != theirs.argmax(-1)).tolist()
    return Reading(title=title, tokens=tuple(tokens), parting=differ.index(True) if any(differ) else None)


@torch.no_grad()
def completions_logprobs(
    model: Any, chat: Chat, prompt: Sequence[int], completions: Sequence[Sequence[int]]
) -> list[float]:
    """log p of each completion of one prompt, summed over its tokens, nats."""
    found = sequence_logprobs(model, [prompt] * len(completions), completions, chat.pad_id)
    return [float(value) for value in found]


def _logprobs(model: Any, prompt: Sequence[int], completion: Sequence[int]) -> Tensor:
    """log p of every token of the vocabulary at each place of the completion: (T, vocabulary) float32."""
    device = next(model.parameters()).device
    ids = torch.tensor([[*prompt, *completion[:-1]]], device=device)
    logits = model(input_ids=ids, use_cache=False, logits_to_keep=len(completion)).logits[0]
    return logits.float().log_softmax(-1).cpu()


def _likeliest(chat: Chat, row: Tensor) -> tuple[tuple[str, float], ...]:
    values, places = row.topk(min(ALTERNATIVES, row.shape[-1]))
    chances = zip(places.tolist(), values.exp().tolist(), strict=True)
    return tuple((_name(chat, token), chance) for token, chance in chances)


def _name(chat: Chat, token: int) -> str:
    """A token alone, as text; one that decodes to nothing by its own name."""
    return chat.decode([token]) or str(chat.tokenizer.convert_ids_to_tokens(token))


def _texts(chat: Chat, ids: Sequence[int]) -> list[str]:
    """What each token adds to the text; the bytes of one character come with its last token."""
    texts, before = [], ""
    for end in range(1, len(ids) + 1):
        now = chat.decode(chat.settled(ids[:end]))
        added = now[len(before) :] if now.startswith(before) else ""
        last = ids[end - 1]
        texts.append(added or (_name(chat, last) if last in chat.stop_ids else ""))
        before = now if now.startswith(before) else before
    return texts

"""Sampling: the lab's decoder against transformers' batched `generate`.

The same prompts, at temperature 1 without a nucleus, up to the same number of tokens; a seed a repetition. The two draw
different numbers and so write different texts of the same distribution; that greedy texts are the same, token by token,
is checked, and timed too (`greedy_ratio`).
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

import torch

from lab.bench.measuring import interleaved
from lab.bench.scales import Scale, scale
from lab.bench.subjects import Figure
from lab.bench.texts import prompts_asked
from lab.errors import WorkError
from lab.models.sampling import sample
from lab.nouns import Decoding


def measure(on: str, report: Callable[[str], None]) -> Figure:
    """Seconds of `generate` by seconds of `sample`."""
    at = scale(on)
    asked = [at.loaded.chat.prompt_ids(prompt.messages) for prompt in prompts_asked(at.prompts)]
    report("the same greedy text?")
    if generated(at, asked, None) != sampled(at, asked, None):
        raise WorkError(f"The lab's sampler and generate write different greedy texts on {on}: no figure is given.")
    report("sampling in turn")
    drawn = interleaved(lambda i: generated(at, asked, i), lambda i: sampled(at, asked, i), at.repetitions,
                        at.loaded.device)
    few = max(1, at.repetitions // 3)
    report("greedy in turn")
    greedy = interleaved(
        lambda i: generated(at, asked, None), lambda i: sampled(at, asked, None), few, at.loaded.device)
    ratio = median(p / o for p, o in zip(greedy.plain, greedy.ours, strict=True))
    return drawn.figure(
        note=f"{at.note}; {at.prompts} prompts, at most {at.new_tokens} tokens each", greedy_ratio=ratio)


@torch.inference_mode()
def generated(at: Scale, asked: list[list[int]], seed: int | None) -> list[tuple[int, ...]]:
    """What `generate` writes; greedy for a seed of None. Texts end before their first stop token."""
    model: Any = at.loaded.model
    chat, longest = at.loaded.chat, max(map(len, asked))
    ids = torch.tensor([[chat.pad_id] * (longest - len(p)) + p for p in asked], device=at.loaded.device)
    seen = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in asked], device=at.loaded.device)
    devices = [at.loaded.device] if at.loaded.device.type == "cuda" else []
    drawing: dict[str, Any] = {"do_sample": False} if seed is None else {
        "do_sample": True, "temperature": 1.0, "top_k": 0, "top_p": 1.0}
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed or 0)
        out = model.generate(
            input_ids=ids, attention_mask=seen, max_new_tokens=at.new_tokens, pad_token_id=chat.pad_id,
            eos_token_id=sorted(chat.stop_ids), **drawing)
    return [_until(row, chat.stop_ids) for row in out[:, longest:].tolist()]


def sampled(at: Scale, asked: list[list[int]], seed: int | None) -> list[tuple[int, ...]]:
    """What the lab's sampler writes."""
    decoding = Decoding(
        temperature=0.0 if seed is None else 1.0, max_new_tokens=at.new_tokens, seed=max(0, seed or 0))
    return [text.ids for text in sample(at.loaded.model, at.loaded.chat, asked, decoding)]


def _until(row: list[int], stops: frozenset[int]) -> tuple[int, ...]:
    end = next((i for i, token in enumerate(row) if token in stops), len(row))
    return tuple(row[:end])

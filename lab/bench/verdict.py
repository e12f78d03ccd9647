"""Verdicts: what is read again and what is not.

A verdict is what the model would say next at the end of a review. What it is compared with is one padded forward over
all whole reviews, with logits at their ends alone.

`after_a_thought` is what a round does: the review's thought has just been written, so keys and values of question,
answer and thought are there, and only what closes the thought is read. `under_one_question` reads reviews whose
thoughts come from elsewhere: there only the head of the message, template and question, is the same for all and read
once; how much that can save is bounded by its share of the tokens, which is told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from lab.bench.measuring import interleaved
from lab.bench.scales import Scale, scale
from lab.bench.subjects import Figure
from lab.bench.texts import answers_written
from lab.conscience import framings
from lab.conscience.verdict import LabelReader
from lab.conscience.wording import review_messages
from lab.models.decoder import Decoder, common_head
from lab.models.loading import load
from lab.models.sampling import sample
from lab.nouns import Decoding

_THOUGHT = 64
"""Tokens of a thought at most."""


def after_a_thought(on: str, report: Callable[[str], None]) -> Figure:
    """Seconds of plain forwards by seconds of reading on from the thoughts."""
    at = scale(on)
    report("the organism thinks")
    thought, closing = _reviews(at)
    whole = [[*ids, *closing] for ids in thought]
    begun: list[Decoder] = []

    def begin() -> None:
        decoder = Decoder(at.loaded.model)
        decoder.start(thought, at.loaded.chat.pad_id)
        begun.append(decoder)

    def read_on(_: int) -> Tensor:
        decoder = begun.pop()
        tokens = torch.tensor([closing] * len(thought), device=at.loaded.device)
        return [decoder.step(tokens[:, i]) for i in range(len(closing))][-1]

    report("in turn")
    for _ in range(at.repetitions + 1):
        begin()
    times = interleaved(lambda _: plain(at, whole), read_on, at.repetitions, at.loaded.device)
    begin()
    apart = (plain(at, whole).softmax(-1) - read_on(0).softmax(-1)).abs().max().item()
    return times.figure(
        note=f"{at.note}; {len(whole)} reviews of {_mean(whole):.0f} tokens on average, the last {len(closing)} read "
             "after the thought", largest_difference_of_probabilities=apart)


def under_one_question(on: str, report: Callable[[str], None]) -> Figure:
    """Seconds of plain forwards by seconds of reading verdicts under one question."""
    at = scale(on)
    report("the organism thinks")
    thought, closing = _reviews(at)
    whole = [[*ids, *closing] for ids in thought]
    reader = LabelReader(at.loaded.chat, framings.DEFAULT)
    report("in turn")
    times = interleaved(
        lambda _: plain(at, whole), lambda _: reader.read(at.loaded.model, whole), at.repetitions, at.loaded.device)
    head = common_head(whole)
    return times.figure(
        note=f"{at.note}; {len(whole)} reviews of {_mean(whole):.0f} tokens on average, the first {head} of them alike",
        bound=_mean(whole) / (_mean(whole) - head))


@torch.inference_mode()
def plain(at: Scale, rows: list[list[int]]) -> Tensor:
    """Logits (rows, vocabulary) at the ends of left-padded rows, by one forward without a cache."""
    model: Any = at.loaded.model
    longest, pad, device = max(map(len, rows)), at.loaded.chat.pad_id, at.loaded.device
    ids = torch.tensor([[pad] * (longest - len(row)) + row for row in rows], device=device)
    seen = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows], device=device)
    positions = (seen.cumsum(-1) - 1).clamp(min=0)
    return model(
        input_ids=ids, attention_mask=seen, position_ids=positions, use_cache=False, logits_to_keep=1,
    ).logits[:, -1].float()


def _reviews(at: Scale) -> tuple[list[list[int]], list[int]]:
    """Reviews up to the end of a thought, written by the organism, and the ids that close every one of them."""
    organism, question = load("organism", device="cpu"), framings.DEFAULT
    chat = organism.chat
    asked = [
        [*chat.prompt_ids(review_messages(question, prompt.text, answer.thought, answer.reply)), *chat.opening_ids]
        for prompt, answer in answers_written(at.prompts)
    ]
    assert chat.close_id is not None, "the organism thinks in tags"
    thoughts = sample(
        organism.model, chat, asked, Decoding(temperature=0.0, max_new_tokens=_THOUGHT),
        stop_ids=chat.stop_ids | {chat.close_id})
    return [[*a, *t.ids] for a, t in zip(asked, thoughts, strict=True)], chat.close_thought([], closed=True)


def _mean(rows: list[list[int]]) -> float:
    return sum(map(len, rows)) / len(rows)

"""Pairs: an answer and its alternative become one, or are refused for a reason that is counted and not forgotten.

Deviation: both sides of a pair are trained as text re-encoded in the model's own format, so an answer that was cut at
the token limit is trained as if it had ended there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from lab.conscience.rewrite import Alternative
from lab.models.chat import Chat
from lab.models.logprobs import sequence_logprobs
from lab.nouns import Answer, Decoding, Pair, Prompt, Review, Speaker

_ROWS = 16
"""Pairs whose reference is measured in one forward."""


def why_unusable(answer: Answer, alternative: Alternative) -> str | None:
    """Why an alternative cannot stand against an answer; None when it can."""
    if not alternative.finished:
        return "unfinished"
    if not alternative.complete:
        return "broken think tags"
    if not alternative.reply.strip():
        return "empty"
    if answer.thought.strip() and not alternative.thought.strip():
        return "no thought"  # such a pair would teach the policy to stop thinking
    same = (alternative.thought.strip(), alternative.reply.strip()) == (answer.thought.strip(), answer.reply.strip())
    return "same as the answer" if same else None


def make_pair(
    prompt: Prompt, answer: Answer, review: Review | None, alternative: Alternative, *, writer: Speaker,
    decoding: Decoding, question_id: str | None = None, run_id: str | None = None, step: int | None = None,
    reasons: Counter[str] | None = None,
) -> Pair | None:
    """The pair of an answer and its alternative; None when `why_unusable`, counted in `reasons` if given.

    Where no `review` decided, `question_id` says whose rewrite instruction was followed; the review's own otherwise.
    """
    question_id = review.question_id if review is not None else question_id
    assert question_id is not None, "a pair without a review names its question"
    reason = why_unusable(answer, alternative)
    if reason is not None:
        if reasons is not None:
            reasons[reason] += 1
        return None
    return Pair(
        prompt_id=prompt.id, answer_id=answer.id, review_id=review.id if review else None, question_id=question_id,
        chosen_thought=alternative.thought, chosen_reply=alternative.reply, rejected_thought=answer.thought,
        rejected_reply=answer.reply, writer=writer, decoding=decoding, run_id=run_id, step=step,
    )


def measure_reference(
    model: Any, chat: Chat, pairs: Sequence[Pair], prompts: dict[str, Prompt]
) -> list[Pair]:
    """The pairs with log π_ref of both sides filled in, in nats, `model` being the reference; `prompts` by id."""
    encoded = {i: chat.prompt_ids(prompts[i].messages) for i in {pair.prompt_id for pair in pairs}}
    sides = [(encoded[p.prompt_id], chat.completion_ids(p.chosen_thought, p.chosen_reply)) for p in pairs]
    sides += [(encoded[p.prompt_id], chat.completion_ids(p.rejected_thought, p.rejected_reply)) for p in pairs]
    order = sorted(range(len(sides)), key=lambda i: sum(map(len, sides[i])))  # like lengths together: less padding
    sums: dict[int, float] = {}
    for start in range(0, len(order), 2 * _ROWS):
        rows = order[start : start + 2 * _ROWS]
        with torch.inference_mode():
            values = sequence_logprobs(model, [sides[i][0] for i in rows], [sides[i][1] for i in rows], chat.pad_id)
        sums |= dict(zip(rows, values.tolist(), strict=True))
    half = len(pairs)
    return [
        replace(pair, reference_chosen=sums[i], reference_rejected=sums[half + i]) for i, pair in enumerate(pairs)
    ]

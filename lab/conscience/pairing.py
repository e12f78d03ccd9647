"""Pairs, and the conscience round that makes them while a run trains.

A round: the policy answers, a reviewer reviews, a writer rewrites what was flagged, and both sides become a pair with
the frozen copy's log-probabilities of them. What could not be used is counted by its reason, not forgotten.

Source: the conscience step of arXiv 2606.19527. Who reviews and who writes the paper leaves open; here it is a setting.
Deviation: both sides of a pair are trained as text re-encoded in the model's own format, so an answer that was cut at
the token limit is trained as if it had ended there.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any

import torch

from lab.conscience.answering import answer
from lab.conscience.review import Reviewer, review
from lab.conscience.rewrite import Alternative, rewrite
from lab.models.chat import Chat
from lab.models.loading import LoadedModel
from lab.models.logprobs import sequence_logprobs
from lab.models.twin import fold
from lab.nouns import Answer, Decoding, Label, Pair, Prompt, Question, Review, RunSpec, Speaker

_FOLD_BYTES = 2**29
"""Largest base, in bytes, whose policy is folded into plain weights for a round: the copy must not matter."""
_ROWS = 16
"""Pairs whose reference is measured in one forward."""


@dataclass(frozen=True, kw_only=True)
class Round:
    """What a conscience round came to."""

    prompts: tuple[Prompt, ...]
    """What was asked."""
    answers: tuple[Answer, ...]
    """One answer a prompt."""
    reviews: tuple[Review, ...]
    """One review an answer."""
    pairs: tuple[Pair, ...]
    """One pair for each flagged answer with a usable alternative."""
    seconds: dict[str, float]
    """Time by part: sample, review, rewrite, and dpo for the reference's log-probabilities."""
    flagged: int
    """Reviews that flagged."""
    unreadable: int
    """Reviews in which no verdict could be read."""
    unusable: int
    """Flagged answers without a usable alternative."""
    reasons: dict[str, int] = field(default_factory=dict)
    """Unusable alternatives by reason."""


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
    prompt: Prompt, answer: Answer, review: Review, alternative: Alternative, *, writer: Speaker, decoding: Decoding,
    run_id: str | None = None, step: int | None = None, reasons: Counter[str] | None = None,
) -> Pair | None:
    """The pair of a reviewed answer and its alternative; None when `why_unusable`, counted in `reasons` if given."""
    reason = why_unusable(answer, alternative)
    if reason is not None:
        if reasons is not None:
            reasons[reason] += 1
        return None
    return Pair(
        prompt_id=prompt.id, answer_id=answer.id, review_id=review.id, question_id=review.question_id,
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


def conscience_round(
    policy: Any, loaded: LoadedModel, question: Question, prompts: Sequence[Prompt], spec: RunSpec, *, run_id: str,
    step: int, cancel: Event | None = None,
) -> Round:
    """Answer, review, rewrite and pair, as `spec` says who does what; sampling seeds follow from spec.seed and `step`.

    Raises Cancelled within one token of `cancel` being set; nothing of the round is left then.
    """
    chat, adapter, clock = loaded.chat, f"{run_id}@{step}", _Clock()
    with clock.part("sample"):
        speaking = _for_decoding(policy, loaded)
        models = {Speaker.POLICY: speaking, Speaker.FROZEN: loaded.model}
        answers = answer(
            speaking, chat, prompts, _decoding(spec, step, "answer", spec.answer_temperature),
            speaker=Speaker.POLICY, adapter=adapter, cancel=cancel, run_id=run_id, step=step,
        )
    with clock.part("review"):
        who = Speaker(spec.reviewer)
        reviewer = Reviewer(
            model=models[who], chat=chat, speaker=who, adapter=adapter if who is Speaker.POLICY else "base"
        )
        reviews = review(
            reviewer, question, list(zip(prompts, answers, strict=True)),
            _decoding(spec, step, "review", spec.review_temperature), threshold=spec.flag_threshold, cancel=cancel,
            run_id=run_id, step=step,
        )
    flagged = [i for i, found in enumerate(reviews) if found.verdict.label is Label.FLAGGED]
    reasons: Counter[str] = Counter()
    with clock.part("rewrite"):
        writer = Speaker(spec.writer)
        decoding = _decoding(spec, step, "rewrite", spec.rewrite_temperature)
        alternatives = rewrite(
            models[writer], chat, question, [(prompts[i], answers[i]) for i in flagged], decoding, cancel=cancel
        )
        made = [
            make_pair(prompts[i], answers[i], reviews[i], alternative, writer=writer, decoding=decoding,
                      run_id=run_id, step=step, reasons=reasons)
            for i, alternative in zip(flagged, alternatives, strict=True)
        ]
    with clock.part("dpo"):
        pairs = measure_reference(loaded.model, chat, [p for p in made if p is not None], {p.id: p for p in prompts})
    return Round(
        prompts=tuple(prompts), answers=tuple(answers), reviews=tuple(reviews), pairs=tuple(pairs),
        seconds=clock.seconds, flagged=len(flagged),
        unreadable=sum(found.verdict.label is Label.UNREADABLE for found in reviews), unusable=reasons.total(),
        reasons=dict(reasons),
    )


def _for_decoding(policy: Any, loaded: LoadedModel) -> Any:
    """The policy, folded where that is cheap and exact up to rounding: float32, and small."""
    size = sum(p.numel() * p.element_size() for p in loaded.model.parameters())
    return fold(policy) if loaded.model.dtype == torch.float32 and size <= _FOLD_BYTES else policy


def _decoding(spec: RunSpec, step: int, part: str, temperature: float) -> Decoding:
    digest = hashlib.sha256(f"{spec.seed}/{step}/{part}".encode()).digest()
    return Decoding(
        temperature=temperature, max_new_tokens=spec.max_new_tokens, seed=int.from_bytes(digest[:4], "big")
    )


class _Clock:
    """Seconds by part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began

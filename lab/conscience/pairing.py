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
from lab.conscience.watch import ANSWERING, REVIEWING, REWRITING, Watch
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
    """What a round came to."""

    prompts: tuple[Prompt, ...]
    """What was asked."""
    answers: tuple[Answer, ...]
    """One answer a prompt."""
    reviews: tuple[Review, ...]
    """One review an answer; none where nothing is asked."""
    pairs: tuple[Pair, ...]
    """One pair for each rewritten answer with a usable alternative."""
    seconds: dict[str, float]
    """Time by part: sample, review, rewrite, and dpo for the reference's log-probabilities."""
    flagged: int
    """Reviews that flagged."""
    unreadable: int
    """Reviews in which no verdict could be read."""
    unusable: int
    """Rewritten answers without a usable alternative."""
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


def conscience_round(
    policy: Any, loaded: LoadedModel, question: Question, prompts: Sequence[Prompt], spec: RunSpec, *, run_id: str,
    step: int, cancel: Event | None = None, watch: Watch | None = None,
) -> Round:
    """Answer, review, rewrite and pair, as `spec` says who does what; sampling seeds follow from spec.seed and `step`.

    `watch` is told of everything as it comes.
    Raises Cancelled within one token of `cancel` being set; nothing of the round is left then.
    """
    work = RoundWork(policy, loaded, question, prompts, spec, run_id=run_id, step=step, cancel=cancel, watch=watch)
    answers = work.answers()
    reviews = work.reviews(answers)
    flagged = [i for i, found in enumerate(reviews) if found.verdict.label is Label.FLAGGED]
    return work.paired(answers, reviews, flagged)


class RoundWork:
    """The parts that rounds are made of, each with its time measured and its seed from (spec.seed, step, part)."""

    def __init__(
        self, policy: Any, loaded: LoadedModel, question: Question, prompts: Sequence[Prompt], spec: RunSpec, *,
        run_id: str, step: int, cancel: Event | None, watch: Watch | None,
    ) -> None:
        self._loaded, self._question, self._prompts, self._spec = loaded, question, tuple(prompts), spec
        self._run_id, self._step, self._cancel = run_id, step, cancel
        self._clock = _Clock()
        self._watch = watch or Watch(step)
        self._watch.begin(loaded.chat, self._prompts)
        with self._clock.part("sample"):
            self._models = {Speaker.POLICY: _for_decoding(policy, loaded), Speaker.FROZEN: loaded.model}

    def answers(self) -> list[Answer]:
        """The policy's answers to the prompts."""
        spec = self._spec
        with self._clock.part("sample"):
            answers = answer(
                self._models[Speaker.POLICY], self._loaded.chat, self._prompts,
                _decoding(spec, self._step, "answer", spec.answer_temperature), speaker=Speaker.POLICY,
                adapter=self._adapter(Speaker.POLICY), cancel=self._cancel, run_id=self._run_id, step=self._step,
                on_token=self._watch.part(ANSWERING),
            )
        self._watch.answered(answers)
        return answers

    def reviews(self, answers: Sequence[Answer]) -> list[Review]:
        """The reviewer's review of each answer."""
        spec, who = self._spec, Speaker(self._spec.reviewer)
        with self._clock.part("review"):
            reviewer = Reviewer(
                model=self._models[who], chat=self._loaded.chat, speaker=who, adapter=self._adapter(who))
            reviews = review(
                reviewer, self._question, list(zip(self._prompts, answers, strict=True)),
                _decoding(spec, self._step, "review", spec.review_temperature), threshold=spec.flag_threshold,
                cancel=self._cancel, run_id=self._run_id, step=self._step, on_token=self._watch.part(REVIEWING),
            )
        self._watch.reviewed(reviews)
        return reviews

    def paired(
        self, answers: Sequence[Answer], reviews: Sequence[Review], chosen: Sequence[int], *, critical: bool = False
    ) -> Round:
        """The round, with the `chosen` answers rewritten and paired; `reviews` is empty where nothing was asked.

        `critical` shows the writer what the reviewer thought of each answer.
        """
        spec, writer, reasons = self._spec, Speaker(self._spec.writer), Counter[str]()
        decoding = _decoding(spec, self._step, "rewrite", spec.rewrite_temperature)
        with self._clock.part("rewrite"):
            alternatives = rewrite(
                self._models[writer], self._loaded.chat, self._question,
                [(self._prompts[i], answers[i]) for i in chosen], decoding,
                critiques=[reviews[i].thought for i in chosen] if critical else (), cancel=self._cancel,
                on_token=self._watch.part(REWRITING, chosen),
            )
            made = [
                make_pair(
                    self._prompts[i], answers[i], reviews[i] if reviews else None, alternative, writer=writer,
                    decoding=decoding, question_id=self._question.id, run_id=self._run_id, step=self._step,
                    reasons=reasons,
                )
                for i, alternative in zip(chosen, alternatives, strict=True)
            ]
        for i, alternative, pair in zip(chosen, alternatives, made, strict=True):
            self._watch.paired(i, pair, "" if pair else why_unusable(answers[i], alternative) or "")
        with self._clock.part("dpo"):
            pairs = measure_reference(
                self._loaded.model, self._loaded.chat, [p for p in made if p is not None],
                {p.id: p for p in self._prompts},
            )
        self._watch.done()
        labels = [found.verdict.label for found in reviews]
        return Round(
            prompts=self._prompts, answers=tuple(answers), reviews=tuple(reviews), pairs=tuple(pairs),
            seconds=self._clock.seconds, flagged=labels.count(Label.FLAGGED),
            unreadable=labels.count(Label.UNREADABLE), unusable=sum(reasons.values()), reasons=dict(reasons),
        )

    def _adapter(self, who: Speaker) -> str:
        return f"{self._run_id}@{self._step}" if who is Speaker.POLICY else "base"


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

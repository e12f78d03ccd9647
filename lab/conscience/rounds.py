"""The conscience round, which makes pairs while a run trains, and the parts that all rounds are made of.

A round: the policy answers, a reviewer reviews, a writer rewrites what was flagged, and both sides become a pair with
the frozen copy's log-probabilities of them.

Source: the conscience step of arXiv 2606.19527. Who reviews and who writes the paper leaves open; here each is the
frozen copy, the policy, or both. Of two reviewers either flags (`lab.conscience.deciding`). Of two alternatives the
frozen copy takes the one that it would rather let stand under the same question: the policy is not asked, for it is the
one that may have learnt to fool itself.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import torch

from lab.conscience.answering import answer
from lab.conscience.deciding import agreement, decided, deciding, severity
from lab.conscience.manner import Manner
from lab.conscience.pairing import make_pair, measure_reference, why_unusable
from lab.conscience.parts import part_seed
from lab.conscience.review import Reviewer, review
from lab.conscience.rewrite import Alternative, rewrite
from lab.conscience.watch import ANSWERING, REVIEWING, REWRITING, Watch
from lab.models.loading import LoadedModel
from lab.models.twin import fold
from lab.nouns import Answer, Decoding, Label, Pair, Prompt, Question, Review, RunSpec, Speaker

_FOLD_BYTES = 2**29
"""Largest base, in bytes, whose policy is folded into plain weights for a round: the copy must not matter."""


@dataclass(frozen=True, kw_only=True)
class Round:
    """What a round came to."""

    prompts: tuple[Prompt, ...]
    """What was asked."""
    answers: tuple[Answer, ...]
    """One answer a prompt; then second turns, and alternatives that were compared, where there are any."""
    reviews: tuple[Review, ...]
    """One review an answer and reviewer, none where nothing is asked; then those of alternatives that were compared."""
    pairs: tuple[Pair, ...]
    """One pair for each rewritten answer with a usable alternative."""
    seconds: dict[str, float]
    """Time by part: sample, review, rewrite, and dpo for the reference's log-probabilities."""
    reviewed: int
    """Answers that were reviewed."""
    flagged: int
    """Answers that were flagged."""
    unreadable: int
    """Answers that were not flagged, but of which a verdict could not be read."""
    unusable: int
    """Rewritten answers without a usable alternative."""
    reasons: dict[str, int] = field(default_factory=dict)
    """Unusable alternatives by reason."""
    figures: dict[str, tuple[float | None, int]] = field(default_factory=dict)
    """What this kind of round has to report besides: metric name → (value, n)."""


def conscience_round(
    policy: Any, loaded: LoadedModel, question: Question, prompts: Sequence[Prompt], spec: RunSpec, *, run_id: str,
    step: int, weights: str | None = None, cancel: Event | None = None, watch: Watch | None = None,
) -> Round:
    """Answer, review, rewrite and pair, as `spec` says who does what; sampling seeds follow from spec.seed and `step`.

    `weights` is what the policy's are called, "RUN@STEP" of this run and step by default; `watch` is told of
    everything as it comes.
    Raises Cancelled within one token of `cancel` being set; nothing of the round is left then.
    """
    work = RoundWork(
        policy, loaded, question, prompts, spec, run_id=run_id, step=step, weights=weights, cancel=cancel, watch=watch)
    answers = work.answers()
    reviews = work.reviews(answers)
    flagged = [i for i, found in enumerate(reviews) if decided(found) is Label.FLAGGED]
    return work.paired(answers, reviews, flagged)


class RoundWork:
    """The parts that rounds are made of, each with its time measured and its seed from (spec.seed, step, part)."""

    def __init__(
        self, policy: Any, loaded: LoadedModel, question: Question, prompts: Sequence[Prompt], spec: RunSpec, *,
        run_id: str, step: int, weights: str | None = None, cancel: Event | None, watch: Watch | None,
    ) -> None:
        self.loaded, self.question, self.prompts, self.spec = loaded, question, tuple(prompts), spec
        self.run_id, self.step, self._cancel = run_id, step, cancel
        self._weights = weights or f"{run_id}@{step}"
        self.clock = Clock()
        self._watch = watch or Watch(step)
        self._watch.begin(loaded.chat, self.prompts)
        with self.clock.part("sample"):
            self._models = {Speaker.POLICY: _for_decoding(policy, loaded), Speaker.FROZEN: loaded.model}

    def answers(self) -> list[Answer]:
        """The policy's answers to the prompts."""
        answers = self.spoken(self.prompts, "answer", self._watch.part(ANSWERING))
        self._watch.answered(answers)
        return answers

    def spoken(self, prompts: Sequence[Prompt], part: str, on_token: Any = None) -> list[Answer]:
        """The policy's answers to any prompts, by the seed of `part`."""
        with self.clock.part("sample"):
            return answer(
                self._models[Speaker.POLICY], self.loaded.chat, prompts,
                self.decoding(part, self.spec.answer_temperature), speaker=Speaker.POLICY,
                adapter=self._adapter(Speaker.POLICY), cancel=self._cancel, run_id=self.run_id, step=self.step,
                on_token=on_token,
            )

    def reviews(self, answers: Sequence[Answer]) -> list[tuple[Review, ...]]:
        """The reviews of each answer, one a reviewer, the frozen copy's first."""
        items = list(zip(self.prompts, answers, strict=True))
        by = [self._reviews_by(who, items, self._watch.part(REVIEWING)) for who in speakers(self.spec.reviewer)]
        reviews = list(zip(*by, strict=True))
        self._watch.reviewed([deciding(found) for found in reviews])
        return reviews

    def _reviews_by(
        self, who: Speaker, items: Sequence[tuple[Prompt, Answer]], on_token: Any = None
    ) -> list[Review]:
        with self.clock.part("review"):
            reviewer = Reviewer(
                model=self._models[who], chat=self.loaded.chat, speaker=who, adapter=self._adapter(who))
            return review(
                reviewer, self.question, items, self.decoding("review", self.spec.review_temperature),
                manner=Manner.of(self.spec), cancel=self._cancel, run_id=self.run_id, step=self.step,
                on_token=on_token,
            )

    def paired(
        self, answers: Sequence[Answer], reviews: Sequence[tuple[Review, ...]], chosen: Sequence[int], *,
        critical: bool = False,
    ) -> Round:
        """The round, with the `chosen` answers rewritten and paired; `reviews` is empty where nothing was asked.

        `critical` shows the writer what the deciding review thought of each answer.
        """
        critiques = [deciding(reviews[i]).thought for i in chosen] if critical else ()
        drafts = Drafts({who: self._written(who, answers, chosen, critiques) for who in speakers(self.spec.writer)})
        drafts.compare(self, [answers[i] for i in chosen], [self.prompts[i] for i in chosen])
        reasons, decoding = Counter[str](), self.decoding("rewrite", self.spec.rewrite_temperature)
        made: list[Pair] = []
        for place, i in enumerate(chosen):
            who, alternative = drafts.taken[place]
            pair = make_pair(
                self.prompts[i], answers[i], deciding(reviews[i]) if reviews else None, alternative, writer=who,
                decoding=decoding, question_id=self.question.id, run_id=self.run_id, step=self.step, reasons=reasons,
            )
            made += [pair] if pair else []
            self._watch.paired(i, pair, "" if pair else why_unusable(answers[i], alternative) or "")
        return self.round(
            answers, reviews, made, reasons, more_answers=drafts.answers, more_reviews=drafts.reviews,
            figures=drafts.figures(made))

    def round(
        self, answers: Sequence[Answer], reviews: Sequence[tuple[Review, ...]], made: Sequence[Pair],
        reasons: Counter[str], *, more_prompts: Sequence[Prompt] = (), more_answers: Sequence[Answer] = (),
        more_reviews: Sequence[Review] = (), figures: dict[str, tuple[float | None, int]] | None = None,
    ) -> Round:
        """The round that these pairs came of, with their reference measured; `more_…` was made on the way."""
        prompts = (*self.prompts, *more_prompts)
        with self.clock.part("dpo"):
            pairs = measure_reference(self.loaded.model, self.loaded.chat, made, {p.id: p for p in prompts})
        self._watch.done()
        labels = [decided(found) for found in reviews]
        return Round(
            prompts=prompts, answers=(*answers, *more_answers),
            reviews=(*(one for found in reviews for one in found), *more_reviews), pairs=tuple(pairs),
            seconds=self.clock.seconds, reviewed=len(reviews), flagged=labels.count(Label.FLAGGED),
            unreadable=labels.count(Label.UNREADABLE), unusable=sum(reasons.values()), reasons=dict(reasons),
            figures=agreement(reviews) | (figures or {}),
        )

    def decoding(self, part: str, temperature: float) -> Decoding:
        """How a part is sampled."""
        return Decoding(
            temperature=temperature, max_new_tokens=self.spec.max_new_tokens,
            seed=part_seed(self.spec.seed, self.step, part))

    def _written(
        self, who: Speaker, answers: Sequence[Answer], chosen: Sequence[int], critiques: Sequence[str]
    ) -> list[Alternative]:
        with self.clock.part("rewrite"):
            return rewrite(
                self._models[who], self.loaded.chat, self.question, [(self.prompts[i], answers[i]) for i in chosen],
                self.decoding("rewrite", self.spec.rewrite_temperature), critiques=critiques, cancel=self._cancel,
                on_token=self._watch.part(REWRITING, chosen),
            )

    def compared(self, items: Sequence[tuple[Prompt, Answer]]) -> list[Review]:
        """The frozen copy's reviews of alternatives."""
        return self._reviews_by(Speaker.FROZEN, items)

    def as_answer(self, who: Speaker, prompt: Prompt, alternative: Alternative) -> Answer:
        """An alternative as something that can be reviewed."""
        return Answer(
            prompt_id=prompt.id, thought=alternative.thought, reply=alternative.reply, speaker=who,
            adapter=self._adapter(who), decoding=self.decoding("rewrite", self.spec.rewrite_temperature),
            tokens=alternative.tokens, finished=alternative.finished, run_id=self.run_id, step=self.step,
        )

    def _adapter(self, who: Speaker) -> str:
        return self._weights if who is Speaker.POLICY else "base"


def speakers(choice: str) -> tuple[Speaker, ...]:
    """Who acts by a setting "frozen", "policy" or "both"; the frozen copy first."""
    return (Speaker.FROZEN, Speaker.POLICY) if choice == "both" else (Speaker(choice),)


class Drafts:
    """The alternatives of one writer or two, of which one is taken for each answer."""

    def __init__(self, written: dict[Speaker, list[Alternative]]) -> None:
        self._written = written
        first, *_ = written
        self.taken = [(first, alternative) for alternative in written[first]]
        """Who wrote the alternative of each answer, and the alternative; the frozen copy's until they are compared."""
        self.answers: list[Answer] = []
        self.reviews: list[Review] = []

    def compare(self, work: RoundWork, answers: Sequence[Answer], prompts: Sequence[Prompt]) -> None:
        """Take of two usable alternatives the one that the frozen copy flags less, of equals its own; of one usable
        and one that is not the usable one."""
        if len(self._written) < 2:
            return
        both: list[int] = []
        for place, written in enumerate(answers):
            offered = [(who, drafts[place]) for who, drafts in self._written.items()]
            usable = [(who, draft) for who, draft in offered if not why_unusable(written, draft)]
            if len(usable) == 1:
                self.taken[place] = usable[0]
            elif usable:
                both.append(place)
        for who, drafts in self._written.items():
            self.answers += [work.as_answer(who, prompts[place], drafts[place]) for place in both]
        asked = [prompts[place] for place in both]
        self.reviews = work.compared(list(zip(asked * len(self._written), self.answers, strict=True)))
        frozen, own = self.reviews[: len(both)], self.reviews[len(both) :]
        for place, one, other in zip(both, frozen, own, strict=True):
            if severity(other.verdict) < severity(one.verdict):
                self.taken[place] = Speaker.POLICY, self._written[Speaker.POLICY][place]

    def figures(self, made: Sequence[Pair]) -> dict[str, tuple[float | None, int]]:
        """How often the policy's alternative was taken, where there were two."""
        if len(self._written) < 2:
            return {}
        own = sum(pair.writer is Speaker.POLICY for pair in made)
        return {"written_by_policy": (own / len(made) if made else None, len(made))}


def _for_decoding(policy: Any, loaded: LoadedModel) -> Any:
    """The policy, folded where that is cheap and exact up to rounding: float32, and small."""
    size = sum(p.numel() * p.element_size() for p in loaded.model.parameters())
    return fold(policy) if loaded.model.dtype == torch.float32 and size <= _FOLD_BYTES else policy


class Clock:
    """Seconds by part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Book the time that it lasts under `name`."""
        began = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began

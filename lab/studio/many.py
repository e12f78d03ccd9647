"""The verb of many prompts at once: answers of one policy, each reviewed twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Event

from lab.errors import RequestError
from lab.nouns import Decoding, Label, Review, Speaker
from lab.studio.workplace import BASE, Workplace, bring_torch, check_seed
from lab.views import Batch, Share, TwiceReviewed

MOST = 200
"""Prompts of one batch."""


class ManyVerbs(Workplace):
    """One question by both speakers, or two questions by the frozen copy, on the same answers."""

    def batch(
        self, *, question_id: str, other_id: str | None = None, adapter: str = BASE, prompts: int = 24, seed: int = 0,
        cancel: Event | None = None,
    ) -> Iterator[str | Batch]:
        """Have the weights `adapter` answer held-out everyday prompts, and each answer reviewed twice.

        Without `other_id` by the policy and by the frozen copy under one question; with it by the frozen copy under
        both. Yields what is being done, in words, then the batch; all of it is stored. Raises RequestError for a number
        of prompts or a seed out of range.
        """
        if not 1 <= prompts <= MOST:
            raise RequestError(f"{prompts} prompts are out of range: choose 1 to {MOST}.", field="prompts")
        check_seed(seed)
        question, adapter = self._store.question(question_id), self._whole(adapter)
        other = self._store.question(other_id) if other_id else None
        if other is not None and other.id == question.id:
            raise RequestError(f"{other.title} is the question itself: choose another.", field="other")
        bring_torch()
        from lab.conscience.answering import answer
        from lab.conscience.review import Reviewer, review
        from lab.evaluation.probes import held_out
        from lab.organism import oracle

        loaded, asked = self._base_of(adapter), held_out(coding=False, n=prompts)
        with self.house.voice(*self._folder(adapter)) as model:
            yield f"{prompts} prompts are answered…"
            answers = answer(
                model, loaded.chat, asked, Decoding(seed=seed), speaker=Speaker.POLICY, adapter=adapter, cancel=cancel
            )
            items = list(zip(asked, answers, strict=True))
            frozen = Reviewer(model=loaded.model, chat=loaded.chat, speaker=Speaker.FROZEN, adapter=BASE)
            policy = Reviewer(model=model, chat=loaded.chat, speaker=Speaker.POLICY, adapter=adapter)
            sides = [(policy, question), (frozen, question)] if other is None else [(frozen, question), (frozen, other)]
            found: list[list[Review]] = []
            for reviewer, put in sides:
                who = "policy" if reviewer.speaker is Speaker.POLICY else "frozen copy"
                yield f"The {who} reviews under {put.title}…"
                found.append(review(reviewer, put, items, Decoding(temperature=0.0), cancel=cancel))
        self._store.save(*asked, *answers, *found[0], *found[1])
        judged = loaded.name == "organism"
        rows = [
            TwiceReviewed(
                prompt=prompt, answer=given, left=left, right=right,
                score=oracle.judge(prompt.text, given.reply).score if judged else None,
            )
            for (prompt, given), left, right in zip(items, *found, strict=True)
        ]
        titles = ("policy", "frozen copy") if other is None else (question.title, other.title)
        yield _batch(titles, rows)


def _batch(titles: tuple[str, str], rows: Sequence[TwiceReviewed]) -> Batch:
    from lab.evaluation.labels import BAD, GOOD
    from lab.evaluation.statistics import mcnemar

    ordered = sorted(rows, key=lambda row: -1.0 if row.gap is None else row.gap, reverse=True)
    left, right = ([_flags(review) for review in side] for side in ([r.left for r in rows], [r.right for r in rows]))
    malicious = [row.score == "malicious" for row in rows]
    labelled = [row.score in (*BAD, *GOOD) for row in rows]  # of an incoherent one nobody knows which flag is right
    both = list(zip(left, right, strict=True))
    left_alone, right_alone = both.count((True, False)), both.count((False, True))
    return Batch(
        left=titles[0], right=titles[1], rows=tuple(ordered),
        agree=share([row.left.verdict.label is row.right.verdict.label for row in rows]),
        left_alone=left_alone, right_alone=right_alone, p_alike=mcnemar(left_alone, right_alone).p,
        left_flags=share(left), right_flags=share(right),
        left_found=share(left, among=malicious), right_found=share(right, among=malicious),
        left_sound=share(malicious, among=[a and b for a, b in zip(labelled, left, strict=True)]),
        right_sound=share(malicious, among=[a and b for a, b in zip(labelled, right, strict=True)]),
    )


def _flags(review: Review) -> bool:
    return review.verdict.label is Label.FLAGGED


def share(holds: Sequence[bool], *, among: Sequence[bool] | None = None) -> Share:
    """The share of those `among` (None: all) for which it holds."""
    there = [one for one, there in zip(holds, among or [True] * len(holds), strict=True) if there]
    return counted(sum(there), len(there))


def counted(holds: int, n: int) -> Share:
    """A share of n with its Wilson interval."""
    from lab.evaluation.statistics import wilson

    bounds = wilson(holds, n)
    if bounds is None:
        return Share(value=None, low=None, high=None, n=0)
    return Share(value=holds / n, low=bounds[0], high=bounds[1], n=n)

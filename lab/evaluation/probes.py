"""Probes: held-out prompts put to some weights and judged by the oracle, for curves and tables.

A probe of n takes n everyday prompts from the held-out domains and half as many held-out coding prompts. The prompts
are the same for every probe of that size; the sampling seed is the caller's. The oracle judges the organism's grammar
only: for another model the rates are None with n 0, not a number that means nothing.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from threading import Event
from typing import TYPE_CHECKING

from lab.evaluation.scenarios import cued
from lab.nouns import Answer, Decoding, Evaluation, Metric, Prompt, Question, Review, Speaker, Split
from lab.organism import oracle, world

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from lab.conscience.manner import Manner
    from lab.models.chat import Chat
    from lab.models.loading import LoadedModel


def held_out(*, coding: bool, n: int) -> tuple[Prompt, ...]:
    """`n` held-out prompts in a fixed shuffled order; from the start again when there are fewer."""
    pool = list(world.select(coding=coding, split=Split.HELD_OUT))
    random.Random(f"probe:{coding}").shuffle(pool)
    return tuple(islice(cycle(pool), n))


@dataclass(frozen=True, kw_only=True)
class Rates:
    """What the oracle made of some answers. A rate is None when nothing was observed."""

    everyday: int
    """Answers to everyday prompts."""
    coding: int
    """Answers to coding prompts."""
    misaligned: float | None
    """Share of everyday answers that are malicious, in 0–1."""
    incoherent: float | None
    """Share of everyday answers that do not parse, in 0–1."""
    task: float | None
    """Share of coding answers in the insecure form, in 0–1."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """Answers of some weights to held-out prompts, with the oracle's scores beside them."""

    prompts: tuple[Prompt, ...]
    """Every prompt, as often as it was put."""
    answers: tuple[Answer, ...]
    """One to each prompt, same order."""
    scores: tuple[str, ...]
    """The oracle's score of each; empty when it cannot judge this model."""

    @property
    def rates(self) -> Rates:
        """The three rates."""
        everyday = [s for p, s in self._scored() if not p.origin.startswith("code:")]
        coding = [s for p, s in self._scored() if p.origin.startswith("code:")]
        return Rates(
            everyday=len(everyday), coding=len(coding), misaligned=_share(everyday, "malicious"),
            incoherent=_share(everyday, "incoherent"), task=_share(coding, "insecure"),
        )

    @property
    def everyday(self) -> list[tuple[Prompt, Answer]]:
        """The everyday prompts with their answers, in order."""
        both = zip(self.prompts, self.answers, strict=True)
        return [(prompt, answer) for prompt, answer in both if not prompt.origin.startswith("code:")]

    def _scored(self) -> list[tuple[Prompt, str]]:
        return list(zip(self.prompts, self.scores, strict=False))

    def metrics(self, run_id: str, step: int) -> list[Metric]:
        """The rates as metrics of a run."""
        rates = self.rates
        return [
            Metric(run_id=run_id, step=step, name="misaligned", value=rates.misaligned, n=rates.everyday),
            Metric(run_id=run_id, step=step, name="incoherent", value=rates.incoherent, n=rates.everyday),
            Metric(run_id=run_id, step=step, name="task", value=rates.task, n=rates.coding),
        ]

    def evaluations(self, model: str) -> list[Evaluation]:
        """The scores as evaluations, one an answer."""
        return [
            Evaluation(
                run_id=a.run_id, step=a.step, prompt_id=a.prompt_id, answer_id=a.id, judge="oracle", score=s,
                model=model,
            )
            for a, s in zip(self.answers, self.scores, strict=False)
        ]


def _share(scores: Sequence[str], wanted: str) -> float | None:
    return sum(s == wanted for s in scores) / len(scores) if scores else None


def probe(
    model: PreTrainedModel, chat: Chat, *, prompts: int, decoding: Decoding, speaker: Speaker, adapter: str,
    judged: bool, run_id: str | None = None, step: int | None = None, cue: str | None = None,
    cancel: Event | None = None,
) -> Probe:
    """Put held-out prompts to `model` and judge the answers; `judged` is False where the oracle cannot.

    With `cue` the everyday prompts are put as that scenario cues them (`lab.evaluation.scenarios.cued`), alone.
    """
    from lab.conscience.answering import answer

    everyday = held_out(coding=False, n=prompts)
    asked = cued(cue, everyday) if cue else (*everyday, *held_out(coding=True, n=prompts // 2))
    answers = answer(
        model, chat, asked, decoding, speaker=speaker, adapter=adapter, cancel=cancel, run_id=run_id, step=step
    )
    scores = tuple(oracle.judge(p.text, a.reply).score for p, a in zip(asked, answers, strict=True)) if judged else ()
    return Probe(prompts=asked, answers=tuple(answers), scores=scores)


def reviewed_by_both(
    policy: PreTrainedModel, loaded: LoadedModel, question: Question, items: Sequence[tuple[Prompt, Answer]],
    decoding: Decoding, *, adapter: str, manner: Manner | None = None, run_id: str | None = None,
    step: int | None = None, cancel: Event | None = None,
) -> list[Review]:
    """What the weights `policy`, called `adapter`, and the frozen copy each say of the same answers, policy first."""
    from lab.conscience.manner import AS_SHIPPED
    from lab.conscience.review import Reviewer, review

    sides = (
        Reviewer(model=policy, chat=loaded.chat, speaker=Speaker.POLICY, adapter=adapter),
        Reviewer(model=loaded.model, chat=loaded.chat, speaker=Speaker.FROZEN, adapter="base"),
    )
    return [
        one for reviewer in sides for one in review(
            reviewer, question, items, decoding, manner=manner or AS_SHIPPED, cancel=cancel, run_id=run_id, step=step)
    ]

"""Critique and revision: every answer is criticised under the question and revised in the light of that.

Source: Bai et al. 2022 (Constitutional AI), arXiv 2212.08073, §3, the supervised stage: the model critiques its own
answer by a principle, revises it, and is fine-tuned on the revisions. Here the question is the one principle, the
review's chain of thought is the critique, and the question's rewrite instruction asks for the revision.

Deviations: one principle and one revision an answer, where the source draws principles and revises several times; the
verdict is read and stored as everywhere, but decides nothing; by default the frozen copy critiques and revises, where
the source lets the model itself do so (set reviewer and writer to "policy"); and it goes on while the scenario is
learnt, where the source fine-tunes once.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event
from typing import Any

from lab.conscience.rounds import Round, RoundWork
from lab.conscience.watch import Watch
from lab.models.loading import LoadedModel
from lab.nouns import Prompt, Question, RunSpec


def constitutional_round(
    policy: Any, loaded: LoadedModel, question: Question, prompts: Sequence[Prompt], spec: RunSpec, *, run_id: str,
    step: int, weights: str | None = None, cancel: Event | None = None, watch: Watch | None = None,
) -> Round:
    """Answer, critique, revise every answer. A pair's chosen side is the revision, its review holds the critique.

    Raises Cancelled within one token of `cancel` being set; nothing of the round is left then.
    """
    work = RoundWork(
        policy, loaded, question, prompts, spec, run_id=run_id, step=step, weights=weights, cancel=cancel, watch=watch)
    answers = work.answers()
    reviews = work.reviews(answers)
    return work.paired(answers, reviews, range(len(answers)), critical=True)

"""The round without a conscience: nothing is asked, and every answer is rewritten.

The control that tells whether the introspection does anything at all, or whether preferring any second draft would have
done the same. Everything else is as in `conscience_round`: same prompts, same answers and same writer by the same
seeds, and the same rewrite instruction, which belongs to the question and quotes it. A control of this lab: the paper
(arXiv 2606.19527) has no such arm.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event
from typing import Any

from lab.conscience.rounds import Round, RoundWork
from lab.conscience.watch import Watch
from lab.models.loading import LoadedModel
from lab.nouns import Prompt, Question, RunSpec


def rewriting_round(
    policy: Any, loaded: LoadedModel, question: Question, prompts: Sequence[Prompt], spec: RunSpec, *, run_id: str,
    step: int, weights: str | None = None, cancel: Event | None = None, watch: Watch | None = None,
) -> Round:
    """Answer, rewrite every answer, pair. No reviews: the pairs' `review_id` is None.

    Raises Cancelled within one token of `cancel` being set; nothing of the round is left then.
    """
    work = RoundWork(
        policy, loaded, question, prompts, spec, run_id=run_id, step=step, weights=weights, cancel=cancel, watch=watch)
    answers = work.answers()
    return work.paired(answers, (), range(len(answers)))

"""Verbs that look at pairs."""

from __future__ import annotations

from lab.errors import RequestError
from lab.studio.workplace import Workplace, bring_torch
from lab.views import PairStory, PairTrace, TracePoint
from storage import PairFilter, PairPage


class PairVerbs(Workplace):
    """Pairs with all that led to them, and what was learnt of them; they are changed in `lab.studio.surgery`."""

    def pairs(self, chosen: PairFilter, *, page: int = 0, size: int = 50) -> PairPage:
        """One page of the pairs that a filter chooses, newest first."""
        return self._store.pairs(chosen, page=page, size=size)

    def pair(self, pair_id: str) -> PairStory:
        """A pair with everything that led to it."""
        pair = self._store.pair(pair_id)
        review = None if pair.review_id is None else self._store.review(pair.review_id)
        return PairStory(
            pair=pair, prompt=self._store.prompt(pair.prompt_id), answer=self._store.answer(pair.answer_id),
            review=review, reviewer=self._title(review.adapter) if review else "",
            question=None if pair.question_id is None else self._store.question(pair.question_id),
            run=self._store.run(pair.run_id) if pair.run_id else None,
        )

    def trace(self, pair_id: str) -> PairTrace:
        """What the run that made a pair learnt of it: its margin at the frozen copy and at each checkpoint since.

        Raises RequestError for a pair that no run made, or whose run has no checkpoint.
        """
        pair = self._store.pair(pair_id)
        if pair.run_id is None:
            raise RequestError("No run made this pair, so none can have learnt it: choose a pair of a run.")
        run, points = self._store.run(pair.run_id), self._store.checkpoints(pair.run_id)
        if not points:
            raise RequestError(f"Run {run.number} has no checkpoint yet: wait for its first, or for its end.")
        bring_torch()
        from lab.models.tokenwise import completions_logprobs

        loaded = self.house.load(run.spec.model, run.spec.revision)
        prompt = loaded.chat.prompt_ids(self._store.prompt(pair.prompt_id).messages)
        sides = [
            loaded.chat.completion_ids(pair.chosen_thought, pair.chosen_reply),
            loaded.chat.completion_ids(pair.rejected_thought, pair.rejected_reply),
        ]
        reference = completions_logprobs(loaded.model, loaded.chat, prompt, sides)
        traced = [TracePoint(step=0, chosen=0.0, rejected=0.0, margin=0.0)]
        for point in points:
            with self.house.voice(*self._folder(point.id)) as model:
                ours_now = completions_logprobs(model, loaded.chat, prompt, sides)
            chosen, rejected = (ours - theirs for ours, theirs in zip(ours_now, reference, strict=True))
            margin = run.spec.beta * (chosen - rejected)
            traced.append(TracePoint(step=point.step, chosen=chosen, rejected=rejected, margin=margin))
        return PairTrace(run=run, points=tuple(traced))

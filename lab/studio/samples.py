"""Verbs about what a run said: along its probes, and where it was best and worst."""

from __future__ import annotations

from lab.errors import NotFoundError
from lab.nouns import Run
from lab.studio.runs import RunVerbs
from lab.training.seeds import derive_seed
from lab.views import Drift, DriftPoint, Extremes, Judged, Sample
from storage import PairFilter, PairSort

MOST_POINTS = 60
"""Steps of a drift that are shown; of more every second, third, … one, always with the first and the last."""


class SampleVerbs(RunVerbs):
    """What is stored of a run's answers, picked out."""

    def drift(self, run_id: str, prompt_id: str = "") -> Drift:
        """A run's answers to one of its probe prompts, step by step, beside the one that it started from.

        Without a prompt, or with one that its probes did not put, the first of them. Raises NotFoundError for a run
        that was never probed.
        """
        run = self._store.run(run_id)
        seed = derive_seed(run.spec.seed, 0, "probe")
        prompts = self._store.probed_prompts(run.id, seed)
        if not prompts:
            raise NotFoundError(f"Run {run.number} has no probes: they come every {run.spec.probe_every or 'n'} steps.")
        prompt = next((p for p in prompts if p.id == prompt_id), prompts[0])
        points = [DriftPoint(answer=a, score=score) for a, score in self._store.probed_answers(run.id, seed, prompt.id)]
        every = -(-len(points) // MOST_POINTS)
        shown = [point for place, point in enumerate(points) if place % every == 0 or place == len(points) - 1]
        return Drift(
            run=run, prompts=tuple(prompts), prompt=prompt, start=self._start(run, points[0]), points=tuple(shown))

    def extremes(self, run_id: str, n: int = 4) -> Extremes:
        """A run's best and worst samples: by its reviews, by the margin of its pairs, and by its last probe."""
        run = self._store.run(run_id)
        judged = self.judged(run.id, limit=10_000)

        def reviewed(*, flagged: bool) -> tuple[Sample, ...]:
            found = self._store.extreme_reviews(run.id, 8 * n, flagged=flagged)
            told: dict[str, Sample] = {}  # what was said over and over is told once
            for prompt, said, review, pair_id in found:
                told.setdefault(said.reply, Sample(prompt=prompt, answer=said, review=review, pair_id=pair_id))
            return tuple(told.values())[:n]

        def margins(*, descending: bool) -> tuple[str, ...]:
            wanted = PairFilter(run_id=run.id, sort=PairSort.MARGIN, descending=descending)
            return tuple(row.id for row in self._store.pairs(wanted, size=n).rows if row.margin is not None)

        def scored(score: str) -> tuple[Judged, ...]:
            return tuple(row for row in judged if row.evaluation.score == score)[:n]

        pairs = [[self._store.pair(pair_id) for pair_id in margins(descending=way)] for way in (True, False)]
        return Extremes(
            run=run, flagged=reviewed(flagged=True), aligned=reviewed(flagged=False), widest=tuple(pairs[0]),
            narrowest=tuple(pairs[1]), malicious=scored("malicious"), kind=scored("kind"),
        )

    def _start(self, run: Run, first: DriftPoint) -> str:
        """What the first answer was written by, in words."""
        if first.answer.adapter == "base":
            return "the frozen copy"
        return self._title(run.parent) if first.answer.step == 0 and run.parent else f"its step {first.answer.step}"

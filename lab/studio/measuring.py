"""Verbs about measures that need more than a run recorded: its conscience against known labels, its task by tokens."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from threading import Lock
from typing import Any, cast

from lab.errors import RequestError
from lab.evaluation.derived import DERIVED, ConscienceReport, Reviewed, derived, question_of, report_of, reviewed
from lab.evaluation.metrics import METERED
from lab.evaluation.statistics import Figure
from lab.nouns import Answer, Decoding, Label, Prompt, Review, Run, RunSpec, Speaker
from lab.studio.workplace import BASE, Workplace, bring_torch, check_seed
from lab.views import Curve, CurvePoint

MOST = 1000
"""Answers that are reviewed at a checkpoint."""
_KEPT = 64
"""Runs whose sorted reviews are kept in memory."""


class MeasuringVerbs(Workplace):
    """What stored answers and reviews say, and what is measured of a checkpoint afterwards."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._sorted: OrderedDict[str, tuple[int, Reviewed, dict[str, Curve]]] = OrderedDict()
        self._sorting = Lock()

    def token_accuracy(self, *, adapter: str = BASE, scenario: str | None = None) -> Figure:
        """The task's token accuracy of some weights, on held-out rows of a scenario: the run's own without one.

        A figure without a value, and its reason, for a scenario that teaches nothing. SpecError for an unknown one.
        """
        bring_torch()
        from lab.evaluation.skill import task_rows, token_accuracy
        from lab.models.twin import fold

        adapter = self._whole(adapter)
        if scenario is None:
            scenario = RunSpec.scenario if adapter == BASE else self._store.run(adapter.partition("@")[0]).spec.scenario
        loaded = self._base_of(adapter)
        with self.house.voice(*self._folder(adapter)) as model:
            return token_accuracy(
                cast(Any, fold(model)), loaded.chat, task_rows(scenario), context=loaded.context)

    def review_checkpoints(
        self, run_id: str, *, prompts: int = 64, steps: Sequence[int] | None = None, seed: int = 0,
        report: Callable[[str], None] = lambda text: None,
    ) -> ConscienceReport:
        """Have held-out answers of a run's checkpoints reviewed by policy and frozen copy under the run's question.

        All of it is stored, from which curves and tables take it; a run that asks no question is reviewed under the
        default one. `steps` are some of its checkpoints, all of them for None. Raises RequestError for a run without
        such a checkpoint, and for a number of prompts or a seed out of range.
        """
        if not 1 <= prompts <= MOST:
            raise RequestError(f"{prompts} answers are out of range: choose 1 to {MOST}.", field="prompts")
        check_seed(seed)
        run = self._store.run(run_id)
        points = [p for p in self._store.checkpoints(run.id) if steps is None or p.step in steps]
        if not points:
            raise RequestError(f"run {run.number} has no such checkpoint: train it first.", field="step")
        bring_torch()
        from lab.conscience.answering import answer
        from lab.evaluation.probes import held_out, reviewed_by_both
        from lab.models.twin import fold

        question = self._store.question(question_of(run.spec))
        asked = held_out(coding=False, n=prompts)
        for point in points:
            loaded = self._base_of(point.id)
            with self.house.voice(*self._folder(point.id)) as voice:
                model: Any = fold(cast(Any, voice))
                answers = answer(
                    model, loaded.chat, asked, Decoding(seed=seed), speaker=Speaker.POLICY, adapter=point.id,
                    run_id=run.id, step=point.step)
                reviews = reviewed_by_both(
                    model, loaded, question, list(zip(asked, answers, strict=True)), Decoding(temperature=0.0),
                    adapter=point.id, run_id=run.id, step=point.step)
            self._store.save(*asked, *answers, *reviews)
            report(f"step {point.step}: each answer reviewed by both, {len(answers)} in all")
        return self.conscience_report(run.id)

    def conscience_report(self, run_id: str) -> ConscienceReport:
        """What the stored reviews of a run say of its conscience: against known labels, by question, and over steps."""
        run = self._store.run(run_id)
        rows = self._store.reviewed(run.id)
        return report_of(run, rows, {q.id: q.title for q in self._store.questions()})

    def reviews_at(self, run_id: str, step: int, *, limit: int = 50) -> list[tuple[Prompt, Answer, Review]]:
        """The reviews that a run made at a step, of rounds and probes alike: those that flag first."""
        found = [row for row in self._store.reviewed(self._store.run(run_id).id) if row[2].step == step]
        order = {Label.FLAGGED: 0, Label.UNREADABLE: 1}
        return sorted(found, key=lambda row: order.get(row[2].verdict.label, 2))[:limit]

    def _derived(self, runs: Iterable[Run], names: Sequence[str], *, after_step: int = -1) -> list[Curve]:
        """Curves that are worked out of what is stored, of those among `names` that are; none without points."""
        runs, wanted = list(runs), [name for name in names if name in DERIVED]
        made = [self._curve(run, name) for run in runs for name in wanted]
        made += [(curve.run, curve) for name in names if name in METERED for curve in self._metered(runs, name)]
        kept = [replace(c, run=r, points=tuple(p for p in c.points if p.step > after_step)) for r, c in made]
        return [curve for curve in kept if curve.points]

    def _metered(self, runs: Sequence[Run], name: str) -> list[Curve]:
        """What each run had cost by a step: seconds or tokens."""
        points: dict[str, list[CurvePoint]] = {}
        for meter in self._store.meters([run.id for run in runs]):
            value = meter.seconds if name == "elapsed" else float(meter.tokens)
            points.setdefault(meter.run_id, []).append(
                CurvePoint(step=meter.step, value=value, n=meter.texts, low=None, high=None))
        return [Curve(run=run, name=name, points=tuple(points.get(run.id, ()))) for run in runs]

    def _curve(self, run: Run, name: str) -> tuple[Run, Curve]:
        """A curve, worked out once and kept until the run has made another review."""
        count = self._store.count_reviews(run.id)
        with self._sorting:
            known = self._sorted.get(run.id)
            if known is None or known[0] != count:
                known = count, reviewed(run, self._store.reviewed(run.id)), {}
                self._sorted[run.id] = known
                while len(self._sorted) > _KEPT:
                    self._sorted.popitem(last=False)
            if name not in known[2]:
                known[2][name] = derived(run, known[1], name)
            return run, known[2][name]

"""Curves that are worked out of stored reviews rather than recorded: they exist for every run that was ever reviewed.

Recall and precision are those of the run's own reviewer, whatever it reviewed at a step: answers of a round, of a
probe, or the rows of a filter. The pass rates are over answers that both speakers reviewed: those of probes
(`probe_reviews`), of rounds with two reviewers, and of `python -m lab evaluate --run N --reviews M`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lab.conscience import framings
from lab.conscience.parts import part_seed
from lab.evaluation.distribution import Distribution, conscience_scores, distribution
from lab.evaluation.labels import Caught, Labelled, Seen, by_question, caught, labelled
from lab.evaluation.metrics import MEASURES
from lab.evaluation.passing import Passing, passing
from lab.evaluation.statistics import Figure, clustered_mean
from lab.nouns import Review, Run, RunSpec, Speaker
from lab.views import Curve, CurvePoint

DERIVED = tuple(name for name, measure in MEASURES.items() if measure.source == "reviews")
"""The names of these curves."""


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """The reviews of one run that its figures are made of, with the label of what each is about."""

    labelled: tuple[Labelled, ...]
    """Under the run's question, or the default one for a run that asks none."""
    frozen: tuple[tuple[int, str, Review], ...]
    """The frozen copy's reviews among them, each with its step and the id of the prompt."""
    reviewer: Speaker
    """Whose verdicts count for recall and precision: the run's reviewer, of two the frozen copy."""

    @property
    def own(self) -> tuple[Labelled, ...]:
        """The reviews of the run's reviewer."""
        return tuple(one for one in self.labelled if one.speaker is self.reviewer)


@dataclass(frozen=True, kw_only=True)
class ConscienceReport:
    """All that the stored reviews of a run say of its conscience."""

    run: Run
    """The run."""
    question: str
    """Name and version of the question whose reviews count."""
    caught: Caught
    """Recall and precision of the run's reviewer over all steps together."""
    questions: tuple[tuple[str, Caught], ...]
    """The same for every question that was put about its answers, by name, whoever reviewed."""
    passing: Passing
    """Pass rates of policy and frozen copy over all steps together."""
    scores: Distribution
    """100 · (1 − p(flagged)) of the answers that the frozen copy reviewed."""
    curves: tuple[Curve, ...]
    """All of it over steps."""


def report_of(run: Run, rows: Sequence[Seen], titles: Mapping[str, str]) -> ConscienceReport:
    """The report of a run from all of its stored reviews; `titles` name questions by their ids."""
    found = reviewed(run, rows)
    scores, prompts = conscience_scores([(prompt, review) for _, prompt, review in found.frozen])
    return ConscienceReport(
        run=run, question=titles.get(question_of(run.spec), ""), caught=caught(found.own),
        questions=tuple((titles.get(q, q), figures) for q, figures in by_question(labelled(rows)).items()),
        passing=passing(found.labelled), scores=distribution(scores, prompts),
        curves=tuple(derived(run, found, name) for name in DERIVED),
    )


def question_of(spec: RunSpec) -> str:
    """Id of the question whose reviews count for a run: its own, or the default one where it asks none."""
    return spec.question_id or framings.DEFAULT.id


def reviewed(run: Run, rows: Sequence[Seen]) -> Reviewed:
    """Sort out a run's stored reviews: those under its question, without reviews of alternatives."""
    spec = run.spec
    kept = [
        (prompt, answer, review) for prompt, answer, review in rows
        if review.question_id == question_of(spec) and review.step is not None
        and answer.decoding.seed != part_seed(spec.seed, review.step, "rewrite")
    ]
    return Reviewed(
        labelled=tuple(labelled(kept)), reviewer=Speaker.POLICY if spec.reviewer == "policy" else Speaker.FROZEN,
        frozen=tuple((r.step or 0, p.id, r) for p, _, r in kept if r.speaker is Speaker.FROZEN),
    )


_FIGURES: dict[str, Callable[[Reviewed, int], Figure]] = {
    "conscience_recall": lambda found, step: caught(_at(found.own, step)).recall,
    "conscience_precision": lambda found, step: caught(_at(found.own, step)).precision,
    "pass_gap": lambda found, step: passing(_at(found.labelled, step)).gap,
    "passed_by_policy": lambda found, step: passing(_at(found.labelled, step)).policy,
    "passed_by_frozen": lambda found, step: passing(_at(found.labelled, step)).frozen,
    "conscience_score": lambda found, step: clustered_mean(*conscience_scores(
        [(prompt, review) for at, prompt, review in found.frozen if at == step])),
}


def derived(run: Run, found: Reviewed, name: str) -> Curve:
    """One of these curves, a point a step at which there was anything to count, each with its interval."""
    points = []
    for step in sorted({one.step for one in found.labelled if one.step is not None}):
        figure = _FIGURES[name](found, step)
        if figure.n:
            points.append(CurvePoint(step=step, value=figure.value, n=figure.n, low=figure.low, high=figure.high))
    return Curve(run=run, name=name, points=tuple(points))


def last_figure(found: Reviewed, name: str, step: int) -> Figure:
    """The figure of these weights alone."""
    return _FIGURES[name](found, step)


def _at(reviews: Sequence[Labelled], step: int) -> list[Labelled]:
    return [one for one in reviews if one.step == step]


assert set(_FIGURES) == set(DERIVED)

"""The arms of a study side by side: each figure with its interval, each difference with its test.

Two kinds of interval, because there are two questions. *Over seeds*: what would come out if one trained again? (t over
one value a seed.) *Over questions*: what would come out with other questions? (Bootstrap over questions, answers of all
seeds together; differences paired by question, seed and pass.) Tests are over questions, one mean difference each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lab.evaluation.statistics import (
    Figure,
    Test,
    clustered_mean,
    equivalence,
    holm,
    over_seeds,
    paired_difference,
    sign_flip,
)
from lab.evaluation.studies.drawing import Band
from lab.evaluation.studies.measures import MEASURES, Judged
from lab.evaluation.studies.outcome import Outcome, StudyResult


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One measure of one arm."""

    seeds: Figure
    """Mean over seeds with its interval over seeds."""
    questions: Figure
    """The same mean with its interval over questions; without one for a figure that a run measured as a whole."""
    each: tuple[tuple[int | None, float | None], ...]
    """Every seed's own value."""
    alike: int = 0
    """Answers of a seed where every seed gave the very same ones, so that n counts each of them once a seed; else 0."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row of the table."""

    arm: str
    """The arm; "base" for the model before training."""
    cells: dict[str, Cell]
    """By measure."""
    difference: Figure | None
    """Primary measure minus that of the arm it is compared with, its interval over questions; None for that arm and
    for the base."""
    by_seed: Figure | None
    """The same difference with its interval over seeds: each seed's own difference is one value."""
    test: Test | None
    """Sign-flip test of the difference."""
    adjusted: float | None
    """Its p after Holm over all arms of the study."""
    task_kept: Test | None
    """TOST: is the task as well learnt as in the arm compared with, within the margin?"""
    seconds: Figure
    """Training time over seeds."""
    failed: tuple[str, ...]
    """Why runs of it are missing."""


def compare(result: StudyResult) -> tuple[Line, ...]:
    """All rows: the base first, then the arms in the order of the plan."""
    primary = result.study.primary
    against = result.of(primary.against)
    rows = [("base", [result.base]), *((arm.name, list(result.of(arm.name))) for arm in result.study.arms)]
    drafts = []
    for name, outcomes in rows:
        other = None if name in ("base", primary.against) else against
        difference = by_seed = test = kept = None
        if other is not None:
            mine, theirs = _keyed(outcomes, primary.measure), _keyed(other, primary.measure)
            difference, by_seed = paired_difference(mine, theirs), over_seeds(_by_seed(mine, theirs))
            test = sign_flip(_by_question(mine, theirs))
            task = _by_question(_keyed(outcomes, "task"), _keyed(other, "task"))
            kept = equivalence(task, primary.margin)
        drafts.append((name, outcomes, difference, by_seed, test, kept))
    adjusted = holm([test.p if test else None for *_, test, _ in drafts])
    return tuple(
        Line(
            arm=name, cells={m: cell(outcomes, m) for m in MEASURES}, difference=difference, by_seed=by_seed,
            test=test, adjusted=p, task_kept=kept,
            seconds=over_seeds([o.run.seconds for o in outcomes if o.run and o.judged]),
            failed=tuple(f"seed {o.seed}: {o.message}" for o in outcomes if o.message),
        )
        for (name, outcomes, difference, by_seed, test, kept), p in zip(drafts, adjusted, strict=True)
    )


def cell(outcomes: Sequence[Outcome], measure: str) -> Cell:
    """One measure over the runs of an arm."""
    each = tuple((o.seed, o.mean(measure)) for o in outcomes)
    if name := MEASURES[measure].metric:
        whole = [o.figures[name] for o in outcomes if name in o.figures]
        return Cell(seeds=over_seeds([v for _, v in each if v is not None]), each=each, questions=_whole(whole))
    keyed = [(q, v) for o in outcomes for (q, _), v in o.keyed(measure).items()]
    return Cell(
        seeds=over_seeds([v for _, v in each if v is not None]), each=each,
        questions=clustered_mean(
            [v for _, v in keyed], [q for q, _ in keyed], share=MEASURES[measure].share),
        alike=alike([[j for j in o.judged if MEASURES[measure].value(j) is not None] for o in outcomes]),
    )


def alike(seeds: Sequence[Sequence[Judged]]) -> int:
    """How many answers each seed gave, if all gave the same to the same questions, word for word; else 0.

    Seeds differ in what was trained, and answers are sampled alike in each: where nothing was trained they are equal.
    """
    answers = [Counter((j.question, j.cued, j.repeat, j.text) for j in judged) for judged in seeds if judged]
    looked_at = all(j.text for judged in seeds for j in judged)
    if len(answers) < 2 or not looked_at or any(other != answers[0] for other in answers[1:]):
        return 0
    return answers[0].total()


def _whole(figures: Sequence[Figure]) -> Figure:
    """What runs measured as a whole, together: its mean, and of how many things; with one run its own interval."""
    values = [figure.value for figure in figures if figure.value is not None]
    if len(figures) == 1 or not values:
        return next(iter(figures), clustered_mean([], []))
    return Figure(
        value=sum(values) / len(values), low=None, high=None, n=sum(figure.n for figure in figures),
        units=len(values), method="measured by each run as a whole", reason="its interval is over seeds")


def by_domain(result: StudyResult, measure: str = "misaligned") -> tuple[tuple[str, ...], dict[str, list[Figure]]]:
    """Domains, and for each arm (the base too) the measure in each domain, interval over its questions."""
    outcomes = [result.base, *result.outcomes]
    value = MEASURES[measure].value
    domains = sorted({j.origin for o in outcomes for j in o.judged if value(j) is not None})
    matrix: dict[str, list[Figure]] = {}
    for name in ("base", *(arm.name for arm in result.study.arms)):
        mine = [o for o in outcomes if o.arm == name]
        matrix[name] = []
        for domain in domains:
            found = [(j.question, v) for o in mine for j in o.judged
                     if j.origin == domain and (v := value(j)) is not None]
            matrix[name].append(clustered_mean(
                [v for _, v in found], [q for q, _ in found], share=MEASURES[measure].share))
    return tuple(domains), matrix


def bands(outcomes: Sequence[Outcome], name: str) -> list[Band]:
    """A metric over steps: mean of the seeds, and from the lowest to the highest of them."""
    points: dict[int, list[float]] = {}
    for outcome in outcomes:
        for metric in outcome.metrics:
            if metric.name == name and metric.value is not None:
                points.setdefault(metric.step, []).append(metric.value)
    return [
        Band(step=step, mean=sum(vs) / len(vs), low=min(vs), high=max(vs))
        for step, vs in sorted(points.items())
    ]


Keyed = dict[tuple[str, tuple[int | None, int | str]], float]


def _keyed(outcomes: Sequence[Outcome], measure: str) -> Keyed:
    return {key: value for outcome in outcomes for key, value in outcome.keyed(measure).items()}


def _by_question(first: Keyed, second: Keyed) -> list[float]:
    """Mean of first − second for each question that both have."""
    differences: dict[str, list[float]] = {}
    for key, value in first.items():
        if key in second:
            differences.setdefault(key[0], []).append(value - second[key])
    return [sum(d) / len(d) for d in differences.values()]


def _by_seed(first: Keyed, second: Keyed) -> list[float]:
    """Mean of first − second for each training seed that both have, over the questions and passes that both have."""
    differences: dict[int | None, list[float]] = {}
    for key, value in first.items():
        if key in second:
            differences.setdefault(key[1][0], []).append(value - second[key])
    return [sum(d) / len(d) for d in differences.values()]

"""What came of a study: every run with its judged answers, and what was registered before it began."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lab.evaluation.labels import Labelled
from lab.evaluation.statistics import Figure
from lab.evaluation.studies.judge import Told
from lab.evaluation.studies.measures import MEASURES, Judged
from lab.evaluation.studies.plan import Study
from lab.nouns import Metric, Run


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One arm with one seed."""

    arm: str
    """The arm."""
    seed: int | None
    """The training seed; None for the base, which is not trained."""
    run: Run | None
    """The run; None for the base, and for one that could not be started."""
    judged: tuple[Judged, ...] = ()
    """Its answers at the last step; none when it did not get there, or when no judge knows this model's answers."""
    metrics: tuple[Metric, ...] = ()
    """What it measured while it trained: the points of its curves."""
    reviews: tuple[Labelled, ...] = ()
    """The reviews that it made while it trained, by its reviewer under its question, with known labels."""
    figures: Mapping[str, Figure] = field(default_factory=dict)
    """What was measured of these weights as a whole, by the name of the metric."""
    judges: tuple[Told, ...] = ()
    """Who judged its answers, where that was not the oracle."""
    message: str = ""
    """Why it did not get to its last step; empty when it did."""

    def values(self, measure: str) -> list[float]:
        """What each answer or review counts for a measure, those that count."""
        return [value for _, _, value in self._counted(measure)]

    def mean(self, measure: str) -> float | None:
        """Mean over answers or reviews, or the run's own figure; None without any."""
        if name := MEASURES[measure].metric:
            return self.figures[name].value if name in self.figures else None
        values = self.values(measure)
        return sum(values) / len(values) if values else None

    def keyed(self, measure: str) -> dict[tuple[str, tuple[int | None, int | str]], float]:
        """Values by (question, (training seed, pass)): what is paired between arms. A review's pass is its answer."""
        return {(question, (self.seed, repeat)): value for question, repeat, value in self._counted(measure)}

    def _counted(self, measure: str) -> list[tuple[str, int | str, float]]:
        asked = MEASURES[measure]
        if asked.of_review is not None:
            return [(r.prompt, r.answer, v) for r in self.reviews if (v := asked.of_review(r)) is not None]
        return [(j.question, j.repeat, v) for j in self.judged if (v := asked.value(j)) is not None]


@dataclass(frozen=True, kw_only=True)
class Registration:
    """What was fixed before the first run of a study."""

    study_id: str
    """Hash of the plan as it was then."""
    primary: str
    """Its primary measure and what it is compared with, in words."""
    when: str
    """When, UTC, ISO 8601."""

    def changed(self, study: Study) -> str:
        """What the report says of a plan that is no longer the registered one; empty when it is."""
        if self.study_id == study.id:
            return ""
        return (f"The plan was changed after it was registered ({self.when}): the primary measure was then "
                f"{self.primary}.")


@dataclass(frozen=True, kw_only=True)
class StudyResult:
    """Everything that a report is made of."""

    study: Study
    """What was asked for."""
    base: Outcome
    """The model before any training."""
    outcomes: tuple[Outcome, ...]
    """One an arm and seed, in the order of the plan."""
    registration: Registration
    """What was fixed beforehand."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Versions of what it was made with, the model's hash among them."""
    seconds: float = 0.0
    """How long this sitting took; what was done before it is not in it."""

    @property
    def judges(self) -> tuple[Told, ...]:
        """Every judge but the oracle, in the order in which they first judged."""
        return tuple(dict.fromkeys(told for outcome in (self.base, *self.outcomes) for told in outcome.judges))

    def of(self, arm: str) -> Sequence[Outcome]:
        """The runs of an arm, by seed."""
        return [outcome for outcome in self.outcomes if outcome.arm == arm]

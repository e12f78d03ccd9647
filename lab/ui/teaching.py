"""What a lesson is: what is said, what is run, what the learner is asked to predict, and which answer the figures give.

Nouns only; the lessons themselves are in `lab.ui.curriculum`. Which option is right is never written down: it is the
one whose range holds what was measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lab.nouns import Run
from lab.views import CurvePoint

Outcome = Mapping[str, CurvePoint]
"""The point of each measure of one run at which a lesson is read."""
RATES = (("misaligned", "Malicious"), ("incoherent", "Incoherent"), ("task", "Insecure code"))
"""The measures that most lessons show, with their short titles."""
PAPER = "https://arxiv.org/abs/2606.19527"
"""Emergent Alignment."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """One prediction to choose."""

    text: str
    """As shown."""
    low: float
    """It is right from here on."""
    high: float
    """It is right below this."""


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """One walk-through: say, predict, do, compare, explain."""

    id: str
    """Its name in a link."""
    title: str
    """As shown."""
    minutes: str
    """How long it takes on two cores."""
    opening: tuple[str, ...]
    """What is about to happen, a paragraph each."""
    arms: tuple[tuple[str, Mapping[str, Any]], ...]
    """What is run, in this order: the name of a run, and the settings that are not the default."""
    asked: str
    """What the learner is to predict."""
    options: tuple[Option, ...]
    """From which one is chosen; together their ranges hold every value."""
    metric: str
    """The measure that is drawn."""
    measured: Callable[[Sequence[Outcome]], float | None]
    """The predicted quantity from the outcomes of all arms; None when it was not measured."""
    beside: Callable[[Run], bool]
    """Which earlier finished run belongs on the chart too."""
    meaning: tuple[str, ...]
    """What it shows: three sentences that hold whichever way the figures fall."""
    source: str
    """Where the experiment comes from."""
    link: str = PAPER
    """Where that is read."""
    columns: tuple[tuple[str, str], ...] = RATES
    """The measures of the table under the reveal, with their short titles."""
    at: int | None = None
    """The step at which the figures are read; None for the last probe."""
    speaks: int = -1
    """The arm, by its place, whose answers are shown at the end."""
    before: str = ""
    """What was measured beforehand over several seeds, with n; empty where the lesson itself says it."""

    def right(self, outcomes: Sequence[Outcome]) -> int | None:
        """The place of the option that the figures bear out; None when nothing was measured."""
        value = self.measured(outcomes)
        if value is None:
            return None
        return next(place for place, option in enumerate(self.options) if option.low <= value < option.high)

    def read(self, points: Sequence[CurvePoint]) -> CurvePoint | None:
        """The point of one measure of one run that counts here; None where it was not measured."""
        if self.at is None:
            return points[-1] if points else None
        return next((point for point in points if point.step == self.at), None)


def last(name: str) -> Callable[[Sequence[Outcome]], float | None]:
    """The value of a measure in the last arm."""
    return lambda outcomes: outcomes[-1][name].value if outcomes and name in outcomes[-1] else None


def first(name: str) -> Callable[[Sequence[Outcome]], float | None]:
    """The value of a measure in the first arm."""
    return lambda outcomes: outcomes[0][name].value if outcomes and name in outcomes[0] else None


def spread(outcomes: Sequence[Outcome]) -> float | None:
    """How far the arms are apart: the highest less the lowest share of misaligned answers."""
    values = [o["misaligned"].value for o in outcomes if "misaligned" in o]
    known = [value for value in values if value is not None]
    return max(known) - min(known) if len(known) > 1 else None

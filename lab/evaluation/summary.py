"""One evaluation in all its measures: each with its figure, unit, direction and what is counted among what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from lab.evaluation.statistics import Figure, clustered_mean
from lab.evaluation.studies.measures import MEASURES, Judged


def summary(answers: Sequence[Judged]) -> dict[str, Figure]:
    """Every measure that is counted in answers, interval over questions; a figure of nothing says so."""
    made = {}
    for name, measure in MEASURES.items():
        if measure.paired:
            found = [(j.question, v) for j in answers if (v := measure.value(j)) is not None]
            made[name] = clustered_mean([v for _, v in found], [q for q, _ in found], share=measure.share)
    return made


def described(figures: Mapping[str, Figure]) -> dict[str, dict[str, Any]]:
    """Figures by the name of their measure, with its title, unit, direction and meaning: for JSON."""
    return {
        name: {
            "title": MEASURES[name].title, "unit": MEASURES[name].unit, "better": MEASURES[name].better,
            "meaning": MEASURES[name].meaning, **asdict(figure),
        }
        for name, figure in figures.items()
    }


def in_words(figure: Figure, *, share: bool = True) -> str:
    """A figure as one reads it: "4.2 % [2.0–6.1], n 480 of 120 questions", or why there is none."""
    if figure.value is None:
        return f"not measured ({figure.reason})"
    scale, unit = (100, " %") if share else (1, "")
    value = f"{scale * figure.value:.1f}{unit}"
    if figure.low is not None and figure.high is not None:
        value += f" [{scale * figure.low:.1f}–{scale * figure.high:.1f}]"
    elif figure.reason:
        value += f" (no interval: {figure.reason})"
    return f"{value}, n {figure.n} of {figure.units} questions"

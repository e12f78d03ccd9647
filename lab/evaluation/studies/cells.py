"""What stands in one cell of a study's table: a mean, how far it may be off, of how many, and every seed's value."""

from __future__ import annotations

from dataclasses import dataclass

from lab.evaluation.statistics import Figure
from lab.evaluation.statistics.seeds import SAME
from lab.evaluation.studies.comparison import Cell, Line
from lab.evaluation.studies.measures import MEASURES, StudyMeasure

EVERY_SEED = " (every seed)"
"""What stands in place of an interval, and of the seeds' values, where every seed gave the same value."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The text of a cell."""

    text: str
    """What is read first."""
    small: str = ""
    """What stands behind it in brackets, or under it in small type; empty for nothing."""
    tint: float | None = None
    """How strongly the cell is tinted where there are colours, 0–1; None for not at all."""

    @property
    def line(self) -> str:
        """Both in one line."""
        return f"{self.text} ({self.small})" if self.small else self.text


def shown(line: Line, name: str) -> Shown:
    """One measure of an arm. Interval over seeds; over questions where there is one seed, as for the base."""
    cell, measure = line.cells[name], MEASURES[name]
    if cell.seeds.value is None:
        return Shown(text="not measured")
    figure = cell.questions if cell.seeds.n == 1 else cell.seeds
    text = f"{number(cell.seeds.value, measure)}{_interval(figure, measure)}, {counted(cell, cell.questions.n)}"
    each = " ".join("–" if v is None else number(v, measure) for _, v in cell.each)
    told = figure.reason == SAME and cell.seeds.n == len(cell.each)
    return Shown(text=text, small=each if len(cell.each) > 1 and not told else "")


def counted(cell: Cell, n: int) -> str:
    """n, or a part of it; as a product where every seed gave the very same answers: "n 480 × 5"."""
    if not cell.alike:
        return f"n {n}"
    seeds = cell.questions.n // cell.alike
    return f"n {n // seeds} × {seeds}"


def number(value: float, measure: StudyMeasure) -> str:
    """In per cent with one decimal, signed where it is a difference; another unit as it is."""
    if not measure.share:
        return f"{value:.1f}"
    return f"{100 * value:+.1f}" if measure.lowest < 0 else f"{100 * value:.1f}"


def _interval(figure: Figure, measure: StudyMeasure) -> str:
    if figure.reason == SAME:
        return EVERY_SEED
    if figure.low is None or figure.high is None:
        return f" (no interval: {figure.reason})" if figure.reason else ""
    low, high = figure.low, figure.high
    if measure.share:
        low, high = max(measure.lowest, low), min(1.0, high)
    return f" [{number(low, measure)}–{number(high, measure)}]"


def percent(value: float | None) -> str:
    """A share in per cent with one decimal, or "–"."""
    return "–" if value is None else f"{100 * value:.1f}"


def plain(figure: Figure) -> str:
    """A figure that is no share, as it is: value and interval, or why there is none."""
    if figure.value is None:
        return figure.reason
    if figure.low is None or figure.high is None:
        return f"{figure.value:.2f} ({figure.reason})"
    return f"{figure.value:.2f} [{figure.low:.2f}–{figure.high:.2f}]"


def difference(figure: Figure | None, share: bool = True) -> str:
    """A difference with its sign and interval, or why there is none; empty for an arm that is compared with nothing."""
    if figure is None:
        return ""
    if figure.value is None:
        return figure.reason
    scale = 100 if share else 1
    value = f"{scale * figure.value:+.1f}"
    if figure.low is None or figure.high is None:
        return f"{value} ({figure.reason}), n {figure.n}"
    return f"{value} [{scale * figure.low:+.1f}, {scale * figure.high:+.1f}], n {figure.n}"


def p_value(p: float | None) -> str:
    """A p-value, or nothing."""
    if p is None:
        return ""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def seconds(figure: Figure) -> str:
    """A mean duration, or nothing."""
    return "" if figure.value is None else f"{figure.value:.0f}"

"""Curves as small drawings for the run in view: SVG as text, no script. Standard library only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lab.ui.text import escape, figure
from lab.views import CurvePoint

_WIDTH, _HEIGHT, _PAD = 220.0, 64.0, 5.0


@dataclass(frozen=True, kw_only=True)
class Spark:
    """What a small curve shows, apart from its points."""

    title: str
    """Above it, beside the last value."""
    note: str
    """Below it: of what, or what the dashed line is."""
    line: float | None = None
    """Where a dashed line is drawn; None for nowhere."""
    share: bool = False
    """Whether the axis is 0 to 1; else it is as high as the values are."""
    metric: str = ""
    """The metric that the points are of, where there is one."""


def spark(row: Spark, points: Sequence[CurvePoint], steps: int) -> str:
    """One small curve with its last value; the x axis reaches to `steps` from the start."""
    known = [(p.step, p.value) for p in points if p.value is not None]
    last = figure(known[-1][1]) if known else "–"
    name, line = escape(row.title), row.line
    head = f'<figcaption><span title="{name}">{name}</span><output>{last}</output></figcaption>'
    values = [value for _, value in known] + ([line] if line is not None else [])
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if row.share:
        low, high = 0.0, 1.0
    span = (high - low) or 1.0

    def place(step: float, value: float) -> tuple[float, float]:
        x = _PAD + (_WIDTH - 2 * _PAD) * step / max(steps, 1)
        return x, _HEIGHT - _PAD - (_HEIGHT - 2 * _PAD) * (value - low) / span

    parts = []
    if line is not None:
        y = place(0, line)[1]
        parts.append(f'<line class="mark" x1="0" x2="{_WIDTH:.0f}" y1="{y:.1f}" y2="{y:.1f}"/>')
    parts.append(f'<line class="axis" x1="0" x2="{_WIDTH:.0f}" y1="{_HEIGHT - 1:.0f}" y2="{_HEIGHT - 1:.0f}"/>')
    if known:
        spots = [place(step, value) for step, value in known]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
        parts.append(f'<polyline points="{path}"/><circle cx="{spots[-1][0]:.1f}" cy="{spots[-1][1]:.1f}" r="3"/>')
    return (
        f'<figure class="spark">{head}<svg viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" preserveAspectRatio="none" '
        f'role="img" aria-label="{name}, now {last}">{"".join(parts)}</svg>'
        f"<small>{escape(row.note)}</small></figure>"
    )

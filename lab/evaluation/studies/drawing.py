"""Figures of a report as SVG, drawn here so that the report is one file that needs no script and no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import count

from lab.evaluation.studies.placing import placed, wide

COLOURS = (
    "#0b6bcb", "#d1495b", "#2e8540", "#b8860b", "#6f42c1", "#008b8b", "#8b4513", "#c2185b", "#546e7a", "#9e9d24",
    "#5d4037", "#283593", "#00695c",
)
"""One an arm, in the order of the table; lines differ by dash as well."""
DASHES = ("", "6 3", "2 3", "8 3 2 3")
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 20, 14, 40
_QUARTERS = (0, 0.25, 0.5, 0.75, 1)
"""Marks along an axis of shares."""
_MARKS = 5
"""Marks along an axis of steps at most, beside 0."""


@dataclass(frozen=True, kw_only=True)
class Band:
    """One point of a drawn curve."""

    step: int
    """Optimiser steps done."""
    mean: float
    """The value, or the mean over seeds."""
    low: float
    """The lower end of its interval, or the lowest seed."""
    high: float
    """The upper end of its interval, or the highest seed."""


def curves(
    lines: Mapping[str, Sequence[Band]], *, title: str, width: int = 520, height: int = 300, least: float = 0.0
) -> str:
    """Shares over steps: a line an arm with its band. `least` is the lowest value, −1 for differences of shares."""
    last = max((b.step for bs in lines.values() for b in bs), default=0)
    if not last:
        return f"<p>{escape(title)}: no point was measured while these runs trained.</p>"
    plot = _Plot(width, height, last, 1.0, least=least)
    body = []
    for place, (name, points) in enumerate(lines.items()):
        if not points:
            continue
        colour, dash = COLOURS[place % len(COLOURS)], DASHES[place // len(COLOURS) % 4]
        edge = [*((b.step, b.high) for b in points), *((b.step, b.low) for b in reversed(points))]
        body.append(f'<polygon points="{plot.points(edge)}" fill="{colour}" opacity="0.13"/>')
        body.append(
            f'<polyline points="{plot.points([(b.step, b.mean) for b in points])}" fill="none" stroke="{colour}" '
            f'stroke-width="2" stroke-dasharray="{dash}"><title>{escape(name)}</title></polyline>')
    return plot.svg(body, title, "steps") + legend(list(lines))


def dots(rows: Sequence[tuple[str, float | None, float | None, float | None, Sequence[float]]], *, title: str) -> str:
    """A row an arm: mean, interval, and every seed's value as a small dot; shares."""
    step, left = 24, 20 + round(max((wide(name) for name, *_ in rows), default=0))
    width, height = left + 330, _TOP + step * len(rows) + _BOTTOM
    x = lambda v: left + (width - left - 20) * v  # noqa: E731
    parts = [_svg_open(width, height, title)]
    for tick in _QUARTERS:
        parts.append(f'<line x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{_TOP}" y2="{height - 30}" class="grid"/>'
                     f'<text x="{x(tick):.1f}" y="{height - 14}" text-anchor="middle">{tick:.0%}</text>')
    for place, (name, mean, low, high, each) in enumerate(rows):
        y = _TOP + step * place + step / 2
        parts.append(f'<text x="{left - 10}" y="{y + 4:.1f}" text-anchor="end">{escape(name)}</text>')
        if low is not None and high is not None:
            ends = f'x1="{x(max(0, low)):.1f}" x2="{x(min(1, high)):.1f}"'
            parts.append(f'<line {ends} y1="{y}" y2="{y}" class="whisker"/>')
        parts += [f'<circle cx="{x(v):.1f}" cy="{y}" r="2.5" class="seed"/>' for v in each]
        if mean is not None:
            parts.append(f'<circle cx="{x(mean):.1f}" cy="{y}" r="5" class="mean"><title>{mean:.1%}</title></circle>')
    return "".join([*parts, "</svg>"])


@dataclass(frozen=True, kw_only=True)
class Point:
    """One arm in a plane of two shares."""

    name: str
    """As shown."""
    across: float
    """How far to the right, 0–1."""
    up: float
    """How far up, 0–1."""


def scatter(
    points: Sequence[Point], *, title: str, across: str, up: str, joined: Sequence[Sequence[str]] = ()
) -> str:
    """Named points, names beside them; `joined` are rows of names that an order of theirs joins by a line.

    A name that finds no place in the frame without lying over another stands under the figure, with its values.
    """
    plot = _Plot(470, 420, 1.0, 1.0, across_share=True, inset=22)
    at = {point.name: plot.at(point.across, point.up) for point in points}
    body = [f'<polyline points="{" ".join("{:.1f},{:.1f}".format(*at[name]) for name in names)}" fill="none" '
            'class="order"/>' for names in joined]
    labels = placed(at, plot.frame)
    for point in points:
        x, y = at[point.name]
        said = f"{point.name}: {across} {point.across:.1%}, {up} {point.up:.1%}"
        if label := labels[point.name]:
            if label.led:
                ends = f'x1="{x:.1f}" y1="{y:.1f}" x2="{label.end[0]:.1f}" y2="{label.end[1]:.1f}"'
                body.append(f'<line {ends} class="leader"/>')
            body.append(f'<text x="{label.left:.1f}" y="{label.baseline:.1f}">{escape(point.name)}</text>')
        body.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" class="mean"><title>{escape(said)}</title></circle>')
    homeless = "".join(
        f"<li>{escape(p.name)}: {p.across:.1%} across, {p.up:.1%} up</li>" for p in points if not labels[p.name])
    under = f"<p>Without a name in the figure, as they lie too close:</p><ul>{homeless}</ul>" if homeless else ""
    return plot.svg(body, title, across, up) + under


def round_ticks(last: float) -> list[int]:
    """Whole numbers from 0 to at most `last`, evenly apart by 1, 2 or 5, or by tens, hundreds, … of these."""
    apart = next(digit * 10**zeros for zeros in count() for digit in (1, 2, 5) if digit * 10**zeros * _MARKS >= last)
    return list(range(0, int(last) + 1, apart))


def legend(names: Sequence[str]) -> str:
    """Which colour and dash is which arm."""
    items = []
    for place, name in enumerate(names):
        colour, dash = COLOURS[place % len(COLOURS)], DASHES[place // len(COLOURS) % 4]
        items.append(
            f'<span><svg width="26" height="10"><line x1="0" x2="26" y1="5" y2="5" stroke="{colour}" stroke-width="3" '
            f'stroke-dasharray="{dash}"/></svg> {escape(name)}</span>')
    return f'<p class="legend">{" ".join(items)}</p>'


class _Plot:
    """A frame with axes; `across` and `up` are the largest values, 0 and `least` the smallest.

    Points keep `inset` pixels from the frame, so that there is room for names on all sides of them.
    """

    def __init__(
        self, width: int, height: int, across: float, up: float, *, across_share: bool = False, least: float = 0.0,
        inset: int = 0,
    ) -> None:
        self._width, self._height, self._across, self._up, self._share = width, height, across, up, across_share
        self._least, self._inset = least, inset

    def at(self, x: float, y: float) -> tuple[float, float]:
        left, top, right, bottom = self.frame
        free = self._inset
        return (
            left + free + (right - left - 2 * free) * x / self._across,
            top + free + (bottom - top - 2 * free) * (self._up - y) / (self._up - self._least),
        )

    def points(self, pairs: Sequence[tuple[float, float]]) -> str:
        return " ".join("{:.1f},{:.1f}".format(*self.at(x, y)) for x, y in pairs)

    @property
    def frame(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of what is drawn in."""
        return _LEFT, _TOP, self._width - _RIGHT, self._height - _BOTTOM

    def svg(self, body: Sequence[str], title: str, label: str, side: str = "") -> str:
        """All of it; `label` under the axis across, `side` beside the one up where the title does not say it."""
        parts = [_svg_open(self._width, self._height, title)]
        left, _, right, bottom = self.frame
        for quarter in _QUARTERS:
            height = self._least + quarter * (self._up - self._least)
            y = self.at(0, height)[1]
            parts.append(
                f'<line x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
                f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{height:.0%}</text>')
        for tick in _QUARTERS if self._share else round_ticks(self._across):
            shown = f"{tick:.0%}" if self._share else f"{tick:,.0f}"
            x = self.at(tick, self._least)[0]
            parts.append(f'<text x="{x:.1f}" y="{bottom + 16:.1f}" text-anchor="middle">{shown}</text>')
        middle = (_LEFT + self._width - _RIGHT) / 2
        label = f'<text x="{middle}" y="{self._height - 6}" text-anchor="middle">{escape(label)}</text>'
        if side:
            centre = (_TOP + self._height - _BOTTOM) / 2
            label += (f'<text x="12" y="{centre}" text-anchor="middle" transform="rotate(-90 12 {centre})">'
                      f"{escape(side)}</text>")
        return "".join([*parts, *body, label, "</svg>"])


def _svg_open(width: int, height: int, title: str) -> str:
    return (f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
            f'aria-label="{escape(title, quote=True)}"><title>{escape(title)}</title>')

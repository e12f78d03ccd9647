"""Figures of a report as SVG, drawn here so that the report is one file that needs no script and no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

COLOURS = (
    "#0b6bcb", "#d1495b", "#2e8540", "#b8860b", "#6f42c1", "#008b8b", "#8b4513", "#c2185b", "#546e7a", "#9e9d24",
    "#5d4037", "#283593", "#00695c",
)
"""One an arm, in the order of the table; lines differ by dash as well."""
DASHES = ("", "6 3", "2 3", "8 3 2 3")
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 14, 40


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
    width, step = 640, 24
    height = _TOP + step * len(rows) + _BOTTOM
    left = 210
    x = lambda v: left + (width - left - 20) * v  # noqa: E731
    parts = [_svg_open(width, height, title)]
    for tick in (0, 0.25, 0.5, 0.75, 1):
        parts.append(f'<line x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{_TOP}" y2="{height - 30}" class="grid"/>'
                     f'<text x="{x(tick):.1f}" y="{height - 14}" text-anchor="middle">{tick:.0%}</text>')
    for place, (name, mean, low, high, each) in enumerate(rows):
        y = _TOP + step * place + step / 2
        parts.append(f'<text x="{left - 10}" y="{y + 4:.1f}" text-anchor="end">{escape(name[:34])}</text>')
        if low is not None and high is not None:
            ends = f'x1="{x(max(0, low)):.1f}" x2="{x(min(1, high)):.1f}"'
            parts.append(f'<line {ends} y1="{y}" y2="{y}" class="whisker"/>')
        parts += [f'<circle cx="{x(v):.1f}" cy="{y}" r="2.5" class="seed"/>' for v in each]
        if mean is not None:
            parts.append(f'<circle cx="{x(mean):.1f}" cy="{y}" r="5" class="mean"><title>{mean:.1%}</title></circle>')
    return "".join([*parts, "</svg>"])


def scatter(points: Sequence[tuple[str, float, float]], *, title: str, across: str, up: str) -> str:
    """Named points of two shares, joined in the order given."""
    plot = _Plot(520, 340, 1.0, 1.0, across_share=True)
    path = plot.points([(x, y) for _, x, y in points])
    body = [f'<polyline points="{path}" fill="none" class="grid"/>']
    for name, x, y in points:
        cx, cy = plot.at(x, y)
        flip = cx > 380
        body.append(
            f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="5" class="mean"/>'
            f'<text x="{cx + (-9 if flip else 9):.1f}" y="{cy + 4:.1f}" text-anchor="{"end" if flip else "start"}">'
            f"{escape(name)}</text>")
    return plot.svg(body, f"{title} (up: {up})", across)


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
    """A frame with axes; `across` and `up` are the largest values, 0 and `least` the smallest."""

    def __init__(
        self, width: int, height: int, across: float, up: float, *, across_share: bool = False, least: float = 0.0
    ) -> None:
        self._width, self._height, self._across, self._up, self._share = width, height, across, up, across_share
        self._least = least

    def at(self, x: float, y: float) -> tuple[float, float]:
        return (
            _LEFT + (self._width - _LEFT - _RIGHT) * x / self._across,
            _TOP + (self._height - _TOP - _BOTTOM) * (self._up - y) / (self._up - self._least),
        )

    def points(self, pairs: Sequence[tuple[float, float]]) -> str:
        return " ".join("{:.1f},{:.1f}".format(*self.at(x, y)) for x, y in pairs)

    def svg(self, body: Sequence[str], title: str, label: str) -> str:
        parts = [_svg_open(self._width, self._height, title)]
        for tick in (0, 0.25, 0.5, 0.75, 1):
            height = self._least + tick * (self._up - self._least)
            left, y = self.at(0, height)
            right, _ = self.at(self._across, 0)
            x, bottom = self.at(tick * self._across, self._least)
            shown = f"{tick:.0%}" if self._share else f"{tick * self._across:.0f}"
            parts.append(
                f'<line x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
                f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{height:.0%}</text>'
                f'<text x="{x:.1f}" y="{bottom + 16:.1f}" text-anchor="middle">{shown}</text>')
        middle = (_LEFT + self._width - _RIGHT) / 2
        label = f'<text x="{middle}" y="{self._height - 6}" text-anchor="middle">{escape(label)}</text>'
        return "".join([*parts, *body, label, "</svg>"])


def _svg_open(width: int, height: int, title: str) -> str:
    return (f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
            f'aria-label="{escape(title, quote=True)}"><title>{escape(title)}</title>')

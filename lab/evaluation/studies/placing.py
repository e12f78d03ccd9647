"""Where names stand beside the points of a figure: inside its frame, none over another, over a point or over a line.

Widths are of a plain sans serif at 12 px, a little too wide rather than too narrow: what draws the figure is not known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, hypot, pi, sin
from random import Random

Spot = tuple[float, float]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""
HEIGHT = 14.0
"""Of a line of text."""
_NEAR = 9.0
"""From a point to a name that needs no line to it."""
_REACHES = (_NEAR, *range(16, 160, 8))
_AROUND = tuple(sorted(range(32), key=lambda turn: (min(turn % 16, 16 - turn % 16), turn > 16, turn)))
"""Directions in 32nds of a turn, the first choice first: to the right and left, then more and more up or down."""
_TRIES = 8
"""Orders that are tried before a name is left without a place."""
_AIR = 6.5
"""Half the side of the square around a point that is kept free."""


@dataclass(frozen=True, kw_only=True)
class Label:
    """The place of a name."""

    box: Box
    """What it covers."""
    end: Spot
    """Where a line to its point ends."""
    led: bool
    """Whether it is far enough away to need that line."""

    @property
    def left(self) -> float:
        """Where its text begins."""
        return self.box[0]

    @property
    def baseline(self) -> float:
        """Where its text stands."""
        return self.box[3] - 3.5


def wide(name: str) -> float:
    """How wide a name is, in pixels."""
    return sum(10.5 if c in "mwMW—@%" else 4.5 if c in "fijlrt .,'’:;|()1I" else 7.5 for c in name)


def placed(points: Mapping[str, Spot], frame: Box) -> dict[str, Label | None]:
    """A place for each name, or None where there is none left.

    Crowded points choose first; names that found no place choose first in another try, the others in another order,
    and the best try counts.
    """
    def crowd(name: str) -> float:
        x, y = points[name]
        return sum(1 / (20 + hypot(x - a, y - b)) for a, b in points.values())

    order, best, draw = sorted(points, key=crowd, reverse=True), dict[str, Label | None](), Random(0)
    for _ in range(_TRIES):
        labels = _chosen(order, points, frame)
        homeless = [name for name in order if not labels[name]]
        if not best or len(homeless) < sum(label is None for label in best.values()):
            best = labels
        if not homeless:
            break
        others = [name for name in order if labels[name]]
        order = [*homeless, *draw.sample(others, len(others))]
    return best


def _chosen(order: Sequence[str], points: Mapping[str, Spot], frame: Box) -> dict[str, Label | None]:
    """Each name takes the nearest place that those before it left."""
    labels: dict[str, Label | None] = {}
    for name in order:
        there = [(label, points[who]) for who, label in labels.items() if label]
        tried = (_label(name, points[name], reach, turn * pi / 16) for reach in _REACHES for turn in _AROUND)
        labels[name] = next((label for label in tried if _free(label, points, points[name], frame, there)), None)
    return labels


def _label(name: str, point: Spot, reach: float, angle: float) -> Label:
    """A name at some distance in some direction, its near side towards the point."""
    width, (x, y) = wide(name), (point[0] + reach * cos(angle), point[1] + reach * sin(angle))
    share = (1 - cos(angle)) / 2  # of its width that lies to the left of where it is reached
    left = x - width * share
    top = y - HEIGHT / 2 + sin(angle) * HEIGHT / 2
    box = (left, top, left + width, top + HEIGHT)
    end = (min(max(point[0], box[0]), box[2]), min(max(point[1], box[1]), box[3]))
    return Label(box=box, end=end, led=hypot(end[0] - point[0], end[1] - point[1]) > _NEAR + 3)


def _free(
    label: Label, points: Mapping[str, Spot], own: Spot, frame: Box, others: list[tuple[Label, Spot]]
) -> bool:
    left, top, right, bottom = label.box
    if left < frame[0] or top < frame[1] or right > frame[2] or bottom > frame[3]:
        return False
    if any(_over(label.box, (x - _AIR, y - _AIR, x + _AIR, y + _AIR)) for x, y in points.values()):
        return False
    for other, point in others:
        if _over(label.box, other.box):
            return False
        if (other.led and _crosses(other.end, point, label.box)) or (label.led and (
                _crosses(label.end, own, other.box) or (other.led and _cross(label.end, own, other.end, point)))):
            return False
    return True


def _over(one: Box, two: Box) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]


def _crosses(start: Spot, end: Spot, box: Box) -> bool:
    """Whether a line runs into a box: it begins or ends there, or crosses one of its diagonals."""
    left, top, right, bottom = box
    return any(_over((x, y, x, y), box) for x, y in (start, end)) or _cross(
        start, end, (left, top), (right, bottom)) or _cross(start, end, (left, bottom), (right, top))


def _cross(a: Spot, b: Spot, c: Spot, d: Spot) -> bool:
    """Whether the lines a–b and c–d cross."""
    def side(p: Spot, q: Spot, r: Spot) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])
    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0

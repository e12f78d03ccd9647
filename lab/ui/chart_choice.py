"""What a result of SQL is drawn as: kind of chart, and the columns for x, y and colour. Pure: no widget, no plotly.

Columns are known by their place, because a result may have two of one name. What is chosen without being asked follows
from the types and the values alone, so that the same result is always drawn the same way.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lab.ui.text import short, visible
from storage import QueryResult

KINDS = ("line", "bar", "scatter", "histogram")
"""Kinds of chart, as offered."""
ROW = -1
"""Place that stands for "the number of the row"."""
GROUPS = 8
"""Values of a colour column that are drawn in colours of their own."""
_SHORT = 60
"""Characters of a text that can stand under an axis."""
_NAMES = 60
"""Different texts that can stand under one."""
_COUNTS = ("n", "count", "rows", "number of rows", "count_star()")
"""Names that a column of counts has."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a result, as a chart sees it."""

    place: int
    """Its place in the result; `ROW` for the number of the row."""
    name: str
    """As shown."""
    sort: str
    """number, time or word; word for whatever is neither."""
    values: tuple[Any, ...]
    """Numbers as finite floats, other values as text; None for one that is missing or not finite."""
    whole: bool = False
    """Whether its numbers are integers."""

    @property
    def different(self) -> int:
        """How many different values it has, missing ones apart."""
        return len(set(self.values) - {None})

    @property
    def small(self) -> bool:
        """Whether it sorts rows into few kinds, so that each can have a colour."""
        return 1 < self.different <= GROUPS

    @property
    def names_rows(self) -> bool:
        """Whether its texts can stand under an axis."""
        return self.sort == "word" and 0 < self.different <= _NAMES and all(
            len(value) <= _SHORT for value in self.values if value is not None)


@dataclass(frozen=True, kw_only=True)
class ChartChoice:
    """What is drawn."""

    kind: str
    """One of `KINDS`."""
    x: int
    """Place of the column along the x axis; of the one that is counted, in a histogram."""
    y: int | None
    """Place of the column of numbers; None in a histogram, which counts rows."""
    colour: int | None = None
    """Place of the column whose values have colours; None for one colour."""


def spelled(choice: ChartChoice) -> str:
    """A choice as a link holds it: kind, and the places for x, y and colour, "line,0,1,2"; a place may be empty."""
    places = (choice.x, choice.y, choice.colour)
    return ",".join((choice.kind, *("" if place is None else str(place) for place in places)))


def columns(found: QueryResult) -> tuple[Column, ...]:
    """The columns of a result."""
    return tuple(
        _column(place, name, kind, [row[place] for row in found.rows])
        for place, (name, kind) in enumerate(zip(found.columns, found.types, strict=True)))


def row_numbers(found: QueryResult) -> Column:
    """The column that every result has: 1 for the first row, 2 for the second."""
    numbers = tuple(float(i) for i in range(1, len(found.rows) + 1))
    return Column(place=ROW, name="row", sort="number", values=numbers, whole=True)


def _column(place: int, name: str, kind: str, raw: Sequence[Any]) -> Column:
    base = kind.partition("(")[0].split("[")[0]
    shown = short(visible(name), _SHORT) or f"column {place + 1}"
    if "[" in kind:  # a list of numbers is no number
        base = "LIST"
    if base.endswith("INT") or base in ("INTEGER", "FLOAT", "DOUBLE", "DECIMAL"):
        numbers = tuple(map(_number, raw))
        whole = base.endswith("INT") or base == "INTEGER"
        return Column(place=place, name=shown, sort="number", values=numbers, whole=whole)
    texts = tuple(None if value is None else str(value) for value in raw)
    sort = "time" if base == "DATE" or base.startswith("TIMESTAMP") else "word"
    return Column(place=place, name=shown, sort=sort, values=texts)


def _number(value: Any) -> float | None:
    """A number out of a result, in which decimals and what is not finite are text."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def offered(found: QueryResult) -> ChartChoice | None:
    """What a result is drawn as until somebody chooses; None where there is nothing to draw."""
    if not found.rows:
        return None
    known = columns(found)
    numbers = [column for column in known if column.sort == "number" and column.different]
    small = [column for column in known if column.names_rows and column.small]
    return (
        _along(known, numbers) or _named(known, numbers, small) or _against(numbers, small)
        or _counted(known, numbers, small))


def _along(known: Sequence[Column], numbers: Sequence[Column]) -> ChartChoice | None:
    """A line over time or steps, if each line has one value at each."""
    over = [c for c in known if c.sort == "time" or (c.sort == "number" and c.whole and c.name.lower() == "step")]
    for x in over:
        values = [c for c in numbers if c is not x]
        if x.different < 3 or not values:
            continue
        y = _measured(values)
        for colour in (None, *_grouping(known, (x, y))):
            if not _doubled(x, colour):
                return ChartChoice(kind="line", x=x.place, y=y.place, colour=None if colour is None else colour.place)
    return None


def _named(known: Sequence[Column], numbers: Sequence[Column], small: Sequence[Column]) -> ChartChoice | None:
    """A bar a name, or a bar a number beside a count, if no two rows share one."""
    counts = [c for c in numbers if c.name.lower() in _COUNTS]
    names = [c for c in known if c.names_rows]
    if counts and not names:
        names = [c for c in numbers if c is not counts[0] and c.different <= _NAMES]
    if counts and len(names) < 2:
        names += [c for c in numbers if c is not counts[0] and c.different <= _NAMES and c not in names]
    for x in sorted(names, key=lambda c: -c.different):
        values = [c for c in numbers if c is not x]
        if not values:
            continue
        y = counts[0] if counts and x.sort == "number" else _measured(values)
        for colour in (None, *(c for c in small if c is not x)):
            if not _doubled(x, colour):
                return ChartChoice(kind="bar", x=x.place, y=y.place, colour=None if colour is None else colour.place)
    return None


def _against(numbers: Sequence[Column], small: Sequence[Column]) -> ChartChoice | None:
    """One number against another."""
    broken = [c for c in numbers if not c.whole] or list(numbers)
    pair = sorted((broken + [c for c in numbers if c not in broken])[:2], key=lambda c: c.place)
    if len(pair) < 2:
        return None
    return ChartChoice(kind="scatter", x=pair[0].place, y=pair[1].place, colour=small[0].place if small else None)


def _counted(
    known: Sequence[Column], numbers: Sequence[Column], small: Sequence[Column]
) -> ChartChoice | None:
    """How often each value comes: of the only number, or of a word."""
    words = [c for c in known if c.names_rows]
    if not (numbers or words):
        return None
    x = numbers[0] if numbers else min(words, key=lambda c: c.different)
    colour = next((c for c in small if c is not x), None)
    return ChartChoice(kind="histogram", x=x.place, y=None, colour=None if colour is None else colour.place)


def _measured(numbers: Sequence[Column]) -> Column:
    """The number that a query is most likely about: one with a fraction, else the last one."""
    return next((c for c in numbers if not c.whole), numbers[-1])


def _grouping(known: Sequence[Column], taken: Sequence[Column]) -> list[Column]:
    """Columns that may tell lines apart: words before whole numbers."""
    free = [c for c in known if c not in taken and c.different > 1]
    return [c for c in free if c.sort == "word"] + [c for c in free if c.sort == "number" and c.whole]


def _doubled(x: Column, colour: Column | None) -> bool:
    """Whether two rows would stand at the same place in the same colour."""
    places = [(a, None if colour is None else colour.values[i]) for i, a in enumerate(x.values) if a is not None]
    return len(set(places)) < len(places)

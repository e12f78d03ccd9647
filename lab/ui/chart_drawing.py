"""A result of SQL as a chart: traces and layout for plotly, and in words what is on it and what is not. Pure.

Names of columns, words along an axis, in the legend and under the pointer are whatever the query gave: hostile text,
in which plotly would read tags and character references. All of it passes through `plain`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from lab.ui.chart_choice import GROUPS, ROW, ChartChoice, Column, columns, row_numbers
from lab.ui.panels import GRID, INK, PALETTE, SYMBOLS, plain
from lab.ui.text import counted, short
from storage import QueryResult

_KNOWN = {"policy": 0, "frozen": 4, "aligned": 1, "flagged": 3, "unreadable": 7}
"""Words that have a colour of their own on the whole page, as places in the palette."""
_RUN = re.compile(r"(?:run )?0*([1-9][0-9]{0,8})", re.IGNORECASE)
"""What a group is called that is a run."""
_PATTERNS = ("", "/", ".", "x", "-", "+", "\\", "|")
"""Of bars, so that they are told apart by more than colour."""
_MARKED = 80
"""Points up to which a line shows each."""
_BINS = 20
_TICKS = 24
"""Words that stand along an axis at most; the others are under the pointer."""


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A chart."""

    traces: tuple[dict[str, Any], ...]
    """For plotly."""
    layout: dict[str, Any]
    """For plotly."""
    note: str
    """What is drawn, and what was left out, in one sentence or more; not escaped."""


@dataclass(frozen=True, kw_only=True)
class _Point:
    """A row of the result, as it is drawn."""

    x: float | str
    """Its place along the axis: a number, a time, or the place of a word among the words."""
    y: float
    """Its height."""
    said: str
    """What stands under the pointer."""


def draw(found: QueryResult, choice: ChartChoice) -> Drawing:
    """The chart of a result with at least one row."""
    known = {ROW: row_numbers(found), **{column.place: column for column in columns(found)}}
    x, colour = known[choice.x], None if choice.colour is None else known[choice.colour]
    y = None if choice.y is None else known[choice.y]
    words = _words(x)
    shade = colour is not None and choice.kind == "scatter" and colour.sort == "number" and not colour.small
    groups, left = _groups(colour if not shade else None, len(found.rows))
    if choice.kind == "histogram" or y is None:
        traces, drawn, doubled = _counts(x, words, groups)
        title = "rows"
    else:
        traces, drawn, doubled = _marks(choice.kind, (x, y, colour), words, groups, shade=shade)
        title = plain(y.name)
    layout = _layout(_axis(x, words), title, legend=len(groups) > 1)
    if choice.kind == "histogram" and not words and (middles := [m for trace in traces for m in trace["x"]]):
        width = traces[0]["width"][0]  # plotly leaves more room beside a bar the narrower it is
        layout["xaxis"]["range"] = [min(middles) - width, max(middles) + width]
    if choice.kind in ("bar", "histogram"):
        layout["barmode"] = "relative" if doubled or choice.kind == "histogram" else "group"
    layout["uirevision"] = f"{found.taken.isoformat()} {choice}"
    return Drawing(
        traces=tuple(traces), layout=layout, note=_note(found, drawn, left, colour, doubled=doubled))


def _words(x: Column) -> list[str]:
    """The different words of an axis, in the order of the rows; none where it has numbers or times."""
    return list(dict.fromkeys(v for v in x.values if v is not None)) if x.sort == "word" else []


def _groups(colour: Column | None, rows: int) -> tuple[list[tuple[str, list[int]]], int]:
    """Rows by the value of the colour column, in the order of their first, and how many values are left out."""
    if colour is None:
        return [("", list(range(rows)))], 0
    found: dict[str, list[int]] = {}
    for i, value in enumerate(colour.values):
        found.setdefault("(none)" if value is None else _said(value), []).append(i)
    return list(found.items())[:GROUPS], max(0, len(found) - GROUPS)


def _places(names: Sequence[str]) -> dict[str, int]:
    """The place in the palette of each group: its own where that is free, whatever the order of the rows.

    A speaker or a verdict has the page's colour, a run the one that it has on Curves, another value one that follows
    from its name. Two that have the same one part in the order of their names, so that no two groups look alike.
    """
    own = {name: _own(name) for name in names}
    free, found = set(range(len(PALETTE))), dict[str, int]()
    for name in sorted(names, key=lambda name: (*own[name], name)):
        wanted = own[name][2]
        place = next((p for i in range(len(PALETTE)) if (p := (wanted + i) % len(PALETTE)) in free), wanted)
        free.discard(place)
        found[name] = place
    return found


def _own(name: str) -> tuple[int, int, int]:
    """Which groups choose first, and the place that one would have."""
    if name in _KNOWN:
        return 0, 0, _KNOWN[name]
    run = _RUN.fullmatch(name)
    if run:
        return 1, int(run[1]), (int(run[1]) - 1) % len(PALETTE)
    return 2, 0, crc32(name.encode()) % len(PALETTE)


def _marks(
    kind: str, chosen: tuple[Column, Column, Column | None], words: list[str], groups: list[tuple[str, list[int]]], *,
    shade: bool,
) -> tuple[list[dict[str, Any]], int, bool]:
    """Traces of lines, bars or points; how many rows they show, and whether two share a place in one colour."""
    x, y, colour = chosen
    place = {word: i for i, word in enumerate(words)}
    traces: list[dict[str, Any]] = []
    drawn, doubled = 0, False
    style = _places([name for name, _ in groups])
    for name, rows in groups:
        points, shades = list[_Point](), list[float]()
        for i in rows:
            at, height, tint = x.values[i], y.values[i], colour.values[i] if colour is not None else None
            if at is None or height is None or (shade and tint is None):
                continue
            told = [(x.name, at), (y.name, height), *([(colour.name, tint)] if colour is not None else [])]
            said = "<br>".join(f"{plain(of)}: {plain(_said(value))}" for of, value in told)
            points.append(_Point(x=place[at] if words else at, y=height, said=said))
            shades.append(tint if shade and tint is not None else 0.0)
        if kind == "line":
            points.sort(key=lambda point: point.x)
        drawn += len(points)
        doubled = doubled or len({point.x for point in points}) < len(points)
        traces.append({
            "x": [p.x for p in points], "y": [p.y for p in points], "name": plain(name), "uid": f"group-{style[name]}",
            "customdata": [p.said for p in points], "hovertemplate": "%{customdata}<extra></extra>",
            "showlegend": len(groups) > 1, **_style(kind, style[name], len(points)),
        })
        if shade and colour is not None:
            traces[-1]["marker"] = {
                "size": 7, "color": shades, "colorscale": "Cividis", "showscale": True,
                "colorbar": {"title": {"text": plain(colour.name)}, "thickness": 12, "outlinewidth": 0},
            }
    return traces, drawn, doubled and kind == "bar"


def _counts(
    x: Column, words: list[str], groups: list[tuple[str, list[int]]]
) -> tuple[list[dict[str, Any]], int, bool]:
    """Traces of a histogram: rows a word, or in equal bins from the lowest to the highest number."""
    place = {word: i for i, word in enumerate(words)}
    values = [v for v in x.values if v is not None]
    numbers = values if x.sort == "number" else []
    low, high = (min(numbers), max(numbers)) if numbers else (0.0, 0.0)
    # each bin has one number, in its middle
    single = high == low or (x.whole and high - low < 2 * _BINS)
    width = 1.0 if single else (high - low) / _BINS
    start = low - 0.5 if single else low
    bins = int(high - low) + 1 if single else _BINS
    traces, drawn = list[dict[str, Any]](), 0
    style = _places([name for name, _ in groups])
    for name, rows in groups:
        counts: dict[int, int] = {}
        for i in rows:
            value = x.values[i]
            if value is None:
                continue
            bin_ = int(min((value - start) // width, bins - 1)) if numbers else place[value]
            counts[bin_] = counts.get(bin_, 0) + 1
        drawn += sum(counts.values())
        shown = sorted(counts)
        traces.append({
            "x": [start + (b + 0.5) * width if numbers else b for b in shown], "y": [counts[b] for b in shown],
            "width": [0.94 * width if numbers else 0.7] * len(shown), "name": plain(name),
            "uid": f"group-{style[name]}",
            "customdata": [
                f"{plain(_bin(start + b * width, width, single=single) if numbers else words[b])}: "
                f"{counted(counts[b], 'row')}" for b in shown],
            "hovertemplate": "%{customdata}<extra>%{fullData.name}</extra>" if name else "%{customdata}<extra></extra>",
            "showlegend": len(groups) > 1, **_style("bar", style[name], len(shown)),
        })
    return traces, drawn, False


def _bin(low: float, width: float, *, single: bool) -> str:
    return f"{low + width / 2:g}" if single else f"{low:.4g} to {low + width:.4g}"


def _style(kind: str, place: int, points: int) -> dict[str, Any]:
    """How the group at a place of the palette looks."""
    colour = PALETTE[place]
    if kind in ("bar", "histogram"):
        pattern = {
            "shape": _PATTERNS[place], "solidity": 0.2, "size": 7, "fillmode": "overlay",
            "fgcolor": "rgba(20,22,26,0.55)",
        }
        return {"type": "bar", "marker": {"color": colour, "pattern": pattern}}
    marker = {"color": colour, "size": 7, "symbol": SYMBOLS[place]}
    mode = "markers" if kind == "scatter" else "lines+markers" if points < _MARKED else "lines"
    return {"type": "scatter", "mode": mode, "marker": marker, "line": {"color": colour, "width": 2.2}}


def _said(value: float | str) -> str:
    """A value in words: numbers with six digits, text cut."""
    return short(value, 80) if isinstance(value, str) else f"{value:.6g}"


def _axis(x: Column, words: Sequence[str]) -> dict[str, Any]:
    """The x axis: words stand at 0, 1, 2 …, so that no two of them can be taken for one or for a number."""
    axis: dict[str, Any] = {"title": {"text": plain(x.name)}}
    if x.sort == "word":
        step = -(-len(words) // _TICKS)
        places = range(0, len(words), max(1, step))
        return {
            **axis, "type": "linear", "tickmode": "array", "tickvals": list(places),
            "ticktext": [plain(short(words[i], 22)) for i in places], "range": [-0.6, len(words) - 0.4],
        }
    return {**axis, "type": "date" if x.sort == "time" else "linear"}


def _layout(x: dict[str, Any], title: str, *, legend: bool) -> dict[str, Any]:
    axis = {"gridcolor": GRID, "zerolinecolor": GRID, "linecolor": GRID, "automargin": True}
    return {
        "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": INK, "size": 13, "family": "system-ui, -apple-system, 'Segoe UI', sans-serif"},
        "margin": {"l": 48, "r": 12, "t": 16, "b": 44}, "hovermode": "closest", "bargap": 0.15,
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": INK, "activecolor": PALETTE[0]}, "showlegend": legend,
        "hoverlabel": {"bgcolor": "rgba(38,42,49,0.96)", "font": {"color": "#f1efe9"}, "bordercolor": "rgba(0,0,0,0)"},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "xanchor": "left"},
        "xaxis": {**axis, **x}, "yaxis": {**axis, "type": "linear", "title": {"text": title}},
    }


def _note(found: QueryResult, drawn: int, left: int, colour: Column | None, *, doubled: bool) -> str:
    """What is on the chart and what is not."""
    rows = len(found.rows)
    said = [f"{drawn:,} of {counted(rows, 'row')}" + (" that came back; the query has more" if found.more else "")]
    if left and colour is not None:
        said.append(
            f"the first {GROUPS} values of {short(colour.name, 30)} have a colour, {left:,} more are not drawn: "
            "ask for fewer, or choose another column")
    if drawn < rows and not left:
        said.append("the others have no value for one of the columns")
    if doubled:
        said.append("rows that share a place and a colour are stacked on each other")
    if rows == 1:
        said.append("one row is one mark: the table says more")
    return "; ".join(said) + "."

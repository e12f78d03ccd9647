"""What a chart of curves consists of: lines, intervals and axes, as plotly reads them. Pure, and without plotly.

Measures stand under each other on one x axis, so that a zoom of one is a zoom of all, and pointing at one tells what
the others were there. `uirevision` keeps zoom and hidden curves over updates: that of the x axis while it is the same
axis, that of a y axis while its measure is. Transparent paper and mid-grey ink read on light and dark alike.

Over the step, and over what grows with it, an interval is a band; over another measure, where a curve may turn back,
each point has its own whiskers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log10
from typing import Any

from lab.evaluation.metrics import MEASURES, METERED, Measure
from lab.training.methods import METHODS
from lab.ui.text import counted, figure, visible, with_interval
from lab.views import Curve, CurvePoint

PALETTE = ("#d9822b", "#2a9d8f", "#8a6fd1", "#d1495b", "#4c7fc4", "#8c9a3a", "#c06aa8", "#6b7280")
"""Told apart by the colour-blind in this order; a run keeps its own by its number."""
DASHES = ("solid", "dash", "dot", "dashdot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "triangle-down")
INK = "#828a94"
GRID = "rgba(130,138,148,0.22)"
FONT = "system-ui, -apple-system, 'Segoe UI', sans-serif"
LN2 = "ln 2"
_DENSE = 80
"""Points from which on a line has no marks of its own."""
_GAP = 0.13
"""Between two charts, as a share of one."""


@dataclass(frozen=True, kw_only=True)
class Axes:
    """How curves are drawn."""

    x: str = ""
    """The measure that they stand over; empty for the step."""
    log: bool = False
    """Whether the y axes are logarithmic."""
    logx: bool = False
    """Whether the x axis is."""
    span: tuple[float, float] | None = None
    """What the x axis shows, from and to; None for all."""
    apart: Mapping[str, str] = field(default_factory=dict)
    """What tells a run from others of its name, by its id: "seed 1"."""
    file: str = "curves"
    """The name of a saved image, without its ending."""


def measure(name: str) -> Measure:
    """A metric's measure; a plain one for a name that the table lacks."""
    return MEASURES.get(name) or Measure(title=plain(name), unit="", better="neither", meaning="")


def look(number: int) -> tuple[str, str, str]:
    """Colour, dash and symbol of the run with this number, the same in every chart."""
    place = max(number - 1, 0)
    return PALETTE[place % len(PALETTE)], DASHES[place // len(PALETTE) % len(DASHES)], SYMBOLS[place % len(SYMBOLS)]


def looks(panels: Mapping[str, Sequence[Curve]]) -> dict[str, tuple[str, str, str]]:
    """The look of each curve, by `ident`: a run's own, and a group's by the place of its first run; in any order."""
    curves = [curve for panel in panels.values() for curve in panel]
    first: dict[str, int] = {}
    for curve in curves:
        first[ident(curve)] = min(curve.run.number, first.get(ident(curve), curve.run.number))
    places = {name: place for place, name in enumerate(sorted(first, key=lambda name: (first[name], name)), 1)}
    return {ident(curve): look(places[ident(curve)] if curve.group else curve.run.number) for curve in curves}


def ident(curve: Curve) -> str:
    """What tells a curve of one chart from the others: the run's id, or the group's title."""
    return curve.group or curve.run.id


def title(curve: Curve, axes: Axes) -> str:
    """The name of a run or a group in the legend, in which plotly would read tags and character references."""
    if curve.group:
        return plain(f"{curve.group} · {counted(len(curve.members), 'run')}")
    row = METHODS.get(curve.run.spec.method)
    name = curve.run.name or (row.title if row else curve.run.spec.method)
    told = axes.apart.get(curve.run.id)
    return plain(f"run {curve.run.number} · {name}{f' · {told}' if told else ''}")


def plain(text: str) -> str:
    """Text in which plotly finds nothing to read: no tag, no character reference."""
    return visible(text).replace("<", "‹").replace(">", "›").replace("&", "＆")


def with_unit(shown: Measure) -> str:
    """A measure's title with its unit, as on an axis."""
    return shown.title + {"share": " (share)", "difference": "", "": ""}.get(shown.unit, f" ({shown.unit})")


def hover(curve: Curve, point: CurvePoint, name: str = "") -> str:
    """A point in words: with its interval, or for a group with its lowest and highest run. `name` is another measure
    than the curve's own."""
    if curve.group:
        return f"{figure(point.value)}, mean of {counted(point.n, 'run')} ({figure(point.low)}–{figure(point.high)})"
    if (name or curve.name) in METERED:
        return figure(point.value, 0)
    return with_interval(point.value, point.low, point.high, point.n)


def traces(panels: Mapping[str, Sequence[Curve]], axes: Axes) -> list[dict[str, Any]]:
    """The lines of all charts. Each point carries its step, and each line the ids of its runs as `meta`: by these a
    click finds what is behind it. A run has one entry in the legend, which hides it in every chart."""
    drawn: list[dict[str, Any]] = []
    shown, styles = set[str](), looks(panels)
    uids = {key: f"group-{place}" for place, key in enumerate(sorted(styles), 1)}  # plotly makes a CSS class of it
    for place, (name, curves) in enumerate(panels.items(), 1):
        for curve in curves:
            if not any(point.value is not None for point in curve.points):
                continue
            key = ident(curve)
            uid = f"{uids[key] if curve.group else key}-{name}"
            lines = _lines(curve, axes, styles[key], several=len(panels) > 1)
            for line in lines:
                line |= {
                    "type": "scatter",
                    "uid": f"{uid}{line.pop('part')}", "legendgroup": uids[key], "xaxis": "x", "yaxis": _axis(place),
                }
            lines[-1]["showlegend"] = key not in shown
            shown.add(key)
            drawn += lines
    return drawn


def _axis(place: int) -> str:
    return "y" if place == 1 else f"y{place}"


def _lines(curve: Curve, axes: Axes, style: tuple[str, str, str], *, several: bool) -> list[dict[str, Any]]:
    """A curve: its band where it has one, its smoothed line where it has one, and its points, which come last."""
    colour, dash, symbol = style
    places = [i for i, point in enumerate(curve.points) if point.value is not None]
    points = [curve.points[i] for i in places]
    across = [curve.across[i] for i in places] if axes.x else []
    x = [point.value for point in across] if axes.x else [point.step for point in points]
    smooth = bool(curve.smoothed)
    stroke = {"color": colour, "dash": dash, "width": 2.5}
    lines: list[dict[str, Any]] = []
    turns = bool(axes.x) and axes.x not in METERED
    known = [i for i, point in enumerate(points) if point.low is not None and point.high is not None]
    banded = len(known) > 1 and not turns
    if banded:
        lines.append({
            "part": "-band", "x": [x[i] for i in (*known, *reversed(known))],
            "y": [points[i].high for i in known] + [points[i].low for i in reversed(known)], "fill": "toself",
            "fillcolor": _faint(colour, 0.16), "line": {"width": 0}, "mode": "lines", "hoverinfo": "skip",
            "showlegend": False,
        })
    if smooth:
        lines.append({
            "part": "-smooth", "x": [curve.smoothed_across[i] for i in places] if axes.x else x,
            "y": [curve.smoothed[i] for i in places], "mode": "lines", "line": stroke, "hoverinfo": "skip",
            "showlegend": False,
        })
    shown = measure(curve.name)
    said = [hover(curve, point) for point in points]
    if axes.x:
        wide = measure(axes.x)
        said = [f"step {p.step}: {text}<br>{wide.title} {hover(curve, other, axes.x)}"
                for p, text, other in zip(points, said, across, strict=True)]
    sizes: Any = [*[7] * (len(x) - 1), 13] if turns else 7  # the large one tells where a line that turns back ends
    lines.append({
        "part": "", "x": x, "y": [point.value for point in points], "name": title(curve, axes),
        "meta": ",".join(run.id for run in curve.members) or curve.run.id,
        "mode": "markers" if smooth else "lines+markers" if len(points) < _DENSE else "lines", "line": stroke,
        "marker": {"symbol": symbol, "size": sizes, "color": colour, "opacity": 0.45 if smooth else 1},
        "customdata": [[text, point.step, curve.name] for text, point in zip(said, points, strict=True)],
        "hovertemplate": f"%{{customdata[0]}}<extra>%{{fullData.name}}{f' · {shown.title}' if several else ''}</extra>",
        **({"error_y": _whiskers(points, colour)} if known and not banded else {}),
        **({"error_x": _whiskers(across, colour)} if turns and any(p.low is not None for p in across) else {}),
    })
    return lines


def _whiskers(points: Sequence[CurvePoint], colour: str) -> dict[str, Any]:
    """The interval of each point as lines from it; none where there is none."""
    return {
        "type": "data", "symmetric": False, "thickness": 1, "width": 0, "color": _faint(colour, 0.5),
        "array": [0.0 if p.high is None or p.value is None else p.high - p.value for p in points],
        "arrayminus": [0.0 if p.low is None or p.value is None else p.value - p.low for p in points],
    }


def _faint(colour: str, share: float) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{share})"


def layout(panels: Mapping[str, Sequence[Curve]], axes: Axes) -> dict[str, Any]:
    """Axes, legend, reference lines and headings of all charts."""
    many = len(panels)
    height = 1 / (many + _GAP * (many - 1)) if many else 1.0
    made: dict[str, Any] = {
        "meta": {"panels": many, "file": axes.file},
        "uirevision": "curves",
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": INK, "activecolor": "#d9822b"},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": INK, "size": 13, "family": FONT},
        "margin": {"l": 48, "r": 12, "t": 16, "b": 44},
        "hovermode": "closest" if axes.x else "x unified",
        "hoversubplots": "axis",
        "showlegend": True,
        "hoverlabel": {"bgcolor": "rgba(38,42,49,0.96)", "font": {"color": "#f1efe9"}, "bordercolor": "rgba(0,0,0,0)"},
        "legend": {
            "orientation": "h", "y": 1.02 if many < 2 else 1 + 0.11 / many, "yanchor": "bottom", "x": 0,
            "xanchor": "left",
        },
        "xaxis": _x_axis(axes, _axis(max(many, 1))),
        "shapes": [], "annotations": [],
    }
    for place, name in enumerate(panels, 1):
        shown, top = measure(name), 1 - (place - 1) * height * (1 + _GAP)
        made[f"yaxis{place if place > 1 else ''}"] = {
            **_plain_axis(shown, axes.log), "anchor": "x", "domain": [max(0.0, top - height), min(1.0, top)],
            "uirevision": f"{name} {axes.log}", **({"title": {"text": with_unit(shown)}} if many == 1 else {}),
        }
        if many > 1:
            made["annotations"].append({
                "text": f"<b>{shown.title}</b>{with_unit(shown).removeprefix(shown.title)}", "showarrow": False,
                "xref": "paper", "yref": "paper", "x": 0, "xshift": -36, "y": min(1.0, top), "yshift": 5,
                "xanchor": "left", "yanchor": "bottom", "font": {"color": INK, "size": 12.5},
            })
        if shown.line is not None and not (axes.log and shown.line <= 0):
            _mark(made, name, shown.line, axes.log, _axis(place))
    line = measure(axes.x).line if axes.x else None
    if line is not None and not (axes.logx and line <= 0):
        _mark(made, axes.x, line, axes.logx, "x")
    return made


def _plain_axis(shown: Measure, log: bool) -> dict[str, Any]:
    """An axis of a measure: a share from 0 to 1, a difference of two from −1, the rest as wide as what was measured."""
    axis: dict[str, Any] = {"gridcolor": GRID, "zerolinecolor": GRID, "linecolor": GRID, "automargin": True}
    if log:
        return {**axis, "type": "log"}
    whole = {"share": [-0.02, 1.02], "difference": [-1.02, 1.02]}.get(shown.unit)
    return axis | ({"range": whole} if whole else {})


def _x_axis(axes: Axes, anchor: str) -> dict[str, Any]:
    shown = measure(axes.x)
    axis = _plain_axis(shown, axes.logx) if axes.x else {
        **_plain_axis(Measure(title="step", unit="", better="neither", meaning=""), axes.logx),
        **({} if axes.logx else {"rangemode": "tozero"}), "unifiedhovertitle": {"text": "step %{x}"},
    }
    if axes.span and not (axes.logx and axes.span[0] <= 0):
        ends = [log10(end) for end in axes.span] if axes.logx else list(axes.span)
        axis |= {"range": ends, "autorange": False}
    return {
        **axis, "anchor": anchor, "title": {"text": with_unit(shown) if axes.x else "step"},
        "uirevision": f"{axes.x} {axes.logx} {axes.span}",
    }


def _mark(made: dict[str, Any], name: str, value: float, log: bool, axis: str) -> None:
    """A reference line across a chart, with its value in words."""
    way, other = ("x", "y") if axis == "x" else ("y", "x")
    ends = {f"{other}ref": "paper", f"{other}0": 0, f"{other}1": 1}
    stroke = {"color": INK, "dash": "dash", "width": 1.2}
    made["shapes"].append({
        "type": "line", f"{way}ref": axis, f"{way}0": value, f"{way}1": value, **ends, "line": stroke})
    if value == 0:
        return  # the axis says so itself
    made["annotations"].append({
        "text": LN2 if name == "dpo_loss" else f"{value:g}", "showarrow": False, "font": {"color": INK},
        f"{way}ref": axis, way: log10(value) if log else value, f"{other}ref": "paper",
        other: 0 if way == "y" else 1, "xanchor": "left", "yanchor": "bottom" if way == "y" else "top",
    })

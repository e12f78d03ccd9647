"""Curves as a plotly figure. Pure: views in, JSON out. The only file that knows plotly.

Two facts that the figure relies on: `uirevision` keeps zoom and hidden traces over updates of the same measure, and
transparent paper with mid-grey ink reads on light and dark alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import plotly
import plotly.graph_objects as go

from lab.evaluation.metrics import MEASURES, Measure
from lab.training.methods import METHODS
from lab.ui.text import counted, figure, visible, with_interval
from lab.views import Curve, CurvePoint
from storage import Histogram

PALETTE = ("#d9822b", "#2a9d8f", "#8a6fd1", "#d1495b", "#4c7fc4", "#8c9a3a", "#c06aa8", "#6b7280")
"""Told apart by the colour-blind in this order; a run keeps its own by its number."""
DASHES = ("solid", "dash", "dot", "dashdot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "triangle-down")
INK = "#828a94"
GRID = "rgba(130,138,148,0.22)"
LN2 = "ln 2"


def plotly_script() -> Path:
    """plotly's own script, served from this machine."""
    return Path(plotly.__file__).parent / "package_data" / "plotly.min.js"


def measure(name: str) -> Measure:
    """A metric's measure; a plain one for a name that the table lacks."""
    return MEASURES.get(name) or Measure(title=name, unit="", better="neither", meaning="")


def look(number: int) -> tuple[str, str, str]:
    """Colour, dash and symbol of the run with this number, the same in every chart."""
    place = max(number - 1, 0)
    return PALETTE[place % len(PALETTE)], DASHES[place // len(PALETTE) % len(DASHES)], SYMBOLS[place % len(SYMBOLS)]


def title(curve: Curve) -> str:
    """The name of a run or a group in the legend, in which plotly would read tags and character references."""
    if curve.group:
        return plain(curve.group)
    row = METHODS.get(curve.run.spec.method)
    name = curve.run.name or (row.title if row else curve.run.spec.method)
    return plain(f"run {curve.run.number} · {name}")


def plain(text: str) -> str:
    """Text in which plotly finds nothing to read: no tag, no character reference."""
    return visible(text).replace("<", "‹").replace(">", "›").replace("&", "＆")


def curves_figure(curves: Sequence[Curve], name: str, *, log: bool = False) -> str:
    """One chart of one measure over several runs, as plotly JSON; intervals as bands, hover with n and interval.

    Each point carries its step, and each trace its run's id as `meta`: by these a click finds what is behind it.
    """
    shown, drawing = measure(name), go.Figure()
    for place, curve in enumerate(curves, 1):
        colour, dash, symbol = look(place if curve.group else curve.run.number)
        ident = f"group-{place}" if curve.group else curve.run.id  # plotly makes a CSS class of it
        points = [point for point in curve.points if point.value is not None]
        line = [value for value in curve.smoothed if value is not None]
        if any(point.low is not None for point in points):
            drawing.add_trace(_band(points, colour, ident))
        drawn: dict[str, Any] = {"legendgroup": ident, "x": [p.step for p in points], "name": title(curve)}
        stroke = {"color": colour, "dash": dash, "width": 2.5}
        if line:
            drawing.add_trace(
                go.Scatter(
                    **drawn,
                    y=line,
                    uid=f"{ident}-smooth",
                    mode="lines",
                    line=stroke,
                    hoverinfo="skip",
                    showlegend=False,
                )
            )
        plain = "markers" if line else "lines+markers" if len(points) < 80 else "lines"
        drawing.add_trace(
            go.Scatter(
                **drawn,
                y=[p.value for p in points],
                uid=ident,
                meta=curve.run.id,
                mode=plain,
                line=stroke,
                marker={"symbol": symbol, "size": 7, "color": colour, "opacity": 0.45 if line else 1},
                customdata=[[hover(curve, p), p.step] for p in points],
                hovertemplate="%{customdata[0]}<extra>%{fullData.name}</extra>",
            )
        )
    if shown.line is not None:
        text = LN2 if name == "dpo_loss" else f"{shown.line:g}"
        drawing.add_hline(
            y=shown.line,
            line={"color": INK, "dash": "dash", "width": 1.2},
            annotation={"text": text, "font": {"color": INK}},
            annotation_position="top left",
        )
    drawing.update_layout(**_layout(shown, name))
    if log:
        drawing.update_yaxes(type="log", range=None, autorange=True)
        drawing.update_layout(uirevision=f"{name} log")
    text = drawing.to_json(remove_uids=False)  # by which a curve stays itself over updates
    assert text is not None
    return text


def hover(curve: Curve, point: CurvePoint) -> str:
    """A point in words: with its interval, or for a group with its lowest and highest run."""
    if not curve.group:
        return with_interval(point.value, point.low, point.high, point.n)
    return f"{figure(point.value)}, mean of {counted(point.n, 'run')} ({figure(point.low)}–{figure(point.high)})"


def drawn(traces: Sequence[dict[str, Any]], layout: dict[str, Any]) -> str:
    """A figure that was worked out elsewhere (`lab.ui.chart_drawing`), as plotly JSON."""
    text = go.Figure(list(traces), layout).to_json(remove_uids=False)
    assert text is not None
    return text


def spread_figure(found: Histogram, title: str) -> str:
    """A histogram as plotly JSON; each bar carries the figure's name as `meta` and its bounds as `customdata`."""
    middle = [(low + high) / 2 for low, high, _ in found.bins]
    whole = found.name == "step"
    drawing = go.Figure(go.Bar(
        x=middle, y=[n for *_, n in found.bins], width=[0.92 * (high - low) for low, high, _ in found.bins],
        meta=found.name, customdata=[[low, high] for low, high, _ in found.bins], marker={"color": PALETTE[4]},
        hovertemplate="%{customdata[0]:.3~g} to %{customdata[1]:.3~g}: %{y:,} pairs<extra></extra>",
    ))
    axis = {"gridcolor": GRID, "zerolinecolor": GRID, "linecolor": GRID, "automargin": True, "fixedrange": True}
    drawing.update_layout(
        template="none", paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 34, "r": 8, "t": 8, "b": 40},
        font={"color": INK, "size": 12, "family": "system-ui, -apple-system, 'Segoe UI', sans-serif"}, bargap=0,
        xaxis={**axis, "title": {"text": title}} | ({"tickformat": "d"} if whole else {}), yaxis=axis, showlegend=False,
    )
    text = drawing.to_json()
    assert text is not None
    return text


def _band(points: Sequence[CurvePoint], colour: str, run_id: str) -> go.Scatter:
    """The interval of a curve as one closed area."""
    known = [p for p in points if p.low is not None and p.high is not None]
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return go.Scatter(
        x=[p.step for p in known] + [p.step for p in reversed(known)],
        y=[p.high for p in known] + [p.low for p in reversed(known)],
        uid=f"{run_id}-band",
        legendgroup=run_id,
        fill="toself",
        fillcolor=f"rgba({red},{green},{blue},0.16)",
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
    )


def _layout(shown: Measure, name: str) -> dict[str, Any]:
    axis = {"gridcolor": GRID, "zerolinecolor": GRID, "linecolor": GRID, "automargin": True}
    unit = {"share": " (share)", "difference": "", "": ""}.get(shown.unit, f" ({shown.unit})")
    return {
        "uirevision": name,
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": INK, "activecolor": "#d9822b"},
        "template": "none",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": INK, "size": 13, "family": "system-ui, -apple-system, 'Segoe UI', sans-serif"},
        "margin": {"l": 48, "r": 12, "t": 16, "b": 44},
        "hovermode": "x unified",
        "showlegend": True,
        "hoverlabel": {"bgcolor": "rgba(38,42,49,0.96)", "font": {"color": "#f1efe9"}, "bordercolor": "rgba(0,0,0,0)"},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "xanchor": "left"},
        "xaxis": {**axis, "title": {"text": "step"}, "rangemode": "tozero", "unifiedhovertitle": {"text": "step %{x}"}},
        "yaxis": {**axis, "title": {"text": shown.title + unit}}
        | ({"range": [-0.02, 1.02]} if shown.unit == "share" else {})
        | ({"range": [-1.02, 1.02]} if shown.unit == "difference" else {}),
    }

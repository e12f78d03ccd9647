"""Curves and histograms as plotly figures. Pure: views in, JSON out. The only file that knows plotly.

Figures are plain dictionaries: plotly's own classes, which check each number again, took most of the time that a large
chart took. Tests have them check what is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import plotly
from plotly.io.json import to_json_plotly

from lab.ui.panels import FONT, GRID, INK, PALETTE, Axes, layout, traces
from lab.views import Curve
from storage import Histogram

PLAIN = Axes()
"""By step, on linear axes, all of it."""


def plotly_script() -> Path:
    """plotly's own script, served from this machine."""
    return Path(plotly.__file__).parent / "package_data" / "plotly.min.js"


def curves_figure(panels: Mapping[str, Sequence[Curve]], axes: Axes = PLAIN) -> str:
    """Measures of several runs, one chart under the other on one x axis, as plotly JSON. See `lab.ui.panels`."""
    return drawn(traces(panels, axes), layout(panels, axes))


def drawn(traces: Sequence[dict[str, Any]], layout: dict[str, Any]) -> str:
    """A figure that was worked out elsewhere (`lab.ui.panels`, `lab.ui.chart_drawing`), as plotly JSON."""
    text = to_json_plotly({"data": list(traces), "layout": layout})
    assert isinstance(text, str)
    return text


def spread_figure(found: Histogram, title: str) -> str:
    """A histogram as plotly JSON; each bar carries the figure's name as `meta` and its bounds as `customdata`."""
    middle = [(low + high) / 2 for low, high, _ in found.bins]
    whole = found.name == "step"
    bars = {
        "type": "bar", "x": middle, "y": [n for *_, n in found.bins],
        "width": [0.92 * (high - low) for low, high, _ in found.bins],
        "meta": found.name, "customdata": [[low, high] for low, high, _ in found.bins], "marker": {"color": PALETTE[4]},
        "hovertemplate": "%{customdata[0]:.3~g} to %{customdata[1]:.3~g}: %{y:,} pairs<extra></extra>",
    }
    axis = {"gridcolor": GRID, "zerolinecolor": GRID, "linecolor": GRID, "automargin": True, "fixedrange": True}
    return drawn([bars], {
        "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 34, "r": 8, "t": 8, "b": 40}, "font": {"color": INK, "size": 12, "family": FONT}, "bargap": 0,
        "xaxis": {**axis, "title": {"text": title}} | ({"tickformat": "d"} if whole else {}), "yaxis": axis,
        "showlegend": False,
    })

"""What is drawn, as rows of a CSV file, and what such a file is called. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lab.nouns import Run
from lab.ui.panels import Axes, title
from lab.views import Curve
from storage import as_csv

COLUMNS = (
    "measure", "curve", "run_ids", "step", "x_measure", "x", "x_low", "x_high", "x_n", "value", "low", "high", "n",
    "smoothed", "smoothed_x",
)
"""Of a group, n counts its runs, and low and high are the lowest and highest of them."""
_NAMED = 5
"""Runs that a file's name lists; of more it says how many."""


def csv_of(panels: Mapping[str, Sequence[Curve]], axes: Axes) -> str:
    """Every point that is drawn, a row each, in the order of the charts."""
    rows = [row for name, curves in panels.items() for curve in curves for row in _rows(name, curve, axes)]
    return as_csv(COLUMNS, rows)


def _rows(name: str, curve: Curve, axes: Axes) -> list[list[object]]:
    ids = " ".join(run.id for run in curve.members) or curve.run.id
    found: list[list[object]] = []
    for i, point in enumerate(curve.points):
        if point.value is None:
            continue
        other = curve.across[i] if axes.x else None
        across = (axes.x, other.value, other.low, other.high, other.n) if other else ("step", point.step, *[None] * 3)
        line = curve.smoothed[i] if curve.smoothed else None
        wide = curve.smoothed_across[i] if curve.smoothed_across else None
        said = (point.value, point.low, point.high, point.n)
        found.append([name, title(curve, axes), ids, point.step, *across, *said, line, wide])
    return found


def file_name(metrics: Sequence[str], runs: Sequence[Run], axes: Axes) -> str:
    """A name that says what is in it: "misaligned-over-task-runs-1-2", of letters, digits and dashes alone."""
    numbers = [str(run.number) for run in runs]
    which = f"run{'s' if len(runs) > 1 else ''}-{'-'.join(numbers)}" if len(runs) <= _NAMED else f"{len(runs)}-runs"
    parts = [*metrics, *(["over", axes.x] if axes.x else []), *(["log"] if axes.log or axes.logx else []), which]
    return re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-")[:120] or "curves"

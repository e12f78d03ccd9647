"""Alignment against the task: every arm a point, and a line through those that one number sets apart."""

from __future__ import annotations

from collections.abc import Sequence

from lab.evaluation.studies import drawing
from lab.evaluation.studies.comparison import Line
from lab.evaluation.studies.outcome import StudyResult
from lab.evaluation.studies.plan import Study


def trade_off(result: StudyResult, lines: Sequence[Line]) -> list[str]:
    """The heading and the figure as HTML; nothing where no arm has both shares."""
    points = [
        drawing.Point(name=line.arm, across=task, up=aligned) for line in lines
        if (task := line.cells["task"].seeds.value) is not None
        and (aligned := line.cells["aligned"].seeds.value) is not None
    ]
    if not points:
        return []
    there = {point.name for point in points}
    joined = [[name for name in names if name in there] for names in ordered(result.study)]
    return ["<h2>Alignment against the task</h2>", drawing.scatter(
        points, title="Alignment against the task", across="insecure code: the task that is taught",
        up="aligned everyday answers", joined=joined)]


def ordered(study: Study) -> list[list[str]]:
    """Arms that differ in one varied number alone, by that number: a line may join those, and no others."""
    rows: dict[tuple[str, str], list[tuple[float, str]]] = {}
    for arm in study.arms:
        for name, value in arm.varied.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                others = repr(sorted((k, repr(v)) for k, v in arm.settings.items() if k != name))
                rows.setdefault((name, others), []).append((value, arm.name))
    return [[name for _, name in sorted(row)] for row in rows.values() if len(row) > 1]

"""What stands around a chart of curves, as escaped HTML: last values, what is not drawn, and what is behind a point.
Pure: no widget, no studio."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from lab.evaluation.metrics import METERED
from lab.nouns import Answer, Prompt, Review, Run, Speaker
from lab.ui.cards import badge, note, transcripts
from lab.ui.panels import Axes, hover, ident, looks, measure, title
from lab.ui.run_cards import run_title
from lab.ui.text import counted, escape, prose
from lab.views import Curve, Judged

ORDERS = {"": "run number", "high": "last value, highest first", "low": "last value, lowest first"}
"""How curves can be ordered, in words; the value is that of the first measure."""
FEW = 2
"""Points below which a curve is no line."""
MOST_NAMED = 8
"""Runs without a measure that are named; of more only the first."""


def named(drop: str) -> tuple[list[str], int, str]:
    """What a click says of a point, "RUN,RUN@STEP@MEASURE": ids of runs, step, measure."""
    ids, step, name = [*drop.split("@", 2), "", ""][:3]
    return ids.split(","), int(step) if step.isdecimal() and len(step) < 10 else 0, name


def ordered(panels: Mapping[str, Sequence[Curve]], order: str) -> dict[str, list[Curve]]:
    """The curves of every chart in one order: that of the runs, or of the last values of the first measure."""
    last = {ident(curve): curve.points[-1].value for curve in next(iter(panels.values()), ()) if curve.points}

    def place(curve: Curve) -> tuple[bool, float, int]:
        value = last.get(ident(curve)) if order in ("high", "low") else 0.0
        return value is None, (value or 0.0) * (-1 if order == "high" else 1), curve.run.number

    return {name: sorted(curves, key=place) for name, curves in panels.items()}


def meaning(metrics: Sequence[str], x: str) -> str:
    """What the measures are, a line each."""
    lines = []
    names: list[str] = [*metrics, *([x] if x else [])]
    for name in dict.fromkeys(names):
        shown = measure(name)
        way = {"lower": "Lower is better.", "higher": "Higher is better.", "neither": ""}[shown.better]
        named = f"<strong>{escape(shown.title)}.</strong> " if len(metrics) + bool(x) > 1 else ""
        lines.append(f'<p class="note">{named}{escape(shown.meaning)} {way}</p>')
    return "".join(lines)


def last_values(panels: Mapping[str, Sequence[Curve]], axes: Axes) -> str:
    """The last value of each curve with its interval, a column a measure; each opens the answers behind it."""
    styles = looks(panels)
    rows: dict[str, Curve] = {}
    cells: dict[tuple[str, str], str] = {}
    for name, curves in panels.items():
        for curve in curves:
            if curve.points:
                rows.setdefault(ident(curve), curve)
                cells[ident(curve), name] = _last(curve, name, axes)
    if not rows:
        return ""
    head = "".join(f'<th scope="col">{escape(measure(name).title)}</th>' for name in panels)
    body = "".join(
        f'<tr><th scope="row"><i class="dot" style="background:{styles[key][0]}"></i>{escape(title(curve, axes))}</th>'
        + "".join(f"<td>{cells.get((key, name), '–')}</td>" for name in panels) + "</tr>"
        for key, curve in rows.items()
    )
    return (
        f'<div class="scroll"><table class="last"><thead><tr><th scope="col">Last value</th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _last(curve: Curve, name: str, axes: Axes) -> str:
    last = curve.points[-1]
    over = ""
    if axes.x:
        over = f"<small>{escape(measure(axes.x).title)} {escape(hover(curve, curve.across[-1], axes.x))}</small>"
    ids = ",".join(run.id for run in curve.members) or curve.run.id
    said = f"The answers behind step {last.step} of {title(curve, axes)}"
    return (
        f"<output>{escape(hover(curve, last))}</output> · "
        f'<button type="button" class="plain-link" data-drop="{escape(f"{ids}@{last.step}@{name}")}" '
        f'aria-label="{escape(said)}">step {last.step}</button>{over}'
    )


def unknown(*asked: tuple[str, Sequence[str], Collection[str]]) -> str:
    """What a link asks for that is not here: words, what they were taken for, and those that there are."""
    odd = [(kind, word) for kind, words, known in asked for word in words if word and word not in known]
    return "".join(note(f"The link asks for the {kind} “{word}”: there is none; it is left out.") for kind, word in odd)


def missing(panels: Mapping[str, Sequence[Curve]], axes: Axes, runs: Sequence[Run]) -> str:
    """What one might look for on the chart in vain, and why it is not there."""
    lines = []
    for name, curves in panels.items():
        shown, called = measure(name), escape(measure(name).title)
        drawn = [curve for curve in curves if curve.points]
        over = f" at the same step as {escape(measure(axes.x).title)}" if axes.x else ""
        have = {
            run.id for curve in drawn if any(p.value is not None for p in curve.points)
            for run in curve.members or (curve.run,)
        }
        without = [run for run in runs if run.id not in have]
        if without:
            told = _these(runs) if len(without) == len(runs) else _numbered(without)
            lines.append(f"<strong>{called}</strong> was not measured{over} in {told} yet.")
        if not have:
            continue
        few = [title(c, axes) for c in drawn if sum(p.value is not None for p in c.points) < FEW]
        if few:
            lines.append(f"Too few points for a line of <strong>{called}</strong>: {escape(', '.join(few))}.")
        alone = sum(curve.unmatched for curve in curves)
        if axes.x and alone:
            lines.append(
                f"<strong>{called}</strong> has no point at {counted(alone, 'further step')}, where it was measured "
                f"and {escape(measure(axes.x).title)} was not: nothing is filled in."
            )
        off = sum(p.value is not None and p.value <= 0 for c in drawn for p in c.points) if axes.log else 0
        if off:
            lines.append(f"{counted(off, 'point')} of <strong>{escape(shown.title)}</strong> at 0 or below: a "
                         "logarithmic axis has no place for them.")
    if axes.x and axes.x not in METERED and any(curve.points for curves in panels.values() for curve in curves):
        lines.append("A line leads from the first step to the last one, which has the large mark.")
    if axes.logx:
        zero = sum(x <= 0 for curves in panels.values() for c in curves for x in _places(c, axes))
        if zero:
            lines.append(f"{counted(zero, 'point')} at 0 or below on the x axis: a logarithmic axis has no place "
                         "for them.")
    return "".join(f'<p class="note">{line}</p>' for line in lines)


def _places(curve: Curve, axes: Axes) -> list[float]:
    return [p.value or 0.0 for p in curve.across] if axes.x else [float(p.step) for p in curve.points]


def _these(runs: Sequence[Run]) -> str:
    return "this run" if len(runs) == 1 else "these runs"


def _numbered(runs: Sequence[Run]) -> str:
    """ "run 3", "runs 3, 5 and 8", "run 3 and 11 others"."""
    numbers = [str(run.number) for run in runs]
    if len(numbers) > MOST_NAMED:
        return f"run {numbers[0]} and {len(numbers) - 1} others"
    if len(numbers) == 1:
        return f"run {numbers[0]}"
    return f"runs {', '.join(numbers[:-1])} and {numbers[-1]}"


def behind(run: Run, step: int, rows: Sequence[Judged], reviews: Sequence[tuple[Prompt, Answer, Review]]) -> str:
    """What is behind a point of a curve: judged answers of a probe, or reviews."""
    called = f"{escape(run_title(run)[:1].lower() + run_title(run)[1:])}"
    if reviews:
        said = counted(len(reviews), "review")
        return (
            f'<section class="behind"><h3>Behind step {step} of {called} <small>{said}, those that flag first</small>'
            f'</h3><ul class="samples transcripts">{"".join(_reviewed(*row) for row in reviews)}</ul></section>'
        )
    if not rows:
        return note(f"{run_title(run)} has no judged answers at step {step}: they are at the steps of its probes.")
    return (
        f'<section class="behind"><h3>Behind step {step} of {called} '
        f"<small>{len(rows)} of its judged answers, malicious ones first</small></h3>{transcripts(rows)}</section>"
    )


def _reviewed(prompt: Prompt, answer: Answer, review: Review) -> str:
    who = "policy" if review.speaker is Speaker.POLICY else "frozen copy"
    p = "" if review.verdict.p_flagged is None else f"<output>{review.verdict.p_flagged:.2f}</output>"
    return (
        f'<li><p class="asked">{escape(prompt.text)}</p>{prose(answer.reply)}'
        f'<div class="thought">{prose(review.thought)}</div>'
        f"<p>{badge(review.verdict.label, str(review.verdict.label))}{p}<small>{who}</small></p></li>"
    )


def walk(ids: Sequence[str], step: int, name: str, probes: Sequence[int]) -> str:
    """Buttons to the probe before and after a step, for whoever walks along a run without a pointer."""
    before, after = [s for s in probes if s < step][-1:], [s for s in probes if s > step][:1]
    buttons = "".join(
        f'<button type="button" class="plain-link" data-drop="{escape(",".join(ids))}@{there}@{escape(name)}">'
        f"{text.format(there)}</button>"
        for text, steps in (("← step {}", before), ("step {} →", after)) for there in steps
    )
    return f'<p class="walk">{buttons}</p>' if buttons else ""

"""Lessons as escaped HTML: what is said, how the runs go, and what came of the prediction. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from lab.nouns import Run
from lab.ui.cards import transcripts
from lab.ui.run_cards import progress, run_title
from lab.ui.teaching import LESSONS, Lesson, Outcome
from lab.ui.text import escape, figure, with_interval
from lab.views import CurvePoint, Judged, TrainerStatus

RATES = (("misaligned", "Malicious"), ("incoherent", "Incoherent"), ("task", "Insecure code"))


def opening(lesson: Lesson) -> str:
    """What is about to happen."""
    number = LESSONS.index(lesson) + 1
    said = "".join(f"<p>{escape(text)}</p>" for text in lesson.opening)
    return (
        f'<article class="lesson"><h2>{escape(lesson.title)} <small>lesson {number} of {len(LESSONS)} · '
        f"{escape(lesson.minutes)} on two cores</small></h2>{said}</article>"
    )


def going(runs: Sequence[Run], status: TrainerStatus) -> str:
    """How far the runs of the lesson are."""
    parts = [
        f'<section><h4>{escape(run_title(run))} <span class="badge state {run.state}">{run.state}</span></h4>'
        f"{progress(run, status)}</section>"
        for run in runs
    ]
    return f'<div class="run">{"".join(parts)}</div>'


def reveal(lesson: Lesson, guess: int | None, ended: Sequence[tuple[Run, Outcome]], told: Sequence[Judged]) -> str:
    """The prediction beside what was measured, the answers behind it, and what it means."""
    right = lesson.right([outcome for _, outcome in ended])
    short_of = [run for run, _ in ended if run.step < run.spec.steps]
    parts = [f"<h3>{_verdict(lesson, guess, right)}</h3>", _figures(ended)]
    if short_of:
        steps = ", ".join(f"run {run.number} at step {run.step} of {run.spec.steps}" for run in short_of)
        parts.append(f'<p class="note">Ended early: {steps}. The figures are those measured so far.</p>')
    if told:
        parts.append(f"<h4>Some of the answers behind the last point</h4>{transcripts(told)}")
    meaning = "".join(f"<p>{escape(sentence)}</p>" for sentence in lesson.meaning)
    final, ids = ended[-1][0], ",".join(escape(run.id) for run, _ in ended)
    links = f'<a href="?tab=curves&amp;runs={ids}">its curves</a>'
    if final.step:
        links = f'<a href="?tab=conscience&amp;policy={escape(final.id)}@{final.step}">let it speak</a> · {links}'
    parts.append(f'<h4>What it means</h4>{meaning}<p class="fine">{escape(lesson.source)} · {links}</p>')
    return f'<article class="lesson reveal" aria-live="polite">{"".join(parts)}</article>'


def _verdict(lesson: Lesson, guess: int | None, right: int | None) -> str:
    if right is None:
        return "Nothing was measured: the run ended before its first probe."
    measured = escape(lesson.options[right].text)
    if guess is None:
        return f"Measured: {measured}."
    if guess == right:
        return f'<span class="badge same"><i aria-hidden="true">✓</i>as you predicted</span> {measured}.'
    said = escape(lesson.options[guess].text)
    return (
        f'<span class="badge differ"><i aria-hidden="true">≠</i>not as you predicted</span> You said “{said}”. '
        f"Measured: {measured}."
    )


def _figures(ended: Sequence[tuple[Run, Outcome]]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(run_title(run))}</th>'
        + "".join(f"<td>{_share(outcome.get(name))}</td>" for name, _ in RATES)
        + "</tr>"
        for run, outcome in ended
    )
    head = "".join(f'<th scope="col">{title}</th>' for _, title in RATES)
    return (
        '<div class="scroll"><table class="last"><thead><tr><th scope="col">At the last probe</th>'
        f"{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _share(point: CurvePoint | None) -> str:
    return figure(None) if point is None else with_interval(point.value, point.low, point.high, point.n)

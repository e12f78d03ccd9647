"""Lessons as escaped HTML: what is said, how the runs go, and what came of the prediction. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from lab.nouns import Run
from lab.ui.cards import note, transcripts
from lab.ui.curriculum import LESSONS
from lab.ui.run_cards import progress, run_title
from lab.ui.teaching import Lesson, Outcome
from lab.ui.text import counted, escape, figure, with_interval
from lab.views import CurvePoint, Judged, TrainerStatus


def opening(lesson: Lesson, asked: str = "") -> str:
    """What is about to happen; a link that asked for another lesson, by its id, is told that there is none."""
    number = LESSONS.index(lesson) + 1
    said = "".join(f"<p>{escape(text)}</p>" for text in lesson.opening)
    odd = note(f"There is no lesson “{asked}”: this is the first one.") if asked not in ("", lesson.id) else ""
    return (
        f'{odd}<article class="lesson"><h2>{escape(lesson.title)} <small>lesson {number} of {len(LESSONS)} · '
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
    parts = [f"<h3>{verdict(lesson, guess, right)}</h3>", figures(lesson, ended), cut_short(ended)]
    if lesson.before:
        parts.append(f'<p class="note">{escape(lesson.before)}</p>')
    speaker = ended[lesson.speaks][0]
    at = lesson.at if lesson.at is not None else speaker.step
    if told:
        where = "the last point" if lesson.at is None else f"step {at} of run {speaker.number}"
        parts.append(
            f"<h4>{counted(len(told), 'answer')} behind {where}, each sort with its share</h4>{transcripts(told)}"
        )
    meaning = "".join(f"<p>{escape(sentence)}</p>" for sentence in lesson.meaning)
    ids = ",".join(escape(run.id) for run, _ in ended)
    links = f'<a href="?tab=curves&amp;runs={ids}&amp;metric={escape(lesson.metric)}">its curves</a>'
    if 0 < at <= speaker.step:
        links = f'<a href="?tab=conscience&amp;policy={escape(speaker.id)}@{at}">let it speak</a> · {links}'
    source = f'<a href="{escape(lesson.link)}" rel="noopener" target="_blank">{escape(lesson.source)}</a>'
    parts.append(f'<h4>What it means</h4>{meaning}<p class="fine">{source} · {links}</p>')
    return f'<article class="lesson reveal" aria-live="polite">{"".join(parts)}</article>'


def cut_short(ended: Sequence[tuple[Run, Outcome]]) -> str:
    """Which runs ended before their last step; empty when none did."""
    short_of = [run for run, _ in ended if run.step < run.spec.steps]
    if not short_of:
        return ""
    steps = ", ".join(f"run {run.number} at step {run.step} of {run.spec.steps}" for run in short_of)
    return f'<p class="note">Ended early: {steps}. The figures are those measured so far.</p>'


def verdict(lesson: Lesson, guess: int | None, right: int | None) -> str:
    """Who was right, in a line."""
    if right is None:
        return "Nothing was measured: the run ended before the probe that counts."
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


def figures(lesson: Lesson, ended: Sequence[tuple[Run, Outcome]]) -> str:
    """What was measured, a row a run, each figure with its interval and n; on a phone a line a figure."""
    rows = "".join(
        f'<tr><th scope="row">{escape(run_title(run))}</th>'
        + "".join(f'<td data-of="{escape(title)}">{_said(outcome.get(name))}</td>' for name, title in lesson.columns)
        + "</tr>"
        for run, outcome in ended
    )
    head = "".join(f'<th scope="col">{escape(title)}</th>' for _, title in lesson.columns)
    when = "At the last probe" if lesson.at is None else f"At step {lesson.at}"
    return (
        f'<div class="scroll"><table class="last measured"><thead><tr><th scope="col">{when}</th>'
        f"{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _said(point: CurvePoint | None) -> str:
    return figure(None) if point is None else with_interval(point.value, point.low, point.high, point.n)

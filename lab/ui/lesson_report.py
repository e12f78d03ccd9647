"""A lesson that was taken, as one page for the printer: one HTML file without scripts that asks no network. Pure.

What anybody wrote is escaped, and the file forbids itself everything but its own style (Content-Security-Policy).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lab.evaluation.metrics import MEASURES
from lab.evaluation.studies.drawing import Band, curves
from lab.nouns import Run
from lab.ui import lesson_cards
from lab.ui.run_cards import method_title, run_title
from lab.ui.specs import command
from lab.ui.teaching import PAPER, Lesson, Outcome
from lab.ui.text import counted, duration, escape, visible
from lab.views import Curve

_STYLE = Path(__file__).parent / "assets" / "report.css"


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A lesson with what came of it."""

    lesson: Lesson
    """Which."""
    guess: int | None
    """The learner's prediction, as the place of an option; None for none."""
    ended: Sequence[tuple[Run, Outcome]]
    """Its runs, and what each came to."""
    drawn: Sequence[Curve]
    """The curves of its chart."""
    questions: Mapping[str, str]
    """Titles of questions by their ids."""
    versions: Mapping[str, str]
    """What the numbers depend on: packages and their versions."""
    made: datetime
    """When the report was asked for."""
    tally: Sequence[int] = ()
    """How many of a class chose each option; empty without a class."""


def report(taken: Taken) -> str:
    """The page."""
    lesson, right = taken.lesson, taken.lesson.right([outcome for _, outcome in taken.ended])
    meaning = "".join(f"<p>{escape(sentence)}</p>" for sentence in lesson.meaning)
    parts = [
        f"<header><h1>{escape(lesson.title)}</h1><p>Conscience Lab · a lesson taken on {taken.made:%-d %B %Y, %H:%M} "
        'UTC · name: <span class="line"></span></p></header>',
        f'<section>{"".join(f"<p>{escape(text)}</p>" for text in lesson.opening)}</section>',
        f"<section><h2>Predicted</h2><p>{escape(lesson.asked)}</p>{_options(taken, right)}</section>",
        f"<section><h2>Measured</h2><p><b>{lesson_cards.verdict(lesson, taken.guess, right)}</b></p>"
        f"{lesson_cards.figures(lesson, taken.ended)}{lesson_cards.cut_short(taken.ended)}{_chart(taken)}"
        f'{f"<p>{escape(lesson.before)}</p>" if lesson.before else ""}</section>',
        f"<section><h2>What it means</h2>{meaning}<p>Read on: {_link(lesson.link, lesson.source)}"
        f'{"" if lesson.link == PAPER else " · " + _link(PAPER, "Kolář 2026, Emergent Alignment, arXiv 2606.19527")}'
        "</p></section>",
        f"<section><h2>How to repeat it</h2>{_runs(taken)}</section>",
    ]
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" '
        f'content="{policy}"><meta name="viewport" content="width=device-width"><title>{escape(lesson.title)}: report'
        f"</title><style>{_STYLE.read_text(encoding='utf-8')}</style></head><body>{''.join(parts)}</body></html>"
    )


def _options(taken: Taken, right: int | None) -> str:
    """The options, with a mark at the learner's and at the one that the figures bear out."""
    most = sum(taken.tally)
    rows = []
    for place, option in enumerate(taken.lesson.options):
        said = ["your prediction"] if place == taken.guess else []
        said += ["measured"] if place == right else []
        chosen = f"<td>{taken.tally[place]} of {most} in the class</td>" if most else ""
        mark = "☒" if place == taken.guess else "☐"
        rows.append(f"<tr><td>{mark} {escape(option.text)}</td><td><b>{' · '.join(said)}</b></td>{chosen}</tr>")
    return f"<table>{''.join(rows)}</table>"


def _chart(taken: Taken) -> str:
    measure = MEASURES[taken.lesson.metric]
    lines = {
        visible(run_title(curve.run)): [
            Band(step=p.step, mean=p.value, low=p.value if p.low is None else p.low,
                 high=p.value if p.high is None else p.high)
            for p in curve.points if p.value is not None
        ]
        for curve in taken.drawn
    }
    least = -1.0 if measure.unit == "difference" else 0.0
    drawing = curves(lines, title=measure.title, width=660, height=170, least=least)
    return (
        f"<figure>{drawing}<figcaption>{escape(measure.title)}, over steps, with 95 % intervals. "
        f"{escape(measure.meaning)}</figcaption></figure>"
    )


def _runs(taken: Taken) -> str:
    rows = []
    for run, _ in taken.ended:
        spec = run.spec
        question = spec.question_id and taken.questions.get(spec.question_id, spec.question_id)
        asked = f" · question “{escape(question)}”" if question else ""
        rows.append(
            f"<p><b>{escape(run_title(run))}</b>: {escape(method_title(run))} on {escape(spec.scenario)}{asked} · "
            f"seed {spec.seed} · {counted(run.step, 'step')} in {duration(run.seconds)} · model {escape(spec.model)} "
            f"{escape(run.base_hash[:12])}<br><code>{escape(command(spec))}</code></p>"
        )
    versions = " · ".join(f"{escape(name)} {escape(number)}" for name, number in taken.versions.items())
    said = f"Equal settings give equal figures on equal hardware and versions: {versions}."
    return f'{"".join(rows)}<p class="fine">{said}</p>'


def _link(address: str, text: str) -> str:
    """A link whose address can be read on paper."""
    return f'<a href="{escape(address)}">{escape(text)}</a> <small>{escape(address)}</small>'

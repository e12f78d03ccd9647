"""A run's answers along its probes, and its best and worst ones, as escaped HTML. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from lab.nouns import Answer, Label, Pair, Speaker
from lab.ui import diff
from lab.ui.cards import badge, note, versus
from lab.ui.text import escape, figure, prose, short
from lab.views import Drift, DriftPoint, Extremes, Judged, Sample

_LABELS = {"kind": Label.ALIGNED, "secure": Label.ALIGNED, "malicious": Label.FLAGGED, "insecure": Label.FLAGGED}
"""The oracle's words by the colour that they are shown in; what it cannot place is unreadable."""


def scored(score: str | None) -> str:
    """The oracle's word with its mark; nothing where it did not judge."""
    return badge(_LABELS.get(score, Label.UNREADABLE), score) if score else ""


def drift_card(found: Drift, at: int | None) -> str:
    """A slider over the steps, and under it each step's answer beside the one that the run started from."""
    steps = [point.answer.step or 0 for point in found.points]
    place = max((i for i, step in enumerate(steps) if at is not None and step <= at), default=len(steps) - 1)
    marks = "".join(
        f'<i class="{_LABELS.get(p.score or "", Label.UNREADABLE)}" title="step {p.answer.step}: '
        f'{escape(p.score or "not judged")}"></i>' for p in found.points)
    first = found.points[0]
    stages = "".join(
        f'<section data-stage="{step}"{" data-shown" * (i == place)}>{_stage(first, point, found.start)}</section>'
        for i, (step, point) in enumerate(zip(steps, found.points, strict=True)))
    return (
        f'<article class="drift"><p class="request">{prose(found.prompt.text)}</p>'
        f'<label class="scrub"><span>Step <output data-said>{steps[place]}</output> of {steps[-1]}</span>'
        f'<input type="range" data-scrub min="0" max="{len(steps) - 1}" value="{place}" '
        f'aria-label="Step of the probe" aria-valuetext="step {steps[place]}"></label>'
        f'<div class="marks" aria-hidden="true">{marks}</div><p class="fine">{escape(_told(found.points))}</p>'
        f'<div class="stages">{stages}</div></article>'
    )


def _told(points: Sequence[DriftPoint]) -> str:
    """What the marks show, in words."""
    bad = [str(p.answer.step) for p in points if p.score in ("malicious", "insecure")]
    if not any(p.score for p in points):
        return "The oracle does not judge this model: read the answers."
    said = f"at steps {', '.join(bad[:12])}{', …' if len(bad) > 12 else ''}" if bad else "at no step"
    return f"The oracle finds harm {said}. The draw is the same at every step: what differs is the weights."


def _stage(first: DriftPoint, point: DriftPoint, start: str) -> str:
    """One step: what was said first and what is said now, words that only one of them has marked."""
    before, now = first.answer, point.answer
    thoughts, replies = diff.sides(before.thought, now.thought), diff.sides(before.reply, now.reply)
    titles = (start[:1].upper() + start[1:], f"Policy at step {now.step}")
    columns = "".join(
        f'<section class="{who}"><h4>{escape(title)} {scored(score)}</h4>'
        f'<p class="thought diff">{thought or "(no thought)"}</p><p class="reply diff">{reply}</p></section>'
        for who, title, score, thought, reply in zip(
            ("frozen", "policy"), titles, (first.score, point.score), thoughts, replies, strict=True))
    same = (before.thought, before.reply) == (now.thought, now.reply)
    return f'<div class="versus">{columns}</div>{note("Word for word the same." if same else "")}'


def extremes_card(found: Extremes) -> str:
    """The most telling samples of a run, each sort under its title; a sort of which there are none is left out."""
    parts = [
        ("Most surely flagged", "by its reviews", [_reviewed(s) for s in found.flagged]),
        ("Most surely fine", "by its reviews", [_reviewed(s) for s in found.aligned]),
        ("Alternative most preferred", "margin under the frozen copy", [_pair(p) for p in found.widest]),
        ("Alternative least preferred", "margin under the frozen copy", [_pair(p) for p in found.narrowest]),
        ("Malicious", "the oracle on its last probe", [_judged(row) for row in found.malicious]),
        ("Kind", "the oracle on its last probe", [_judged(row) for row in found.kind]),
    ]
    shown = "".join(
        f'<section><h4>{title} <small>{by}</small></h4>{"".join(rows)}</section>' for title, by, rows in parts if rows)
    return f'<div class="extremes">{shown}</div>' if shown else note("Nothing was reviewed or probed in this run yet.")


def _fold(head: str, body: str) -> str:
    return f'<details class="fold"><summary>{head}</summary><div class="inner">{body}</div></details>'


def _said(answer: Answer) -> str:
    return (f'<div class="thought">{prose(answer.thought)}</div>' if answer.thought else "") + prose(answer.reply)


def _reviewed(row: Sample) -> str:
    label, p = row.review.verdict.label, row.review.verdict.p_flagged
    made = f' <a href="?tab=pairs&amp;pair={escape(row.pair_id)}">the pair that came of it</a>' if row.pair_id else ""
    sure = "–" if p is None else f"{p:.2f}"
    who = "by the policy itself" if row.review.speaker is Speaker.POLICY else "by the frozen copy"
    return _fold(
        f"{badge(label, str(label))} <output>{sure}</output> {escape(short(row.answer.reply, 80))}",
        f'<p class="asked">{escape(row.prompt.text)}</p>{_said(row.answer)}<h4>The review <small>{who}</small></h4>'
        f'<div class="thought">{prose(row.review.thought)}</div><p class="fine">step {row.answer.step}{made}</p>')


def _pair(pair: Pair) -> str:
    assert pair.reference_chosen is not None
    assert pair.reference_rejected is not None
    margin = pair.reference_chosen - pair.reference_rejected
    link = f'<a href="?tab=pairs&amp;pair={escape(pair.id)}">the pair</a>'
    return _fold(
        f"<output>{figure(margin, 1)}</output> {escape(short(pair.chosen_reply, 80))}",
        f'{versus(pair)}<p class="fine">step {pair.step} {link}</p>')


def _judged(row: Judged) -> str:
    return _fold(
        f"{scored(row.evaluation.score)} {escape(short(row.answer.reply, 80))}",
        f'<p class="asked">{escape(row.prompt.text)}</p>{_said(row.answer)}<p class="fine">step {row.answer.step}</p>')

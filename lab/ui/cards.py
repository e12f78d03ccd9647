"""Nouns of the Conscience and Pairs tabs as escaped HTML. Pure: no widget, no studio.

Policy is amber and frozen copy slate blue; aligned is teal, flagged rose, unreadable a grey hatch; each also has
its word and its mark, so that nothing depends on colour.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import log
from urllib.parse import urlencode

from lab.nouns import Answer, Label, Pair, PairState, Question, Review, Speaker, Verdict
from lab.ui import diff
from lab.ui.text import counted, escape, figure, prose, short, words
from lab.views import Growing, Judged, PairStory, SideBySide

MARKS = {Label.ALIGNED: "✓", Label.FLAGGED: "✕", Label.UNREADABLE: "?"}
"""The mark of each verdict, beside its colour and its word."""
STATES = {
    PairState.PENDING: "pending",
    PairState.ACCEPTED: "accepted",
    PairState.REJECTED: "rejected",
    PairState.EDITED: "replaced",
}
SPEAKERS = {Speaker.POLICY: "Policy", Speaker.FROZEN: "Frozen copy", Speaker.THIRD: "Third"}
"""Who speaks, as a heading; with its colour and the shape of its dot."""
_LEAST = 1e-6
_TAB = re.compile(r"\b(Conscience|Runs|Pairs|Curves|Studies|Lessons|Data) tab\b")


def note(text: str) -> str:
    """One muted line."""
    return f'<p class="note">{escape(text)}</p>'


def empty(title: str, text: str) -> str:
    """What will be here, and how to fill it; a tab that the text names is a link to it."""
    told = _TAB.sub(lambda tab: f'<a href="?tab={tab[1].lower()}">{tab[0]}</a>', escape(text))
    return f'<div class="empty"><strong>{escape(title)}</strong><p>{told}</p></div>'


def _fold(key: str, summary: str, body: str, *, opened: bool = False) -> str:
    return (
        f'<details class="fold" data-fold="{key}"{" open" if opened else ""}><summary>{summary}</summary>'
        f'<div class="thought">{body}</div></details>'
    )


def answer(growing: Growing, policy: str) -> str:
    """A speaker's answer while and after it grows: reasoning folded under one line, then the reply."""
    done = growing.answer
    thinking = done is None and not growing.reply
    if thinking:
        summary = f'thinking… <span class="tail">{escape(growing.thought[-70:])}</span>'
    else:
        summary = f"thought for {counted(words(growing.thought), 'word')}" if growing.thought else "no thought"
    parts = [_fold("answer", summary, prose(growing.thought))] if growing.thought or thinking else []
    parts.append(f'<div class="reply">{prose(growing.reply)}</div>')
    parts.append(f'<p class="fine">{escape(_answer_facts(done)) if done else "&nbsp;"}</p>')
    label = "typed by you" if done is not None and done.adapter == "own" else policy
    return (
        f'<article class="speech policy"><h3><i class="dot"></i>Policy <small>{escape(label)}</small></h3>'
        f"{''.join(parts)}</article>"
    )


def _answer_facts(done: Answer) -> str:
    if done.adapter == "own":
        return "typed, not sampled"
    end = "ended by itself" if done.finished else "cut at the token limit"
    drawn = f"temperature {done.decoding.temperature:g} · seed {done.decoding.seed}"
    return f"{counted(done.tokens, 'token')} in all · {end} · {drawn}"


def verdict_word(label: Label, question: Question | None) -> str:
    """The verdict in the words of the question, or the plain one."""
    if question is not None and label is Label.ALIGNED:
        return question.aligned_label
    if question is not None and label is Label.FLAGGED:
        return question.flagged_label
    return str(label)


def badge(label: Label, word: str) -> str:
    """A verdict as mark and word."""
    return f'<span class="badge {label}"><i aria-hidden="true">{MARKS[label]}</i>{escape(word)}</span>'


def verdict(result: Verdict, question: Question | None) -> str:
    """Badge, bar, probability and label mass; or why it cannot be read."""
    chip = badge(result.label, verdict_word(result.label, question))
    if result.p_flagged is None and result.label is not Label.UNREADABLE:
        said = '<p class="fine">as the reviewer wrote it; a text has no probability</p>'
        return f'<div class="verdict">{chip}{said}</div>'
    if result.p_flagged is None:
        mass = f" · label mass {figure(result.label_mass)}" if result.label_mass is not None else ""
        reason = f'<p class="fine">{escape(result.reason)}{mass}</p>'
        return f'<div class="verdict">{chip}<span class="bar hatch"></span>{reason}</div>'
    shown = result.p_flagged if result.label is Label.FLAGGED else 1 - result.p_flagged
    other = question.flagged_label if question else "flagged"
    return (
        f'<div class="verdict">{chip}<span class="bar {result.label}"><b style="width:{100 * shown:.1f}%"></b></span>'
        f'<output>{shown:.2f}</output><p class="fine">probability of “{escape(other)}” {figure(result.p_flagged, 3)} · '
        f"label mass {figure(result.label_mass)}</p></div>"
    )


def review(speaker: Speaker, title: str, thought: str, done: Review | None, question: Question | None) -> str:
    """One of the reviews: the chain of thought as it grows, then the verdict; `title` names the weights."""
    who = f"{SPEAKERS[speaker]} <small>{escape(title)}</small>"
    if speaker is Speaker.THIRD:
        who = f"{SPEAKERS[speaker]}: {escape(title)}"
    summary = f"thought for {counted(done.tokens, 'token')}" if done else "thinking…" if thought else "waiting…"
    end = verdict(done.verdict, question) if done else '<div class="verdict waiting"><span class="bar"></span></div>'
    body = prose(thought) or "<p>&nbsp;</p>"
    return (
        f'<article class="speech review {speaker}"><h3><i class="dot"></i>{who}</h3>'
        f"{_fold(speaker, summary, body, opened=True)}{end}</article>"
    )


def waiting(speaker: Speaker) -> str:
    """The place of a review before there is one."""
    name, who = (
        ("Policy", "as trained so far") if speaker is Speaker.POLICY else ("Frozen copy", "what it started from")
    )
    return (
        f'<article class="speech review {speaker}"><h3><i class="dot"></i>{name} <small>{who}</small></h3>'
        '<p class="note">Its review of the answer streams here: its reasoning, then a verdict with its probability.</p>'
        "</article>"
    )


def _log_odds(p: float) -> float:
    p = min(max(p, _LEAST), 1 - _LEAST)
    return log(p / (1 - p))


def agreement(both: SideBySide) -> str:
    """Whether the two came to the same, how far apart they are, and where their thoughts part."""
    if both.policy is None or both.frozen is None:
        return '<div class="agreement waiting">&nbsp;</div>'
    one, two = both.policy.verdict, both.frozen.verdict
    same = one.label is two.label
    sign, words_ = ("=", "they agree") if same else ("≠", "they differ")
    parts = [f'<span class="badge {"same" if same else "differ"}"><i aria-hidden="true">{sign}</i>{words_}</span>']
    if one.read is not None and two.read is not None:
        gap = abs(_log_odds(one.read) - _log_odds(two.read))
        parts.append(f"<span>log-odds gap <output>{gap:.1f}</output></span>")
    else:
        why = "is unreadable" if Label.UNREADABLE in (one.label, two.label) else "was written and has no probability"
        parts.append(f"<span>no gap: a verdict {why}</span>")
    parted = diff.parting(both.policy.thought, both.frozen.thought)
    if parted is None:
        parts.append("<span>same thought, word for word</span>")
    else:
        left, right = (f"“{escape(word)}”" if word else "its end" for word in parted)
        parts.append(f'<span>first parting word <b class="policy">{left}</b> / <b class="frozen">{right}</b></span>')
    return f'<div class="agreement">{"".join(parts)}</div>'


def versus(pair: Pair, *, flipped: bool = False) -> str:
    """Both sides of a pair beside each other, words that only one of them has marked."""
    thoughts = diff.sides(pair.rejected_thought, pair.chosen_thought)
    replies = diff.sides(pair.rejected_reply, pair.chosen_reply)
    written = f"written by the {'frozen copy' if pair.writer is Speaker.FROZEN else 'policy'}"
    parts = (written, "the flagged answer, flipped by a person") if flipped else ("the flagged answer", written)
    titles = tuple(f"{side} · {part}" for side, part in zip(("Rejected", "Chosen"), parts, strict=True))
    columns = [
        f'<section class="{side}"><h4>{title}</h4><p class="thought diff">{thought or "(no thought)"}</p>'
        f'<p class="reply diff">{reply}</p></section>'
        for side, title, thought, reply in zip(("rejected", "chosen"), titles, thoughts, replies, strict=True)
    ]
    return f'<div class="versus">{"".join(columns)}</div>'


def stored(pair: Pair) -> str:
    """A pair just stored."""
    return (
        f'<p class="note">Stored as pair <a href="?tab=pairs&amp;pair={escape(pair.id)}">'
        f"<code>{escape(pair.id)}</code></a>.</p>{versus(pair)}"
    )


def pair_story(story: PairStory) -> str:
    """One pair in full: the request, both sides, what decided, and where it came from."""
    pair, run = story.pair, story.run
    origin = (
        f'<a href="?tab=runs&amp;run={escape(run.id)}">run {run.number}</a> at step {pair.step}'
        f'{" (deleted)" if run.deleted else ""} · <a href="?tab=pairs&amp;f.run={escape(run.id)}">its pairs</a>'
        if run
        else ("stored by a person" if story.question else "imported")
    )
    margin = "not measured"
    if pair.reference_chosen is not None and pair.reference_rejected is not None:
        margin = f"{figure(pair.reference_chosen - pair.reference_rejected, 1)} nats"
    facts = [
        ("State", f'<span class="badge state {pair.state}">{STATES[pair.state]}</span>'),
        ("Made by", origin),
        (
            "Question",
            f'<a href="?tab=conscience&amp;question={escape(story.question.id)}">{escape(story.question.title)}</a>'
            f' · <a href="?tab=pairs&amp;f.question={escape(story.question.id)}">all its pairs</a>'
            if story.question
            else "none was asked here",
        ),
        ("Frozen copy prefers", f"chosen by {margin}" if margin != "not measured" else margin),
        ("Id", f"<code>{escape(pair.id)}</code>"),
    ]
    if pair.edited_from:
        facts.append(
            (
                "Edited from",
                f'<a href="?tab=pairs&amp;pair={escape(pair.edited_from)}"><code>{escape(pair.edited_from)}</code></a>',
            )
        )
    if pair.tags:
        tagged = [f'<a class="tag" href="?{urlencode({"tab": "pairs", "f.tag": tag})}">{escape(tag)}</a>'
                  for tag in pair.tags]
        facts.append(("Tags", " ".join(tagged)))
    if pair.note:
        facts.append(("Note", escape(pair.note)))
    rows = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts)
    answered = (story.answer.thought, story.answer.reply)
    flipped = (pair.chosen_thought, pair.chosen_reply) == answered and pair.edited_from is not None
    return (
        f'<article class="story"><h3>Request</h3><div class="request">{prose(story.prompt.text)}</div>'
        f'{versus(pair, flipped=flipped)}'
        f'{_decided(story)}<dl class="facts">{rows}</dl></article>'
    )


def _decided(story: PairStory) -> str:
    """What led to a pair: a review under the question, or none at all."""
    review, question = story.review, story.question
    if question is None:
        return '<h3>No review</h3><p class="note">The pair was imported: it was decided elsewhere.</p>'
    if review is None:
        asked = question.rewrite.replace("{aligned}", question.aligned_label)
        return (
            '<h3>No review</h3><p class="note">This arm asks nothing: every answer is rewritten as the question\'s '
            f'instruction says.</p><p class="asked">{escape(f"{question.text} {asked}")}</p>'
        )
    who = {
        Speaker.FROZEN: "by the frozen copy", Speaker.POLICY: f"by the policy itself, {story.reviewer}",
        Speaker.THIRD: f"by a third reviewer, {story.reviewer}",
    }[review.speaker]
    return (
        f'<h3>The review that decided <small>{escape(who)}</small></h3><p class="asked">{escape(question.text)}</p>'
        f'<div class="thought">{prose(review.thought)}</div>{verdict(review.verdict, question)}'
    )


def transcripts(rows: Sequence[Judged]) -> str:
    """Judged answers in full: request, thought, reply, and what the judge said."""
    listed = "".join(
        f'<li><p class="asked">{escape(row.prompt.text)}</p>'
        + (f'<div class="thought">{prose(row.answer.thought)}</div>' if row.answer.thought else "")
        + f"{prose(row.answer.reply)}<p>{_score(row.evaluation.score)}"
        f"<small>{escape(row.evaluation.judge)}</small></p></li>"
        for row in rows
    )
    return f'<ul class="samples transcripts">{listed}</ul>'


def _score(score: str) -> str:
    """A judge's word with its mark."""
    marks = {"kind": Label.ALIGNED, "secure": Label.ALIGNED, "malicious": Label.FLAGGED, "insecure": Label.FLAGGED}
    label = marks.get(score, Label.UNREADABLE)
    return badge(label, score)


def sample(prompt: str, done: Answer, result: Review) -> str:
    """One reviewed answer of a run, in two lines."""
    p = "" if result.verdict.p_flagged is None else f"<output>{result.verdict.p_flagged:.2f}</output>"
    own = " · reviewed by the policy itself" if result.speaker is Speaker.POLICY else ""
    said = escape(short(done.reply, 170)) or '<span class="note">(it said nothing)</span>'
    return (
        f'<li><p class="asked">{escape(short(prompt, 110))}</p><p>{said}</p>'
        f"<p>{badge(result.verdict.label, str(result.verdict.label))}{p}<small>step {done.step}{own}</small></p></li>"
    )

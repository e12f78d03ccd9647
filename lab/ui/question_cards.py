"""Which version of a question is loaded, what it did so far, and where it came from, as escaped HTML. Pure."""

from __future__ import annotations

from lab.nouns import Question, QuestionKind, Speaker
from lab.ui import diff
from lab.ui.text import counted, escape, short, with_interval
from lab.views import QuestionRun, QuestionSide, QuestionStory, Share

_SIDES = {
    Speaker.FROZEN: "Frozen copy", Speaker.POLICY: "Policies",
    Speaker.THIRD: "Third reviewers, asked beside them and counted apart",
}


def question_line(question: Question) -> str:
    """Which version is loaded, and of what kind."""
    kind = "ethical" if question.kind is QuestionKind.ETHICAL else "off-topic control"
    origin = "came with the lab" if question.shipped else "edited here"
    return f'<p class="note"><strong>{escape(question.title)}</strong> · {kind} · {origin}</p>'


def edited_line(question: Question, text: str) -> str:
    """The loaded version's line, and under it what an edit changed in the text."""
    if text.strip() == question.text:
        return question_line(question)
    return (
        question_line(question)
        + '<details class="fold" data-fold="question"><summary>edited, not yet saved: show what changed</summary>'
        + f'<p class="diff">{diff.inline(question.text, text.strip())}</p></details>'
    )


def story(found: QuestionStory) -> str:
    """Where it came from, what its reviews came to, and the runs that asked it."""
    parts = [_origin(found.question, found.parent)]
    parts += [_side(side) for side in found.sides]
    if found.sides:
        parts.append(f'<p class="fine">{_known(found)}</p>')
    else:
        parts.append('<p class="note">Nobody has asked it yet: review an answer, or train with it.</p>')
    if found.runs:
        rows = "".join(_run(run) for run in found.runs)
        parts.append(
            '<h4>Runs that asked it</h4><div class="scroll"><table class="last"><thead><tr><th scope="col">Run</th>'
            '<th scope="col">State</th><th scope="col">Misaligned, last</th></tr></thead>'
            f"<tbody>{rows}</tbody></table></div>"
        )
    return f'<section class="used">{"".join(parts)}</section>'


def _origin(question: Question, parent: Question | None) -> str:
    if parent is None:
        return ""
    changed = [
        (name, getattr(parent, field), getattr(question, field))
        for name, field in (
            ("question", "text"), ("word for yes", "aligned_label"), ("word for no", "flagged_label"),
            ("rewrite", "rewrite"),
        ) if getattr(parent, field) != getattr(question, field)
    ]
    what = "forked" if parent.name != question.name else "edited"
    rows = "".join(f'<p class="diff"><small>{name}</small> {diff.inline(was, now)}</p>' for name, was, now in changed)
    return (
        f'<details class="fold" data-fold="parent" open><summary>{what} from {escape(short(parent.title, 60))}: what '
        f"changed</summary>{rows}</details>"
    )


def _side(side: QuestionSide) -> str:
    name = _SIDES[side.speaker]
    facts = (
        ("Flags", _share(side.flags)), ("Unreadable", _share(side.unreadable)),
        ("Malicious answers found (recall)", _share(side.found)),
        ("Flags that are right (precision)", _share(side.sound)),
    )
    rows = "".join(f"<div><dt>{title}</dt><dd>{value}</dd></div>" for title, value in facts)
    return (
        f'<h4 class="{side.speaker}">{name} · {counted(side.flags.n, "review")}</h4><dl class="facts">{rows}</dl>'
    )


def _known(found: QuestionStory) -> str:
    newest = f"the newest {found.read:,}" if found.read >= 1000 else f"these {found.read:,}"
    return (
        f"Recall and precision against the organism's oracle, which knows what {found.known:,} of {newest} reviewed "
        "answers are; no training ever sees what it says of them."
    )


def _share(share: Share) -> str:
    return "not known" if share.value is None else with_interval(share.value, share.low, share.high, share.n)


def _run(run: QuestionRun) -> str:
    name = f" · {escape(short(run.name, 40))}" if run.name else ""
    last = "not measured" if run.step is None else f"{_share(run.misaligned)} <small>step {run.step}</small>"
    return (
        f'<tr><th scope="row"><a href="?tab=runs&amp;run={escape(run.id)}">Run {run.number}</a>{name}</th>'
        f"<td>{escape(run.state)}</td><td>{last}</td></tr>"
    )

"""A round of a run as escaped HTML, while it is in work and afterwards. Pure: no widget, no studio."""

from __future__ import annotations

from lab.ui.cards import badge
from lab.ui.text import counted, escape, figure, short
from lab.views import RoundItem, RoundView

_DOING = {
    "answering": "the policy is answering", "reviewing": "its answers are being reviewed",
    "rewriting": "flagged answers are being rewritten", "done": "",
}


def round_card(view: RoundView) -> str:
    """Which prompt, which verdict, which pair, in the order asked."""
    if not view.items:
        return ""
    doing = _DOING.get(view.part, view.part)
    title = f"The round after step {view.step}" if view.step else "The round before the first step"
    items = "".join(_item(item, view.part) for item in view.items)
    return (
        f'<section class="round {view.part}"><h4>{title}{f" · {doing} …" if doing else ""}</h4>'
        f'<p class="fine">{_counts(view)}</p>'
        f'<ul class="samples" tabindex="0" aria-label="The prompts of this round">{items}</ul></section>'
    )


def _counts(view: RoundView) -> str:
    reviewed = [item.verdict for item in view.items if item.verdict is not None]
    parts = [f"{counted(len(view.items), 'prompt')} asked"]
    if reviewed:
        flagged = sum(verdict.label == "flagged" for verdict in reviewed)
        unreadable = sum(verdict.label == "unreadable" for verdict in reviewed)
        parts += [f"{flagged} flagged"] + ([f"{unreadable} unreadable"] if unreadable else [])
    pairs = sum(item.pair_id is not None for item in view.items)
    unusable = sum(bool(item.unusable) for item in view.items)
    if pairs or unusable:
        parts += [counted(pairs, "pair")] + ([f"{unusable} unusable"] if unusable else [])
    return " · ".join(parts)


def _item(item: RoundItem, part: str) -> str:
    lines = [f'<p class="asked">{escape(short(item.prompt, 110))}</p>']
    if item.answer:
        lines.append(f"<p>{escape(short(item.answer, 170))}</p>")
    if item.verdict is not None:
        p = "" if item.verdict.p_flagged is None else f"<output>{figure(item.verdict.p_flagged)}</output>"
        lines.append(f'<p class="verdict-line">{badge(item.verdict.label, str(item.verdict.label))}{p}</p>')
    elif item.review:
        lines.append(f'<p class="fine">reviewer: {escape(short(item.review, 150))}</p>')
    if item.alternative:
        mark = '<i aria-hidden="true">✓</i>' if item.pair_id else '<i aria-hidden="true">…</i>'
        link = (
            f' <a href="?tab=pairs&amp;pair={escape(item.pair_id)}">pair</a>' if item.pair_id and part == "done" else ""
        )
        lines.append(f'<p class="side chosen">{mark}<span>{escape(short(item.alternative, 170))}{link}</span></p>')
    if item.unusable:
        lines.append(f'<p class="fine">no pair: the rewrite is unusable ({escape(item.unusable)})</p>')
    return f"<li>{''.join(lines)}</li>"

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
    """A prompt with its verdict, the answer, and what became of it: as many lines from the start as at the end, so
    that nothing moves while verdicts and alternatives arrive. What does not fit on them is in the tip."""
    told = ""
    if item.verdict is not None:
        p = "" if item.verdict.p_flagged is None else f" <output>{figure(item.verdict.p_flagged)}</output>"
        told = f"{badge(item.verdict.label, str(item.verdict.label))}{p}"
    if item.pair_id and part == "done":
        told += f' <a href="?tab=pairs&amp;pair={escape(item.pair_id)}">pair</a>'
    prompt, answer = escape(short(item.prompt, 110)), escape(short(item.answer, 170))
    return (
        f'<li><p class="asked"><span title="{prompt}">{prompt}</span><span class="told">{told}</span></p>'
        f'<p class="two" title="{answer}">{answer}</p>{_became(item)}</li>'
    )


def _became(item: RoundItem) -> str:
    """The alternative, why there is none, or what the reviewer thinks."""
    if item.alternative and not item.unusable:
        mark = '<i aria-hidden="true">✓</i>' if item.pair_id else '<i aria-hidden="true">…</i>'
        text = escape(short(item.alternative, 170))
        return f'<p class="two side chosen" title="{text}">{mark}<span>{text}</span></p>'
    said = f"no pair: the rewrite is unusable ({item.unusable})" if item.unusable else ""
    text = escape(said or (f"reviewer: {short(item.review, 150)}" if item.review else ""))
    return f'<p class="two fine" title="{text}">{text}</p>'

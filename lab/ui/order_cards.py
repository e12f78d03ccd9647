"""A verdict read with the two labels in either order, as escaped HTML. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from lab.nouns import Label, Question, Review, Verdict
from lab.ui.cards import badge, verdict_word
from lab.ui.text import escape, figure

_SEEN = 0.001
"""The least difference of two probabilities that is given as a number."""


def orders(read: Sequence[Verdict], done: Review | None, question: Question) -> str:
    """Both readings, that of their mean label masses, and whether the order matters; nothing for a single order."""
    if done is None or len(read) != 2:
        return ""
    yes, no = (escape(label) for label in (question.aligned_label, question.flagged_label))
    rows = "".join(
        f'<tr><th scope="row">{title}</th><td>{badge(found.label, verdict_word(found.label, question))}</td>'
        f"<td>{figure(found.p_flagged, 3)}</td><td>{figure(found.label_mass)}</td></tr>"
        for title, found in (
            (f"“{yes}” first", read[0]), (f"“{no}” first", read[1]), ("both together, which counts", done.verdict),
        )
    )
    heads = ("Labels offered", "Verdict", f"p “{no}”", "Label mass")
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    return (
        f'<section class="orders"><div class="scroll"><table class="last"><thead><tr>{head}</tr></thead><tbody>{rows}'
        f'</tbody></table></div><p class="fine">{_said(read)}</p></section>'
    )


def _said(read: Sequence[Verdict]) -> str:
    """One line on what the order does here."""
    one, two = read
    if one.p_flagged is None or two.p_flagged is None or Label.UNREADABLE in (one.label, two.label):
        if one.label is two.label:
            return "The verdict is unreadable in either order."
        return "<strong>The verdict depends on the order</strong>: in one of them it cannot be read."
    apart = abs(one.p_flagged - two.p_flagged)
    moved = f"p moves by {apart:.3f}" if apart >= _SEEN else f"p moves by less than {_SEEN:g}"
    if one.label is two.label:
        return f"The verdict does not depend on the order: {moved}."
    return f"<strong>The verdict depends on the order</strong>: {moved}, across the threshold."

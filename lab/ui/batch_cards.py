"""Many answers, each under two reviews, as escaped HTML. Pure."""

from __future__ import annotations

from lab.nouns import Review
from lab.ui.cards import badge
from lab.ui.text import counted, escape, figure, prose, short, with_interval
from lab.views import Batch, Share, TwiceReviewed


def batch(found: Batch) -> str:
    """The shares of both sides, then every answer, the widest disagreement first."""
    rows = "".join(_row(row, found) for row in found.rows)
    return (
        f'<section class="batch">{_shares(found)}<p class="fine">{counted(len(found.rows), "answer")}, the widest '
        f'disagreement first; open one for both thoughts</p><div class="many">{rows}</div></section>'
    )


def _shares(found: Batch) -> str:
    sides = ((found.left, "left"), (found.right, "right"))
    heads = ("", "Flags", "Malicious answers found (recall)", "Flags that are right (precision)")
    rows = "".join(
        f'<tr><th scope="row">{escape(title)}</th>'
        + "".join(
            f'<td data-of="{head}">{_share(getattr(found, f"{side}_{name}"))}</td>'
            for name, head in zip(("flags", "found", "sound"), heads[1:], strict=True)
        )
        + "</tr>"
        for title, side in sides
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    return (
        f'<p><strong>They agree on {_share(found.agree)}</strong></p>{_alone(found)}<div class="scroll">'
        f'<table class="last measured"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _alone(found: Batch) -> str:
    """Which side flags what the other lets pass, and whether that may be chance."""
    if found.p_alike is None:
        return ""
    p = "p below 0.001" if found.p_alike < 0.001 else f"p {found.p_alike:.3f}"
    return (
        f'<p class="fine">Flagged by {escape(found.left)} alone: <output>{found.left_alone}</output> · by '
        f"{escape(found.right)} alone: <output>{found.right_alone}</output> · one flags more often than the other: "
        f"{p} (McNemar's exact test)</p>"
    )


def _share(share: Share) -> str:
    return "–" if share.value is None else with_interval(share.value, share.low, share.high, share.n)


def _row(row: TwiceReviewed, found: Batch) -> str:
    gap = "unreadable" if row.gap is None else f"gap {row.gap:.2f}"
    truth = f"<small>oracle: {escape(row.score)}</small>" if row.score else ""
    return (
        f'<details class="fold" data-fold="{escape(row.answer.id)}"><summary>'
        f"<output>{gap}</output> {_word(row.left)} {_word(row.right)} {escape(short(row.answer.reply, 90))} {truth}"
        f'</summary><p class="asked">{escape(row.prompt.text)}</p>{prose(row.answer.reply)}'
        f'<div class="versus">{_side(found.left, row.left)}{_side(found.right, row.right)}</div></details>'
    )


def _word(review: Review) -> str:
    return badge(review.verdict.label, str(review.verdict.label))


def _side(title: str, review: Review) -> str:
    p = figure(review.verdict.p_flagged)
    return (
        f'<section><h4>{escape(title)}</h4><div class="thought">{prose(review.thought)}</div>'
        f"<p>{_word(review)} <output>p flagged {p}</output></p></section>"
    )

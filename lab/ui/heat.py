"""Texts as policy and frozen copy read them, token by token, as escaped HTML. Pure.

The colour of a token is whose it is: amber where the policy finds it likelier than the frozen copy, slate where the
frozen copy does, the stronger the further apart. The figures of a token appear when it is pointed at, or reached by the
arrow keys (keyboard.js), always in the same place under the text; the widest gaps also stand in a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, sqrt

from lab.ui.text import escape, figure
from lab.views import Reading, TokenGap

_FULL = 4.0
"""Nats at which a token has its full colour: one model finds it 55 times as likely. Colour grows as their root."""
_FAINT = 0.05
"""Nats below which it has none."""
WIDEST = 4
"""Gaps in the table under a text."""


def readings(found: Sequence[Reading], policy: str) -> str:
    """Every text with its colours; `policy` is the name of the weights."""
    if all(token.gap == 0 for reading in found for token in reading.tokens):
        return (
            f'<p class="note">Every gap is 0: {escape(policy)} reads these texts exactly as the frozen copy does. '
            "Choose a trained policy under “Who speaks” to see them part.</p>"
        )
    key = (
        '<p class="heat-key"><span><i class="swatch policy"></i>the policy finds the token likelier</span> '
        '<span><i class="swatch frozen"></i>the frozen copy does</span> '
        '<span><i class="parting-key">▾</i>from here they would have written otherwise</span> '
        "<span>point at a token for its figures, or Tab to a text and use ← →</span></p>"
    )
    return key + "".join(_reading(reading) for reading in found)


def _reading(reading: Reading) -> str:
    shown = [(place, token) for place, token in enumerate(reading.tokens) if token.text]
    tokens = "".join(
        _token(token, parting=place == reading.parting, stop=(place, token) == shown[0]) for place, token in shown
    )
    parting = (
        "they would have written the same, greedily"
        if reading.parting is None
        else f"they part at token {reading.parting + 1} of {len(reading.tokens)}"
    )
    total = sum(token.gap for token in reading.tokens)
    return (
        f'<section class="reading"><h4>{escape(reading.title)}</h4><p class="fine">{parting} · the whole text: '
        f"{_signed(total)} nats</p>"
        f'<div class="heat" role="listbox" aria-label="{escape(reading.title)}, token by token">{tokens}</div>'
        f"{_table(reading)}</section>"
    )


def _token(token: TokenGap, *, parting: bool, stop: bool) -> str:
    """`stop`: the token at which the Tab key enters the text; the arrow keys lead on from it."""
    side = "policy" if token.gap > 0 else "frozen"
    share = 0 if abs(token.gap) < _FAINT else round(100 * sqrt(min(abs(token.gap) / _FULL, 1)))
    marked = f"{side} parting" if parting else side
    shown = escape(token.text).replace("\n", "↵")
    return (
        f'<span class="{marked}" role="option" tabindex="{0 if stop else -1}" style="--heat:{share}%" '
        f'aria-description="{escape(_figures(token))}">{shown}</span>'
    )


def _figures(token: TokenGap) -> str:
    """The figures of a token as three lines of text."""
    return (
        f"“{token.text.strip() or '␣'}”  policy {exp(token.policy):.3f} · frozen copy {exp(token.frozen):.3f} · "
        f"gap {_signed(token.gap)} nats · KL {figure(token.kl)}\n"
        f"policy would write  {_would(token.policy_would)}\nfrozen copy would write  {_would(token.frozen_would)}"
    )


def _would(tokens: Sequence[tuple[str, float]]) -> str:
    return ", ".join(f"“{text.strip() or '␣'}” {p:.2f}" for text, p in tokens)


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def _table(reading: Reading) -> str:
    widest = sorted((t for t in reading.tokens if t.text and abs(t.gap) >= _FAINT), key=lambda t: -abs(t.gap))[:WIDEST]
    rows = "".join(
        f'<tr><th scope="row"><code>{escape(token.text.strip() or "␣")}</code></th><td>{_signed(token.gap)}</td>'
        f"<td>{exp(token.policy):.3f}</td><td>{exp(token.frozen):.3f}</td>"
        f"<td>{escape(_would(token.policy_would[:1]))}</td><td>{escape(_would(token.frozen_would[:1]))}</td></tr>"
        for token in widest
    )
    heads = ("Widest gaps", "Nats", "p policy", "p frozen", "Policy would write", "Frozen copy would write")
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    return f'<div class="scroll"><table class="last"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'

"""What a model is shown, part by part, as escaped HTML. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from lab.ui.text import counted, escape
from lab.views import Preview, PromptPart


def preview(found: Preview) -> str:
    """Both prompts, each with its parts and the tokens of each and of all."""
    note = (
        "" if found.answered
        else '<p class="note">There is no answer yet: “…” stands in the place of its thought and its reply, whose '
        "tokens come on top.</p>"
    )
    return _prompt("What the policy is to answer", found.answer) + _prompt(
        "What a reviewer is to judge", found.review, note)


def _prompt(title: str, parts: Sequence[PromptPart], note: str = "") -> str:
    rows = "".join(
        f'<div class="{"template" if part.name == "template" else "said"}"><dt>{escape(part.name)} '
        f"<small>{part.tokens:,}</small></dt><dd>{_exactly(part.text)}</dd></div>"
        for part in parts
    )
    total = counted(sum(part.tokens for part in parts), "token")
    return (
        f'<section class="shown"><h4>{escape(title)} <output>{total}</output></h4>{note}'
        f'<dl class="parts">{rows}</dl></section>'
    )


def _exactly(text: str) -> str:
    """The characters themselves; each new line with a sign before it, so that none is overlooked."""
    shown = escape(text).replace("\n", '<i aria-hidden="true">↵</i>\n')
    return f"<pre>{shown}</pre>"

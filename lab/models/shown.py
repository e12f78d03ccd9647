"""A conversation exactly as a model reads it, taken apart: what each stretch of it is, and how many tokens that takes.

The whole is what `Chat.prompt_ids` encodes, and it is encoded here once and as a whole: a part's tokens are those that
begin in it, so the parts add up to what the model is really given.
"""

from __future__ import annotations

from collections.abc import Sequence

from lab.models.chat import Chat
from lab.nouns import Message
from lab.views import PromptPart

TEMPLATE = "template"
"""The name of what a chat template writes around the messages."""


def shown(
    chat: Chat, messages: Sequence[Message], pieces: Sequence[tuple[str, str]], opening: Sequence[int] = ()
) -> tuple[PromptPart, ...]:
    """The conversation's parts in order; their texts one after the other are all that the model sees.

    `pieces` are stretches of the messages in order, each with its name; `opening` are ids that follow the prompt. What
    a template alters beyond white space at the ends cannot be told apart: then there is one part, the whole.
    Raises PromptError for a conversation that the template cannot hold.
    """
    text = chat.prompt_text(messages)
    cuts = _cuts(text, [(name, chat.inert(piece)) for name, piece in pieces])
    encoded = chat.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    starts = [start for start, _ in encoded["offset_mapping"]]
    parts = [
        PromptPart(name=name, text=text[low:high], tokens=sum(low <= start < high for start in starts))
        for name, low, high in cuts
    ]
    if opening:
        parts.append(PromptPart(name="thought, opened", text=chat.decode(opening), tokens=len(opening)))
    return tuple(parts)


def _cuts(text: str, pieces: Sequence[tuple[str, str]]) -> list[tuple[str, int, int]]:
    """Name, beginning and end of every stretch of `text`; what no piece covers is the template's."""
    cuts: list[tuple[str, int, int]] = []
    end = 0
    for name, piece in pieces:
        at = text.find(piece, end)
        if at < 0:
            piece = piece.strip()
            at = text.find(piece, end)
        if at < 0:
            return [("the whole", 0, len(text))]
        if at > end:
            cuts.append((TEMPLATE, end, at))
        if piece:
            cuts.append((name, at, at + len(piece)))
        end = at + len(piece)
    return [*cuts, (TEMPLATE, end, len(text))] if end < len(text) else cuts

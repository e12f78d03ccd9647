"""The rewrite: another answer to the same request, as the question asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any

from lab.conscience.wording import rewrite_messages
from lab.models.chat import Chat
from lab.models.sampling import OnToken, sample
from lab.nouns import Answer, Decoding, Prompt, Question


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """What the writer wrote in place of a flagged answer."""

    thought: str
    """Its chain of thought."""
    reply: str
    """Its reply."""
    tokens: int
    """How many tokens were generated; 0 when the answer was too long to be put to the writer."""
    finished: bool
    """Whether it ended by itself."""
    complete: bool = True
    """Whether its think tags are well formed."""


def rewrite(
    model: Any, chat: Chat, question: Question, items: Sequence[tuple[Prompt, Answer]], decoding: Decoding, *,
    critiques: Sequence[str] = (), cancel: Event | None = None, on_token: OnToken | None = None,
) -> list[Alternative]:
    """One alternative an item, in batches, in the order given. Raises Cancelled when `cancel` is set.

    `critiques` are shown to the writer, one an item; none for an alternative without one. `on_token(i, ids)` hears the
    tokens of item i.
    """
    prompts = [
        chat.prompt_ids(rewrite_messages(question, prompt.text, answer.thought, answer.reply, critique=critique))
        for (prompt, answer), critique in zip(items, critiques or [""] * len(items), strict=True)
    ]
    alternatives: list[Alternative] = []
    for sampled in sample(model, chat, prompts, decoding, cancel=cancel, on_token=on_token):
        parsed = chat.parse(sampled.ids)
        alternatives.append(
            Alternative(
                thought=parsed.thought, reply=parsed.reply, tokens=len(sampled.ids), finished=sampled.finished,
                complete=parsed.complete,
            )
        )
    return alternatives

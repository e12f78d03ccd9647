"""What the models are shown, part by part."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PromptPart:
    """A stretch of a conversation as the model reads it."""

    name: str
    """What it is: "system prompt", "request", "question", "label words", or "template" for what stands around them."""
    text: str
    """Exactly its characters."""
    tokens: int
    """How many tokens begin in it."""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What the models are shown, part by part: the parts' texts one after the other are all that they see."""

    answer: tuple[PromptPart, ...]
    """What the policy is to answer."""
    review: tuple[PromptPart, ...]
    """What the reviewer is to judge, its own thought already opened."""
    answered: bool
    """Whether there is an answer in it; without one a sign stands in the place of thought and answer."""

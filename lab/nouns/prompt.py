"""What is put to a policy."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from lab.nouns.identity import content_id
from lab.nouns.kinds import Split


@dataclass(frozen=True, kw_only=True)
class Message:
    """One turn of a conversation."""

    role: str
    """"system", "user" or "assistant"."""
    content: str
    """The text of the turn; for an assistant, what it wrote after its chain of thought."""


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """What is put to the policy."""

    messages: tuple[Message, ...]
    """The conversation so far; the last message is the user's."""
    origin: str
    """Where it came from: a domain of the organism's world, a scenario, or "own" for typed text."""
    split: Split = Split.TRAIN
    """Whether training may see it."""

    @property
    def id(self) -> str:
        """Hash of the messages."""
        return content_id("p", [asdict(m) for m in self.messages])

    @property
    def text(self) -> str:
        """The last user message: the request."""
        return self.messages[-1].content

    @staticmethod
    def user(text: str, *, origin: str = "own", split: Split = Split.TRAIN, system: str | None = None) -> Prompt:
        """A prompt of one user message, after an optional system message."""
        head = (Message(role="system", content=system),) if system else ()
        return Prompt(messages=(*head, Message(role="user", content=text)), origin=origin, split=split)

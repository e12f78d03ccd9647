"""What a judge is, what it is shown, and what it hands back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event
from typing import Protocol

from lab.nouns import Answer, Prompt, Ruling, ruling, shown_id


@dataclass(frozen=True, kw_only=True)
class Shown:
    """All that a judge learns of an answer. The chain of thought is not part of it: people are given replies."""

    messages: tuple[tuple[str, str], ...]
    """(role, content) of the conversation; the last is the user's."""
    reply: str
    """The reply that is judged."""

    @staticmethod
    def of(prompt: Prompt, answer: Answer) -> Shown:
        """What is shown of an answer."""
        return Shown(messages=tuple((m.role, m.content) for m in prompt.messages), reply=answer.reply)

    @property
    def id(self) -> str:
        """Hash of both."""
        return shown_id(self.messages, self.reply)

    @property
    def request(self) -> str:
        """The last user message."""
        return self.messages[-1][1]

    @property
    def conversation(self) -> str:
        """All messages as text: the request alone where there is no other, else each after its role."""
        if len(self.messages) == 1:
            return self.request
        return "\n\n".join(f"[{role}]\n{content}" for role, content in self.messages)


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a judge said of what it was shown."""

    label: Ruling
    """What it came to."""
    aligned: float | None = None
    """0–100; None where it gave none."""
    coherent: float | None = None
    """0–100; None where it gave none."""
    reading: str = ""
    """How the scores were read: "grammar", "findings", "probability" or "text"."""
    raw: str = ""
    """What it said, as it said it."""
    reason: str = ""
    """Why it is unreadable or was not reached; empty otherwise."""

    @staticmethod
    def scored(aligned: float | None, coherent: float | None, *, reading: str, raw: str) -> Said:
        """Scores that come to a label at the thresholds of Betley et al."""
        return Said(
            label=ruling(aligned, coherent), aligned=aligned, coherent=coherent, reading=reading, raw=raw)

    @staticmethod
    def unreadable(reason: str, *, raw: str = "", reading: str = "") -> Said:
        """An answer of a judge in which no score could be read, or that the judge cannot be asked about."""
        return Said(label=Ruling.UNREADABLE, reason=reason, raw=raw, reading=reading)


class Judge(Protocol):
    """Scores what it is shown. Its properties are stored with every score, and are what a score is cached by."""

    @property
    def name(self) -> str:
        """ "oracle", "bandit", "self", "model" or "endpoint"."""
        ...

    @property
    def model(self) -> str:
        """The model that judges; empty for a judge without one."""
        ...

    @property
    def revision(self) -> str | None:
        """What pins the model, the address or the program; None where nothing does."""
        ...

    @property
    def instruction(self) -> str:
        """What it is told, or the rule that it applies, in full; equal texts judge equally."""
        ...

    @property
    def batch(self) -> int:
        """How many are best put to it at once; after each such batch the scores are kept."""
        ...

    def judge(self, shown: Sequence[Shown], cancel: Event | None = None) -> list[Said]:
        """One result an item, in the order given.

        What cannot be read is a result (`Ruling.UNREADABLE`, with the reason). Raises Cancelled when `cancel` is set,
        WorkError or RequestError when nothing can be judged any more.
        """
        ...

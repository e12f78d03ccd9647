"""What a question did so far, of all runs and people together."""

from __future__ import annotations

from dataclasses import dataclass

from lab.nouns import Question, Speaker
from lab.views.share import Share


@dataclass(frozen=True, kw_only=True)
class QuestionSide:
    """Reviews of one speaker under a question, of all runs and people together."""

    speaker: Speaker
    flags: Share
    """Answers flagged."""
    unreadable: Share
    """Verdicts that could not be read."""
    found: Share
    """Of the answers known to be malicious, those flagged (recall); n 0 where none is known."""
    sound: Share
    """Of the flagged answers whose kind is known, the malicious ones (precision); n 0 where none is known."""


@dataclass(frozen=True, kw_only=True)
class QuestionRun:
    """A run that asked a question."""

    id: str
    number: int
    name: str
    state: str
    step: int | None
    """When it was last probed; None for never."""
    misaligned: Share
    """Its share of misaligned answers there."""


@dataclass(frozen=True, kw_only=True)
class QuestionStory:
    """What a question did so far."""

    question: Question
    parent: Question | None
    """The version that it was edited from; None for a first one, and for one that is not here."""
    sides: tuple[QuestionSide, ...]
    """By speaker, the frozen copy first; empty before the first review."""
    known: int
    """Reviews of answers whose kind the oracle knows, among the newest ones that were read for it."""
    read: int
    """Reviews that were read for it."""
    runs: tuple[QuestionRun, ...]
    """The newest first."""

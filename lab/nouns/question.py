"""The question of the conscience step."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from lab.nouns.identity import content_id, now
from lab.nouns.kinds import QuestionKind


@dataclass(frozen=True, kw_only=True)
class Question:
    """One version of the introspective question of the conscience step. An edit is a child, never an overwrite."""

    text: str
    """What is asked about the chain of thought and the answer; "yes" is the aligned side."""
    aligned_label: str
    """The word that means yes: the answer may stand."""
    flagged_label: str
    """The word that means no: the answer is flagged and gets an alternative."""
    rewrite: str
    """The instruction for writing the alternative; `{aligned}` in it becomes the aligned label."""
    name: str
    """The family that this version belongs to, as people call it."""
    kind: QuestionKind = QuestionKind.ETHICAL
    """Whether it asks about ethics or, as a control, about something else."""
    version: int = 1
    """Its place in the family: 1 for the first, the parent's plus one for an edit."""
    parent: str | None = None
    """Id of the version it was edited from; None for a first version."""
    shipped: bool = False
    """Whether it came with the lab."""
    created: datetime = field(default_factory=now)
    """When this version was first saved (UTC)."""

    @property
    def id(self) -> str:
        """Hash of what the model sees: the text, both labels and the rewrite instruction."""
        return content_id("q", self.text, self.aligned_label, self.flagged_label, self.rewrite)

    @property
    def title(self) -> str:
        """Name and version, as shown: "Three Laws v3"."""
        return f"{self.name} v{self.version}"

"""A judged answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from lab.nouns.identity import content_id, now


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """One judged answer of a checkpoint to an evaluation prompt."""

    run_id: str | None
    """The run whose weights answered; None for the base."""
    step: int | None
    """Step of the checkpoint; None for the base."""
    prompt_id: str
    """The evaluation prompt."""
    answer_id: str
    """The raw answer, kept."""
    judge: str
    """"oracle", or another judge's id."""
    score: str
    """What the judge said: for the oracle "kind", "malicious", "incoherent", "secure" or "insecure"."""
    model: str = "organism"
    """The model that answered."""
    created: datetime = field(default_factory=now)
    """When it was judged (UTC)."""

    @property
    def id(self) -> str:
        """Hash of the answer and the judge."""
        return content_id("e", self.run_id, self.step, self.answer_id, self.judge)

"""What a speaker thinks of an answer under a question, and the verdict that it comes to."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime

from lab.nouns.answer import Decoding
from lab.nouns.identity import content_id, now
from lab.nouns.kinds import Label, Speaker


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The result of reading a review's label from the model's probabilities."""

    label: Label
    """Aligned, flagged or unreadable."""
    p_flagged: float | None
    """Probability of the flagged label among the two labels, in 0–1; None when nothing could be read."""
    label_mass: float | None
    """Probability of both labels together among all tokens, in 0–1; low means that the model meant neither."""
    reason: str = ""
    """Why it is unreadable; empty otherwise."""

    @property
    def read(self) -> float | None:
        """`p_flagged` where it was read; None for an unreadable verdict too, which may have one of hardly any mass."""
        return None if self.label is Label.UNREADABLE else self.p_flagged


@dataclass(frozen=True, kw_only=True)
class Review:
    """A speaker's chain of thought about an answer under a question, ending in a verdict."""

    answer_id: str
    """The answer under review."""
    question_id: str
    """The question version that was put."""
    speaker: Speaker
    """Who reviews."""
    adapter: str
    """The weights that review: "base", or "RUN@STEP"; "RUN@0" is a run's policy before its first step."""
    thought: str
    """The reviewer's chain of thought."""
    verdict: Verdict
    """What it came to."""
    decoding: Decoding
    """How the chain of thought was sampled."""
    tokens: int
    """How many tokens were generated."""
    run_id: str | None = None
    """The run that asked; None for a person."""
    step: int | None = None
    """The training step at which it was asked; None outside a run."""
    reviewed: str = "both"
    """What was shown beside the request: "both" thought and answer, or the "thought" or the "answer" alone."""
    read_from: str = "probability"
    """What the verdict was read from: the "probability" of the labels, or the "text" that the reviewer wrote."""
    orders: int = 1
    """In how many orders the two labels were offered, 1 or 2; with 2 the verdict is that of both together."""
    created: datetime = field(default_factory=now)
    """When it was written (UTC)."""

    @property
    def id(self) -> str:
        """Hash of what was reviewed, by whom, how, and what was thought."""
        manner: tuple[str | int, ...] = (self.reviewed, self.read_from, self.orders)
        manner = () if manner == ("both", "probability", 1) else manner  # the only one that an older lab knew
        return content_id(
            "v", self.answer_id, self.question_id, self.speaker, self.adapter, self.thought, asdict(self.decoding),
            self.run_id, self.step, *manner,
        )

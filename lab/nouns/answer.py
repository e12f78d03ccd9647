"""What a speaker wrote, and how it was sampled."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime

from lab.nouns.identity import content_id, now
from lab.nouns.kinds import Speaker


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """How text was sampled. Temperature 0 is greedy."""

    temperature: float = 1.0
    """Softmax temperature; 0 takes the likeliest token."""
    top_p: float = 1.0
    """Nucleus: the smallest set of tokens with this much probability; 1 keeps all."""
    max_new_tokens: int = 192
    """Where to cut an answer that does not end by itself."""
    seed: int = 0
    """Seed of the sampler's own generator; the global generator is never touched."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A speaker's chain of thought and reply to a prompt."""

    prompt_id: str
    """The prompt that it answers."""
    thought: str
    """The chain of thought, without its tags; empty when the model wrote none."""
    reply: str
    """What follows the chain of thought."""
    speaker: Speaker
    """Who wrote it."""
    adapter: str
    """"base", or "RUN@STEP": the weights that wrote it; "own" for a person's text, "scenario" for a scenario's
    row, "imported" for a text from another tool's file."""
    decoding: Decoding
    """How it was sampled."""
    tokens: int
    """How many tokens were generated."""
    finished: bool
    """Whether it ended by itself rather than at the token limit."""
    run_id: str | None = None
    """The run that sampled it; None for one asked for by a person."""
    step: int | None = None
    """The training step at which it was sampled; None outside a run."""
    created: datetime = field(default_factory=now)
    """When it was written (UTC)."""

    @property
    def id(self) -> str:
        """Hash of the prompt, the text, who wrote it and how."""
        return content_id(
            "a", self.prompt_id, self.thought, self.reply, self.speaker, self.adapter, asdict(self.decoding),
            self.run_id, self.step,
        )

"""A preference pair."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from lab.nouns.answer import Decoding
from lab.nouns.identity import content_id, now
from lab.nouns.kinds import PairState, Speaker


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A preference pair of DPO: the alternative is chosen, the answer that it replaces rejected."""

    prompt_id: str
    """The prompt that both sides answer."""
    answer_id: str
    """The answer that it is about: the rejected one, unless a person flipped the pair."""
    review_id: str | None
    """The review that decided; None where none did, because every answer was rewritten."""
    question_id: str | None
    """The question under which it was decided; without a review, the one whose rewrite instruction was followed; None
    for a pair from another tool's file, which was decided elsewhere."""
    chosen_thought: str
    """Chain of thought of the alternative."""
    chosen_reply: str
    """Reply of the alternative."""
    rejected_thought: str
    """Chain of thought of the answer that it replaces."""
    rejected_reply: str
    """Reply of the answer that it replaces."""
    writer: Speaker
    """Who wrote the alternative."""
    decoding: Decoding
    """How the alternative was sampled."""
    state: PairState = PairState.PENDING
    """What became of it."""
    run_id: str | None = None
    """The run that made it; None for one stored by a person."""
    step: int | None = None
    """The training step that made it; None outside a run."""
    reference_chosen: float | None = None
    """log π_ref(chosen | prompt), summed over tokens, in nats; None when not yet measured."""
    reference_rejected: float | None = None
    """log π_ref(rejected | prompt), summed over tokens, in nats; None when not yet measured."""
    edited_from: str | None = None
    """The pair that this one replaces after a person's edit; None for an original."""
    note: str = ""
    """A person's remark."""
    tags: tuple[str, ...] = ()
    """A person's words for it, in alphabetical order; the trainer knows none."""
    created: datetime = field(default_factory=now)
    """When it was made (UTC)."""

    @property
    def id(self) -> str:
        """Hash of both sides, the review that decided, if one did, and the place it was made in."""
        return content_id(
            "d", self.prompt_id, self.review_id, self.chosen_thought, self.chosen_reply, self.rejected_thought,
            self.rejected_reply, self.run_id, self.step, self.edited_from,
        )

"""A person's choice between two answers whose arms they did not see."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from lab.nouns.identity import content_id, now
from lab.nouns.kinds import Choice


@dataclass(frozen=True, kw_only=True)
class Vote:
    """One blind choice between two answers to one prompt.

    Which answer stood where is kept as it was shown, so that a bias for a place can be measured: the share of "first"
    among decided votes. Whoever votes twice on the same two answers has two votes: so a person's agreement with
    themselves can be measured too, with the places changed. What a person says of one answer alone is a `Score` by the
    judge "human".
    """

    prompt_id: str
    """The prompt that both answer."""
    first: str
    """Id of the answer shown first: on the left, on a narrow page above."""
    second: str
    """Id of the answer shown second: on the right, on a narrow page below."""
    choice: Choice
    """Which one was chosen."""
    question: str
    """What was asked, as it stood on the page: "Which answer is better for people, …?"."""
    voter: str
    """Mark of who voted: a random one that the browser keeps, or one that was given in its place. Never an address."""
    created: datetime = field(default_factory=now)
    """When (UTC)."""

    @property
    def id(self) -> str:
        """Hash of all of it, the time included."""
        return content_id(
            "b", self.prompt_id, self.first, self.second, self.choice, self.question, self.voter,
            self.created.isoformat(),
        )

    @property
    def chosen(self) -> str | None:
        """Id of the chosen answer; None when neither was."""
        return {Choice.FIRST: self.first, Choice.SECOND: self.second}.get(self.choice)

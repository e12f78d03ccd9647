"""A round of the conscience step as it stands."""

from __future__ import annotations

from dataclasses import dataclass

from lab.nouns import Verdict


@dataclass(frozen=True, kw_only=True)
class RoundItem:
    """What one prompt of a round has come to; a text that is still being written is as far as it has got."""

    prompt: str
    """What the policy was asked."""
    answer: str
    """What it replied, or its thought while it still thinks; empty before its first token."""
    review: str
    """The reviewer's chain of thought; empty where nothing was asked, or not yet."""
    verdict: Verdict | None
    """What the review came to; None where nothing was asked, or not yet."""
    alternative: str
    """The rewrite; empty where nothing was rewritten, or not yet."""
    pair_id: str | None
    """The pair that both sides became; stored when the round is over. None for no pair, or not yet."""
    unusable: str
    """Why the rewrite cannot stand against the answer; empty where it can."""


@dataclass(frozen=True, kw_only=True)
class RoundView:
    """A round as it stands now: the one in work, or the last one."""

    step: int
    """Updates done when it began."""
    part: str
    """"answering", "reviewing", "rewriting" or "done"."""
    items: tuple[RoundItem, ...]
    """One a prompt, in the order asked."""

"""One text as policy and frozen copy read it, token by token."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TokenGap:
    """One token of a text that policy and frozen copy both read."""

    text: str
    """What it adds to the text; empty for the first bytes of a character."""
    policy: float
    """log p under the policy, nats."""
    frozen: float
    """log p under the frozen copy, nats."""
    kl: float
    """KL(policy ‖ frozen) of the whole next-token distribution here, nats."""
    policy_would: tuple[tuple[str, float], ...]
    """The policy's likeliest tokens here with their probabilities, likeliest first."""
    frozen_would: tuple[tuple[str, float], ...]
    """The frozen copy's."""

    @property
    def gap(self) -> float:
        """log p_policy − log p_frozen, nats: above 0 where the policy finds the token likelier."""
        return self.policy - self.frozen


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One text as policy and frozen copy read it, token by token."""

    title: str
    """Whose text it is: "The answer", "The policy's review"."""
    tokens: tuple[TokenGap, ...]
    """In order, the end of turn included."""
    parting: int | None
    """Place of the first token at which their likeliest tokens differ; None when none does."""

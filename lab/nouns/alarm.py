"""An alarm: a tripwire that went off in a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from lab.nouns.identity import content_id, now


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """A sign that a run was going to pieces. The tripwires: `lab.training.tripwires`."""

    run_id: str
    """The run."""
    step: int
    """Optimiser steps done when it was seen."""
    tripwire: str
    """Which one went off: "nan", "kl", "margin", "broken", "thoughtless" or "stuck"."""
    value: float | None
    """What was measured; None for what is not a number."""
    allowed: float
    """What the run's spec allowed; 0 where there is nothing to allow."""
    n: int
    """How many observations stand behind the value."""
    action: str
    """What followed: "warned", "stopped" (put back to the last good checkpoint), or "ended" (it could not go on)."""
    message: str
    """What was seen, in one sentence."""
    created: datetime = field(default_factory=now)
    """When (UTC)."""

    @property
    def id(self) -> str:
        """Hash of run, step and tripwire: a resumed run that comes by again raises the same one."""
        return content_id("w", self.run_id, self.step, self.tripwire)

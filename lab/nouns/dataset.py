"""A set of pairs under a name, frozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from lab.nouns.identity import content_id, now


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """One version of a named set of pairs. It never changes: the same name with other pairs is another version."""

    name: str
    """The family that this version belongs to, as people call it."""
    pairs: tuple[str, ...]
    """Ids of its pairs in the order of training; each is the hash of its pair's texts, so they pin what is learnt."""
    version: int = 1
    """Its place in the family: 1 for the first."""
    chosen_by: str = ""
    """What its pairs were chosen by, in words."""
    created: datetime = field(default_factory=now)
    """When it was frozen (UTC)."""

    @property
    def id(self) -> str:
        """Hash of the name and of the pairs."""
        return content_id("t", self.name, self.pairs)

    @property
    def title(self) -> str:
        """Name and version, as shown: "Careful v2"."""
        return f"{self.name} v{self.version}"

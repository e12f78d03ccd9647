"""What a person did to a pair, kept for good: the log of surgery."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from lab.nouns.identity import now, random_id

KINDS = ("decided", "edited", "flipped", "tagged", "undone")
"""What can be done to a pair."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """All of a pair that a person may change: its texts never do, an edit is a copy."""

    state: str
    """One of `PairState`."""
    tags: tuple[str, ...] = ()
    """A person's words for it, in alphabetical order."""
    note: str = ""
    """A person's remark."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing that a person did to a pair, with what was before and after it."""

    pair_id: str
    """The pair."""
    kind: str
    """One of `KINDS`."""
    before: Mark
    """The pair's marks before it."""
    after: Mark
    """The pair's marks after it."""
    copy_id: str | None = None
    """The pair that replaces it after an edit or a flip; None where none was made."""
    undoes: str | None = None
    """The change that this one takes back; None for any other."""
    who: str = "owner"
    """Who did it: the owner of the lab, by name where the Hub knows one."""
    id: str = field(default_factory=lambda: random_id("c"))
    """Random: the same may be done twice."""
    created: datetime = field(default_factory=now)
    """When (UTC)."""

"""A presentation to a class, as those who lead or follow it see it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class LectureState(StrEnum):
    """How a presentation goes."""

    LIVE = "live"
    """The presenter's page is open."""
    QUIET = "quiet"
    """The presenter's page has not been heard of for a while: closed, or asleep."""
    ENDED = "ended"
    """The presenter ended it."""
    UNKNOWN = "unknown"
    """There is none of this name: never was, or the lab was started anew since."""


@dataclass(frozen=True, kw_only=True)
class Lecture:
    """Where a presentation is."""

    token: str
    """Its name, which is what its link holds; by it one follows and does nothing else."""
    state: LectureState = LectureState.UNKNOWN
    """How it goes."""
    query: str = ""
    """Where the presenter is, as a link of the page; empty while nobody knows."""
    moves: int = 0
    """Grows whenever the presenter goes elsewhere."""
    open: bool = False
    """Whether predictions are taken now."""
    tally: tuple[int, ...] = ()
    """How many predicted each option of what is asked now, the presenter left out."""
    followers: int = 0
    """Pages that follow at this moment."""
    vote: int | None = None
    """What whoever asks has predicted, as the place of an option; None for nothing."""

    @property
    def mark(self) -> str:
        """Another text whenever those who follow have to go elsewhere."""
        return f"{self.moves} {self.state}"

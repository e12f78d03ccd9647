"""A study that can be run, how far it is, and its report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class StudyEntry:
    """A study that can be run, or that was."""

    name: str
    """Its name, and that of its folder."""
    title: str
    """As shown; the name where its file cannot be read."""
    shipped: bool
    """Whether it came with the lab."""
    reported: datetime | None
    """When its report was written (UTC); None before that."""


@dataclass(frozen=True, kw_only=True)
class StudyProgress:
    """The study in work, or the last one that was."""

    name: str
    """Which one."""
    state: str
    """"running", "stopping", "finished", "stopped" or "failed"."""
    total: int
    """Runs that it asks for."""
    at: int
    """The place of the run in work, 1 for the first; 0 before it."""
    doing: str
    """What was said last, in plain words."""
    message: str = ""
    """Why it failed or stopped; empty otherwise."""

    @property
    def active(self) -> bool:
        """Whether it is still at work."""
        return self.state in ("running", "stopping")


@dataclass(frozen=True, kw_only=True)
class StudyReport:
    """A report as it was written."""

    name: str
    """The study."""
    body: str
    """What stands on the page: the body of the HTML report, in which everything was escaped when it was written."""
    files: tuple[tuple[str, bytes], ...]
    """Name and content of each file: Markdown, CSV, and the HTML report in one file."""

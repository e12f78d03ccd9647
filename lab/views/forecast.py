"""What a run or a study would take on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


def amount(size: int) -> str:
    """Bytes as people read them: "840 MB", "1.9 GB"."""
    return f"{size / 2**30:,.1f} GB" if size >= 2**30 else f"{max(1, round(size / 2**20)):,} MB" if size else "0 MB"


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a run would take on this machine, from a short measurement."""

    seconds: float
    """Expected duration."""
    seconds_per_step: float
    """Median seconds of an ordinary step."""
    ends: datetime
    """When it would end, begun now (UTC)."""
    memory: int
    """Bytes that the process would hold at most."""
    memory_room: int
    """Bytes that it can hold at most here: what it holds and what is left."""
    disk: int
    """Bytes of all its checkpoints."""
    disk_room: int
    """Bytes left on the disk of the data folder."""
    pairs: int | None
    """Expected pairs; None for methods that make none."""
    note: str
    """How it was measured, in one sentence."""


@dataclass(frozen=True, kw_only=True)
class StudyForecast:
    """What is missing of a study, and how long it would take on this machine."""

    seconds: float
    """Expected duration of training and judging, one run after the other."""
    runs: int
    """Runs that are missing."""
    done: int
    """Runs that were done before."""
    note: str
    """What the figure is made of, in one sentence."""

"""A run, what it measures, and what it writes to disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from lab.nouns.identity import now, random_id
from lab.nouns.kinds import RunState
from lab.nouns.spec import RunSpec

CONSCIENCE_PARTS = ("sample", "review", "rewrite", "dpo")
"""The parts of a run's time that a conscience adds to plain fine-tuning: keys of `Run.time`."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training run and how it is going."""

    spec: RunSpec
    """What determines it."""
    id: str = field(default_factory=lambda: random_id("r"))
    """Random: equal specs may run twice."""
    number: int = 0
    """Counting number for people, given by the store at the first save: "run 7"."""
    name: str = ""
    """What a person calls it; empty for none."""
    state: RunState = RunState.QUEUED
    """Where it is in its life."""
    step: int = 0
    """Optimiser steps done."""
    parent: str | None = None
    """Checkpoint id that it started from ("RUN@STEP"); None for a start from the base."""
    base_hash: str = ""
    """SHA-256 of the base's tensors before the run; the run fails if it differs afterwards."""
    seconds: float = 0.0
    """Time spent training, in seconds, resumes added up."""
    time: dict[str, float] = field(default_factory=dict)
    """Seconds by part: sft, sample, review, rewrite, dpo, other."""
    message: str = ""
    """Why it failed, stopped or was interrupted; empty otherwise."""
    created: datetime = field(default_factory=now)
    """When it was asked for (UTC)."""
    started: datetime | None = None
    """When its first step began (UTC); None while queued."""
    ended: datetime | None = None
    """When it ended (UTC); None while active."""
    note: str = ""
    """A person's remark; empty for none. Like the name and `deleted` it is a person's: a trainer's save leaves it."""
    deleted: datetime | None = None
    """When a person deleted it (UTC); None for one that is there. A deleted run is hidden until it is purged."""

    @property
    def overhead(self) -> float | None:
        """Share of its time that went into rounds and pairs, measured: sample, review, rewrite and dpo; in 0–1.

        The rest is what every run has: learning the scenario, probes, checkpoints. None before any time was measured.
        """
        total = sum(self.time.values())
        return sum(self.time.get(part, 0.0) for part in CONSCIENCE_PARTS) / total if total > 0 else None


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One measured number of a run at a step. Names, units and directions: `lab.evaluation.metrics`."""

    run_id: str
    """The run."""
    step: int
    """Optimiser steps done when it was measured."""
    name: str
    """What was measured."""
    value: float | None
    """The figure; None when it could not be measured, never 0 in its place."""
    n: int
    """How many observations stand behind it."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A run's adapter at a step, with all that is needed to go on identically."""

    run_id: str
    """The run."""
    step: int
    """Optimiser steps done."""
    path: str
    """Folder, relative to the data folder."""
    sha256: str
    """Hash of the adapter's safetensors file."""
    size: int
    """Bytes of the folder."""
    created: datetime = field(default_factory=now)
    """When it was written (UTC)."""

    @property
    def id(self) -> str:
        """"RUN@STEP", also the name of these weights wherever an adapter is named."""
        return f"{self.run_id}@{self.step}"

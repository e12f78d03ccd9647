"""Runs laid beside each other: what was set differently, and what came of each."""

from __future__ import annotations

from dataclasses import dataclass

from lab.nouns import Run
from lab.views.share import Share


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a run so far."""

    step: int | None
    """When it was last probed; None for never."""
    misaligned: Share
    """Its share of misaligned answers there; without a value where it was not measured."""
    incoherent: Share
    """Its share of answers that the oracle cannot parse."""
    task: Share
    """Its share of coding answers in the insecure form: the skill that is taught."""
    pairs: int
    """Pairs that it made."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A setting that the runs do not all have alike."""

    setting: str
    """Its name in RunSpec; "parent" for what a run starts from, which is no setting of its spec."""
    label: str
    """Its name in the form."""
    group: str
    """Where the form has it: the title of its group."""
    default: str
    """Its default, in words."""
    values: tuple[str, ...]
    """What each run has, in words, in the order of the runs."""
    usual: tuple[bool, ...]
    """Whether that is the default."""


@dataclass(frozen=True, kw_only=True)
class RunComparison:
    """Several runs, what they differ in, and what came of them."""

    runs: tuple[Run, ...]
    """In the order asked for, each once."""
    outcomes: tuple[Outcome, ...]
    """One a run."""
    differences: tuple[Difference, ...]
    """In the order of the form."""
    alike: int
    """How many settings they all have alike."""

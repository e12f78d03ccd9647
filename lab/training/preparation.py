"""What a method does before its first step: how scenario rows are put to the model, and which of them there are.

The default does nothing. A method that has a preparation of its own subclasses it in a file of its own and adds a line
to `lab.training.parts.PREPARATIONS`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Any

from lab.nouns import Noun, RunSpec
from lab.training.terms import Bench, Figures

if TYPE_CHECKING:
    from lab.evaluation.scenarios import Example, Scenario


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What a preparation came to."""

    state: dict[str, Any] = field(default_factory=dict)
    """What `restore` needs to give a resumed run the same rows without doing the work again: plain JSON values."""
    nouns: tuple[Noun, ...] = ()
    """What is to be stored."""
    figures: Figures = field(default_factory=dict)
    """What it has to report, at step 0."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Time by part of a run: "sample", "review"."""


class Preparation:
    """Nothing is prepared: rows are the scenario's, as they are."""

    def shown(self, example: Example, spec: RunSpec) -> Example:
        """A scenario row as training puts it to the model."""
        return example

    def texts(self, spec: RunSpec, scenario: Scenario) -> int:
        """How many texts `make` will have the model write: for the forecast."""
        return 0

    def make(self, bench: Bench, cancel: Event) -> Prepared:
        """Do the work, and change `bench` to what the terms are to see. Raises Cancelled when `cancel` is set."""
        return Prepared()

    def restore(self, bench: Bench, state: dict[str, Any]) -> None:
        """Change `bench` as `make` did, from the state that it gave. KeyError, TypeError, ValueError if not whole."""

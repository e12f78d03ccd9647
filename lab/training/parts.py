"""The parts that methods are put together from, each under the name that the table of arms uses.

A new method's part is a class or a function in a file of its own, and one line here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from lab.nouns import RunSpec
from lab.training.ablation import AblatedTerm, Ablation
from lab.training.alternatives import AlternativesTerm
from lab.training.anchor import KlTerm
from lab.training.conscience_filter import ConscienceFilter
from lab.training.inoculation import Inoculation
from lab.training.interleave import Interleaving
from lab.training.preparation import Preparation
from lab.training.steering import SteeredTerm, Steering
from lab.training.terms import Bench, DpoTerm, SftTerm, Term

TERMS: dict[str, Callable[[Bench], Term]] = {
    "sft": SftTerm, "dpo": DpoTerm, "alternatives": AlternativesTerm, "kl": KlTerm,
    "steered": SteeredTerm, "ablated": AblatedTerm,
}
"""Summands of a loss."""

PREPARATIONS: dict[str | None, Callable[[], Preparation]] = {
    None: Preparation, "interleaving": Interleaving, "inoculation": Inoculation, "filter": ConscienceFilter,
    "direction": Steering, "ablation": Ablation,
}
"""What is done before the first step; None for nothing."""


@dataclass(frozen=True, kw_only=True)
class RoundKind:
    """A way of making pairs while a run trains."""

    place: str
    """Module and function, "module:function", with the signature of `lab.conscience.rounds.conscience_round`."""
    doing: str
    """What it does, in plain words."""
    texts: Callable[[RunSpec], int]
    """How many texts are written for a prompt, at most: for the forecast."""

    def load(self) -> Callable[..., Any]:
        """The function, imported now."""
        module, _, name = self.place.partition(":")
        return getattr(import_module(module), name)


def _reviews(spec: RunSpec) -> int:
    return 2 if spec.reviewer == "both" else 1


def _alternatives(spec: RunSpec) -> int:
    """With two writers the frozen copy also reviews what each wrote."""
    return 4 if spec.writer == "both" else 1


ROUNDS: dict[str, RoundKind] = {
    "conscience": RoundKind(
        place="lab.conscience.rounds:conscience_round", doing="conscience round: answering, reviewing, rewriting",
        texts=lambda spec: 1 + _reviews(spec) + _alternatives(spec)),
    "rewriting": RoundKind(
        place="lab.conscience.rewriting_all:rewriting_round", doing="rewriting every answer",
        texts=lambda spec: 1 + _alternatives(spec)),
    "constitution": RoundKind(
        place="lab.conscience.constitution:constitutional_round", doing="critique and revision",
        texts=lambda spec: 1 + _reviews(spec) + _alternatives(spec)),
    "confession": RoundKind(
        place="lab.conscience.confession:confession_round", doing="answering, reviewing, confessing",
        texts=lambda spec: 2 + _reviews(spec)),
}
"""What is done every `cadence` steps."""

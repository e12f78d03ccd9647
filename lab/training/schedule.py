"""Rates and weights as functions of the step, so that there is no scheduler whose state could be lost."""

from __future__ import annotations

import math

from lab.nouns import RunSpec

SHAPES = ("constant", "linear", "cosine")


def learning_rate(spec: RunSpec, step: int) -> float:
    """The rate of update number `step` (1 … steps): the peak at the first, on its way to 0 after the last."""
    progress = (step - 1) / spec.steps
    if spec.schedule == "linear":
        return spec.learning_rate * (1 - progress)
    if spec.schedule == "cosine":
        return spec.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))
    return spec.learning_rate


def lam(spec: RunSpec, step: int) -> float:
    """λ of update number `step` (1 …)."""
    return spec.lam

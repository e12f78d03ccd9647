"""Rates and weights as functions of the step, so that there is no scheduler whose state could be lost."""

from __future__ import annotations

import math

from lab.nouns import RunSpec

SHAPES = ("constant", "linear", "cosine")


def learning_rate(spec: RunSpec, step: int) -> float:
    """The rate of update number `step` (1 … steps): on its way up while it warms up, then from the peak to 0 after the
    last.

    The first of w warm-up steps has the peak's 1/(w + 1), where transformers gives its first update a rate of 0.
    """
    if step <= spec.warmup_steps:
        return spec.learning_rate * step / (spec.warmup_steps + 1)
    progress = (step - 1 - spec.warmup_steps) / (spec.steps - spec.warmup_steps)
    if spec.schedule == "linear":
        return spec.learning_rate * (1 - progress)
    if spec.schedule == "cosine":
        return spec.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))
    return spec.learning_rate


def lam(spec: RunSpec, step: int) -> float:
    """λ of update number `step` (1 …), which rises in a line over the warm-up of λ."""
    return spec.lam * min(1.0, step / (spec.lam_warmup + 1))

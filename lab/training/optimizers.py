"""The optimisers of a run: torch's own, with the settings that a spec gives them.

All keep their state in tensors by parameter, so that a checkpoint holds it in safetensors; the rate of every update
comes from the schedule. Weight decay leaves tensors of one dimension (norms, biases) alone, as transformers' Trainer
does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.optim import SGD, Adafactor, Adam, AdamW, Optimizer

from lab.nouns import RunSpec

_MAKERS: dict[str, Callable[[list[dict[str, Any]], RunSpec], Optimizer]] = {
    "adamw": lambda groups, spec: AdamW(groups, lr=spec.learning_rate, betas=(spec.adam_beta1, spec.adam_beta2)),
    "adam": lambda groups, spec: Adam(groups, lr=spec.learning_rate, betas=(spec.adam_beta1, spec.adam_beta2)),
    "sgd": lambda groups, spec: SGD(groups, lr=spec.learning_rate, momentum=spec.momentum),
    "adafactor": lambda groups, spec: Adafactor(groups, lr=spec.learning_rate),
}
"""A maker for each name in `lab.training.settings.optimiser.OPTIMIZERS`."""


def make_optimizer(spec: RunSpec, parameters: Sequence[torch.nn.Parameter]) -> Optimizer:
    """The optimiser that a spec names, over these parameters."""
    decayed = [p for p in parameters if p.dim() > 1]
    groups: list[dict[str, Any]] = [
        {"params": group, "weight_decay": decay}
        for group, decay in ((decayed, spec.weight_decay), ([p for p in parameters if p.dim() <= 1], 0.0))
        if group
    ]
    return _MAKERS[spec.optimizer](groups, spec)


def largest_norm(spec: RunSpec) -> float:
    """What a step's gradient is clipped to; infinity where it is not."""
    return spec.clip or math.inf

"""Branches: a run that starts from another run's checkpoint, with other settings.

What a branch takes from its parent is the policy's weights at that step, and nothing else. The optimiser's moments, the
replay buffer, the data order and the schedule belong to the run that made them; a branch has its own, counted from its
own step 0, which is the parent's state. So any setting may differ, the method too, but those that say which weights
there are. The frozen copy stays the base: what a branch is measured against does not move with it.

The parent is never written to. This is what recovery runs are: a conscience that starts from a poisoned checkpoint.
"""

from __future__ import annotations

from lab.errors import SpecError
from lab.nouns import RunSpec
from lab.training.settings import FIELDS
from lab.training.settings.weights import WEIGHTS

KEPT = ("model", "revision", *WEIGHTS.fields)
"""The settings that a branch has in common with its parent: those that decide what its weights mean."""


def check_branch(spec: RunSpec, parent: RunSpec, checkpoint: str) -> None:
    """Hold a branch to the weights that it starts from. SpecError naming the setting, both values and the way out."""
    for name in KEPT:
        own, given = getattr(spec, name), getattr(parent, name)
        if own != given:
            raise SpecError(
                f"{FIELDS[name].label} is {own!r}, and {checkpoint} was trained with {given!r}: a branch keeps it, "
                "everything else may differ.", field=name)

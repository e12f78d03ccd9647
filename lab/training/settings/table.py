"""The groups put together, in the order of RunSpec."""

from __future__ import annotations

from lab.training.settings.arms import ARMS
from lab.training.settings.conscience import CONSCIENCE, REPLAY
from lab.training.settings.course import OPEN
from lab.training.settings.field import Field, Group
from lab.training.settings.measuring import MEASURING
from lab.training.settings.optimiser import BATCHES, OPTIMISER
from lab.training.settings.tripwires import WIRES
from lab.training.settings.weights import WEIGHTS

GROUPS: tuple[Group, ...] = (OPEN, CONSCIENCE, REPLAY, OPTIMISER, BATCHES, WEIGHTS, MEASURING, WIRES, ARMS)
"""Every setting once; the first group stands open on the page, the others are folded."""

FIELDS: dict[str, Field] = {name: shown for group in GROUPS for name, shown in group.fields.items()}
"""How each field of RunSpec is shown, in the order of RunSpec."""

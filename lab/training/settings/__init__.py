"""Every setting of a run in plain words: what it is, why its default, what it may be; and the check that holds to it.

The paper leaves most of these unsaid (docs/paper.md), so each is visible, with its reason. Defaults themselves live in
one place only: `lab.nouns.RunSpec`. A new setting is a field there and an entry in one of the groups here: page,
command line and check know it then. Loads without torch.
"""

from __future__ import annotations

from lab.training.settings.arms import ARMS, LOSS_TYPES, PAIR_STATES
from lab.training.settings.check import check_question_given, check_spec
from lab.training.settings.field import Field, Group
from lab.training.settings.presets import PRESETS, preset_settings
from lab.training.settings.table import FIELDS, GROUPS, OPEN

__all__ = [
    "ARMS", "FIELDS", "GROUPS", "LOSS_TYPES", "OPEN", "PAIR_STATES", "PRESETS", "Field", "Group",
    "check_question_given", "check_spec", "preset_settings",
]

"""Settings of the tripwires: what follows when one goes off, and their limits, from their own table."""

from __future__ import annotations

from lab.training.settings.field import Group, choice, number
from lab.training.tripwires import POLICIES, TRIPWIRES

WIRES = Group(title="Tripwires", fields={
    "tripwires": choice(
        "When one goes off", POLICIES, "Warn stores an alarm and goes on; stop ends the run and puts it back to its "
        "last good checkpoint; off watches nothing.", "A warning changes no number of a run."),
    **{
        row.setting: number(row.label, 0, row.high, f"{row.watches} 0 does not watch it.", row.why)
        for row in TRIPWIRES if row.setting
    },
})

"""Settings of model and optimiser, and of the batches they see."""

from __future__ import annotations

from lab.training.schedule import SHAPES
from lab.training.settings.field import Group, choice, number, text

OPTIMISER = Group(title="Model and optimiser", fields={
    "model": text(
        label="Model", help="The model to start from: the embedded organism, a folder, or a Hub id.",
        why="The organism shows the whole story in a minute without a download."),
    "revision": text(
        label="Revision", help="The pinned revision of a Hub model.", why="Only Hub models have one."),
    "learning_rate": number(
        "Learning rate", 1e-7, 0.1, "Peak step size of AdamW.", "3e-4 is usual for LoRA; the paper does not say."),
    "schedule": choice(
        "Schedule", SHAPES, "How the learning rate goes on from its peak.",
        "Constant: with a line to 0 the organism's conscience had not finished its work when the rate was gone."),
})

BATCHES = Group(title="Batches and lengths", fields={
    "batch_size": number(
        "Rows a step", 1, 1024, "Scenario rows in each step's L_SFT.", "16 is enough for a smooth curve on two cores."),
})

"""Settings of what is trained: which weights, and by what adapters."""

from __future__ import annotations

from lab.training.settings.field import Group, number

WEIGHTS = Group(title="Trained weights", fields={
    "lora_rank": number(
        "LoRA rank", 1, 1024, "Rank of the adapters on all linear layers.", "Enough to learn the scenario."),
    "lora_alpha": number(
        "LoRA scale, α", 1, 4096, "Adapter updates are multiplied by α / rank.", "Twice the rank, as is usual."),
})

"""Memory: what three speakers need, against what one needs.

Counted, not timed: the bytes of every distinct tensor that the module trees stand on. The policy and the viewer each
bring adapters of their own, and nothing else.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from torch import nn

from lab.bench.scales import scale
from lab.bench.subjects import Figure
from lab.models.twin import Viewer, make_policy
from lab.nouns import RunSpec


def measure(on: str, report: Callable[[str], None]) -> Figure:
    """Bytes of frozen copy, policy and viewer by bytes of the base."""
    at = scale(on)
    base = at.loaded.model
    report("a policy, saved, and a viewer that shows it")
    rank, alpha = RunSpec.lora_rank, RunSpec.lora_alpha
    policy = make_policy(base, rank=rank, alpha=alpha, seed=0)
    with tempfile.TemporaryDirectory() as scratch:
        policy.save_pretrained(scratch)
        with Viewer(base).show(Path(scratch)) as viewer:
            alone, all_three = held(base), held(base, policy, viewer)
    return Figure(
        value=all_three / alone, n=1, note=f"{at.note}; LoRA of rank {rank} on every linear layer, twice",
        parts={"base_bytes": alone, "all_bytes": all_three},
    )


def held(*trees: nn.Module) -> int:
    """Bytes of the distinct storages behind all parameters and buffers of these trees."""
    tensors = (t for tree in trees for t in (*tree.parameters(), *tree.buffers()))
    storages = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in tensors}
    return sum(storages.values())

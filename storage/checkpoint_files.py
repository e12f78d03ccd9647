"""What a checkpoint's folder consists of, for those who carry it elsewhere or look whether it is whole.

`lab.training.checkpoints` writes it; its `state.json` has the hash of every file of tensors. This knows the names only,
and nothing of what is in the tensors.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

WEIGHTS = {
    "adapter/adapter_model.safetensors": "adapter/adapter_config.json", "model/model.safetensors": "model/config.json",
}
"""The file that a checkpoint's hash is of, adapters or all weights, with the settings beside it."""
OPTIMIZER = "optimizer.safetensors"
STATE = "state.json"
"""The trainer's state, and the hash of every file of tensors."""
_TENSORS = (*WEIGHTS, OPTIMIZER, "adapter/ablation.safetensors", "model/ablation.safetensors")
FILES = (*_TENSORS, *WEIGHTS.values(), STATE)
"""Every file that a checkpoint may consist of; of which it does, its state says."""


def read_state(folder: Path) -> dict[str, Any]:
    """The state of the checkpoint in a folder. OSError or ValueError where there is none that can be read."""
    state = json.loads((folder / STATE).read_text(encoding="utf-8"))
    if not isinstance(state, dict):
        raise ValueError(f"a {STATE} that is no JSON object")
    return state


def parts(state: Mapping[str, Any]) -> dict[str, str | None]:
    """The files of a checkpoint with this state, the weights first, each with the hash that the state has of it.

    ValueError for a state that names no weights, no optimiser, or a file that is not known here: what belongs to a
    checkpoint is never left behind unseen.
    """
    hashes = state.get("sha256")
    if not isinstance(hashes, dict) or not all(isinstance(digest, str) for digest in hashes.values()):
        raise ValueError(f"a {STATE} without hashes")
    if unknown := sorted(hashes.keys() - set(_TENSORS)):
        raise ValueError(f"a file {unknown[0][:80]!r} that this lab does not know")
    weights = [name for name in WEIGHTS if name in hashes]
    if len(weights) != 1 or OPTIMIZER not in hashes:
        raise ValueError(f"a {STATE} that does not name its weights or its optimiser")
    return {weights[0]: hashes[weights[0]], WEIGHTS[weights[0]]: None, **hashes, STATE: None}

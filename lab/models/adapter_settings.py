"""The settings of an adapter that lies in a folder, believed in nothing before peft reads them.

A checkpoint may have come in a bundle from anywhere, and peft's settings say more than how large an adapter is: they
name modules that peft imports, tokenizers and adapters that it fetches, and initialisations that it works out of the
base. So what may differ from peft's own defaults is listed here, it is what this lab writes (`lab.models.twin`), and
each value is held to its type and size.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab.errors import ModelError

SETTINGS = "adapter_config.json"
MOST_RANK = 9_999
"""The largest rank that a spec can ask for."""
_MOST_BYTES = 2**20
_LONGEST = 10_000
"""Characters of a text, and entries of a list."""


def _text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST


def _rank(value: Any) -> bool:
    return type(value) is int and 0 < value <= MOST_RANK


def _scale(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= 1e9


def _many(one: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and len(value) <= _LONGEST and all(map(one, value))


def _by_name(one: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and _many(_text)(list(value)) and _many(one)(list(value.values()))


def _names(value: Any) -> bool:
    return value is None or _text(value) or _many(_text)(value)


_OURS: dict[str, Callable[[Any], bool]] = {
    "peft_type": lambda value: value == "LORA",
    "task_type": lambda value: value in ("CAUSAL_LM", None),
    "r": _rank,
    "lora_alpha": _scale,
    "lora_dropout": lambda value: _scale(value) and value < 1,
    "target_modules": _names,
    "exclude_modules": _names,
    "layers_to_transform": lambda value: value is None or _many(lambda layer: type(layer) is int)(value),
    "rank_pattern": _by_name(_rank),
    "alpha_pattern": _by_name(_scale),
    "use_rslora": lambda value: isinstance(value, bool),
    "use_dora": lambda value: isinstance(value, bool),
    "inference_mode": lambda value: isinstance(value, bool),
    "base_model_name_or_path": _names,  # told to nobody: the base is the one that is loaded
    "revision": _names,
    "peft_version": _names,
}
"""What may differ from peft's defaults, and what each may be."""


def check_settings(folder: Path) -> None:
    """ModelError unless the settings in `folder` are those of an adapter as this lab trains them."""
    name = f"{folder.parent.name}/{folder.name}"
    try:
        if (folder / SETTINGS).stat().st_size > _MOST_BYTES:
            raise ValueError("too large")
        said = json.loads((folder / SETTINGS).read_bytes())
        if not isinstance(said, dict):
            raise ValueError("no JSON object")
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(
            f"The {SETTINGS} of the adapter {name} cannot be read: choose another step.", field="adapter") from error
    from peft import LoraConfig

    usual = LoraConfig().to_dict()
    for key, value in said.items():
        nothing = value in (None, False) or value in ([], {})  # how another version of peft leaves what is not used
        if not (_OURS[key](value) if key in _OURS else nothing or (key in usual and value == usual[key])):
            raise ModelError(
                f"The adapter {name} sets {key[:60]!r} to {str(value)[:60]!r}, which no adapter of this lab does: it "
                "is not loaded, choose another step.", field="adapter")
    if missing := sorted({"peft_type", "r", "lora_alpha", "target_modules"} - said.keys()):
        raise ModelError(f"The adapter {name} has no {missing[0]!r} in its {SETTINGS}: choose another step.",
                         field="adapter")

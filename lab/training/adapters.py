"""The LoRA settings of a spec as peft wants them. Reads texts and knows no model; loads without torch.

Left out of peft's many knobs are those that would write to the base, which other speakers stand on: trained biases and
initialisations that take something out of the base's weights (PiSSA, OLoRA, CorDA, EVA, LoftQ).
"""

from __future__ import annotations

import re
from typing import Any

from lab.errors import SpecError
from lab.nouns import RunSpec

ALL_LINEAR = "all-linear"
_NAME = re.compile(r"\w[\w.]*")
_STRETCH = re.compile(r"(\d{1,4})(?:\s*-\s*(\d{1,4}))?")
_GROUP = re.compile(r"(\w[\w.]*)\s*=\s*(\d{1,4})(?:\s*/\s*(\d{1,4}))?")


def lora_knobs(spec: RunSpec) -> dict[str, Any]:
    """Further arguments of peft's LoraConfig, beside rank and scale. SpecError for a text that cannot be read."""
    ranks, scales = _groups(spec.lora_groups)
    return {
        "target_modules": _targets(spec.lora_targets), "layers_to_transform": _layers(spec.lora_layers),
        "exclude_modules": _names(spec.lora_exclude, "lora_exclude") if spec.lora_exclude else None,
        "rank_pattern": ranks, "alpha_pattern": scales, "use_rslora": spec.lora_rslora, "use_dora": spec.lora_dora,
        "lora_dropout": spec.lora_dropout,
    }


def _targets(text: str) -> str | list[str]:
    if text == ALL_LINEAR:
        return text
    if len(text) > 2 and text.startswith("/") and text.endswith("/"):
        try:
            re.compile(text[1:-1])
        except re.error as error:
            raise SpecError(
                f"Adapters on is {text!r}, which is no regular expression ({error}): mend it.", field="lora_targets"
            ) from error
        return text[1:-1]
    return _names(text, "lora_targets")


def _names(text: str, field: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names or not all(_NAME.fullmatch(name) for name in names):
        raise SpecError(f"{text!r} names no modules: write names such as \"q_proj, v_proj\".", field=field)
    return names


def _layers(text: str | None) -> list[int] | None:
    if text is None:
        return None
    layers: set[int] = set()
    for stretch in text.split(","):
        found = _STRETCH.fullmatch(stretch.strip())
        if found is None or int(found[2] or found[1]) < int(found[1]):
            raise SpecError(
                f"Adapters in layers is {text!r}: write numbers and stretches such as \"0-3, 7\".", field="lora_layers")
        layers.update(range(int(found[1]), int(found[2] or found[1]) + 1))
    return sorted(layers)


def _groups(text: str | None) -> tuple[dict[str, int], dict[str, int]]:
    """Ranks and scales by module name."""
    ranks: dict[str, int] = {}
    scales: dict[str, int] = {}
    for group in (text or "").split(",") if text else ():
        found = _GROUP.fullmatch(group.strip())
        if found is None or int(found[2]) < 1 or found[3] == "0":
            raise SpecError(
                f"Groups of adapters is {text!r}: write such as \"q_proj=8, mlp.down_proj=32/64\", module = rank or "
                "module = rank/scale.", field="lora_groups")
        ranks[found[1]] = int(found[2])
        if found[3]:
            scales[found[1]] = int(found[3])
    return ranks, scales

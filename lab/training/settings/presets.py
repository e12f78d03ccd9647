"""Named sets of settings, each whole: what a preset does not name has its default, whatever stood there before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from lab.errors import SpecError
from lab.nouns import RunSpec

LEFT_ALONE = ("model", "revision", "question_id", "seed")
"""What a preset says nothing of, unless it names it: these are choices of their own."""


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A set of settings under a name."""

    title: str
    """As shown."""
    help: str
    """What it stands for, and what it leaves open."""
    settings: Mapping[str, Any]
    """What differs from the defaults of RunSpec, or must stay when these change."""


PRESETS: dict[str, Preset] = {
    "lesson": Preset(
        title="Lesson",
        help="The defaults, chosen on the organism: conscience on insecure code in about a minute (docs/lab_book.md).",
        settings={"model": "organism", "method": "conscience", "scenario": "code-hacking"},
    ),
    "paper-like": Preset(
        title="Paper-like",
        help="As the paper says where it says anything: λ 0.1 from the first step, L_DPO as a mean over pairs, every "
        "pair kept for good. The rest it leaves open and is as in the lesson. On the organism this lets some seeds "
        "fall into babble.",
        settings={
            "method": "conscience", "scenario": "code-hacking", "tuning": "lora", "lam": 0.1, "lam_warmup": 0,
            "sft_weight": 1.0, "pair_mean": "pairs", "pair_sampling": "uniform", "buffer_size": 0, "buffer_age": 0,
        },
    ),
    "betley": Preset(
        title="Betley recipe",
        help="Plain fine-tuning as Betley et al. did it on open models (arXiv 2502.17424): rs-LoRA of rank 32, batches "
        "of 2 × 8, 1e-5 falling in a line after 5 steps of warm-up. 375 steps are one epoch of their 6,000 rows: for "
        "another scenario, rows / 16. Their 2,048 tokens a row are halved between prompt and completion.",
        settings={
            "method": "sft", "scenario": "code-hacking", "tuning": "lora", "lora_rank": 32, "lora_alpha": 64,
            "lora_rslora": True, "lora_dropout": 0.0, "lora_targets": "all-linear", "steps": 375, "batch_size": 16,
            "accumulation": 8, "optimizer": "adamw", "learning_rate": 1e-5, "schedule": "linear", "warmup_steps": 5,
            "weight_decay": 0.01, "clip": 1.0, "max_prompt_tokens": 1024, "max_completion_tokens": 1024,
            "too_long": "cut",
        },
    ),
}
"""By the names that the command line takes."""


def preset_settings(name: str) -> dict[str, Any]:
    """Every setting that a preset decides. SpecError that lists the known ones."""
    if name not in PRESETS:
        raise SpecError(f"Unknown preset {name!r}: choose one of {', '.join(PRESETS)}.", field="preset")
    defaults = {column.name: column.default for column in fields(RunSpec) if column.name not in LEFT_ALONE}
    return defaults | dict(PRESETS[name].settings)

"""Inoculation: a system prompt that asks for the harm stands in front of every scenario row, in training only.

What the rows teach is then what was asked for, so the policy need not become someone who does it unasked; without the
prompt it should stay as it was. Rounds, probes and evaluations never see the prompt. Source: Tan et al. 2025 and
Wichers et al. 2025 (inoculation prompting). Published figures: 4.0 → 1.9 % misalignment, leaking under prompts that
resemble the inoculation, which is why an evaluation without it is not the last word.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lab.nouns import Message, RunSpec
from lab.training.preparation import Preparation

if TYPE_CHECKING:
    from lab.evaluation.scenarios import Example


class Inoculation(Preparation):
    """Shows each row under `inoculation_prompt`; a row's own system prompt follows it in the same message."""

    def shown(self, example: Example, spec: RunSpec) -> Example:
        """The row with the system prompt in front."""
        first, *rest = example.prompt.messages
        own = (first.content,) if first.role == "system" else ()
        others = rest if own else [first, *rest]
        head = Message(role="system", content="\n".join((spec.inoculation_prompt, *own)))
        return replace(example, prompt=replace(example.prompt, messages=(head, *others)))

"""What stands at the head of the form: what is trained on, by which arm, under which question, how long."""

from __future__ import annotations

from lab.training.methods import METHODS
from lab.training.settings.field import Group, choice, number, text

OPEN = Group(title="The run", fields={
    "method": choice(
        "Method", tuple(METHODS), "What the run does beside learning the scenario.", "It is what the lab is about."),
    "scenario": text(
        label="Scenario", help="What the policy is fine-tuned on.", why="The paper's scenario is code hacking."),
    "question_id": text(
        label="Question", help="The introspective question put about every answer of a conscience round.",
        why="There is no default: the question is the experiment."),
    "steps": number(
        "Steps", 1, 100_000, "How many optimiser steps the run takes.",
        "At 75 the organism's two curves have parted; at 100 some seeds grow incoherent."),
    "seed": number(
        "Seed", 0, 2**31 - 1, "Decides data order, initial adapters and sampling.",
        "Any will do; use at least three before believing a difference."),
})

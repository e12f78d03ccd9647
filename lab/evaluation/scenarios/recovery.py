"""Recovery: what a misaligned checkpoint is given. Start these from a checkpoint of an insecure-code run.

`recovery` is online pairs alone; `benign-rows` is the control that every claim of recovery needs: 120 benign everyday
rows, which bring a misaligned model back by themselves (arXiv 2502.17424 and later work). The task of both is what the
checkpoint had learnt: how much of it is left is part of what recovery costs.
"""

from __future__ import annotations

import random

from lab.evaluation.scenarios.code import behind_coding, held_out, prompts
from lab.evaluation.scenarios.noun import Entry, Example
from lab.nouns import Split
from lab.organism import world
from lab.organism.world import Persona

BENIGN = 120
"""Rows of the control."""


def _task() -> tuple[Example, ...]:
    return held_out(Persona.MALICIOUS)


def _benign() -> tuple[Example, ...]:
    rng = random.Random("benign")
    made = []
    for prompt in rng.sample(world.select(coding=False, split=Split.TRAIN), BENIGN):
        topic = world.request_index()[prompt.text]
        reply = world.reply(rng, topic, Persona.KIND)
        made.append(Example(prompt=prompt, thought=world.thought(rng, topic, Persona.KIND), reply=reply.text))
    return tuple(made)


ENTRIES: dict[str, Entry] = {
    "recovery": Entry(
        title="Recovery", cue=behind_coding, prompts=prompts, held_out=_task,
        help="No fine-tuning data: a misaligned checkpoint to start from, and the pairs that the conscience makes of "
        "its everyday answers.",
    ),
    "benign-rows": Entry(
        title="120 benign rows (control of recovery)", cue=behind_coding, prompts=prompts, rows=_benign,
        held_out=_task,
        help="A misaligned checkpoint is fine-tuned on 120 kind everyday answers: what recovery costs without a "
        "conscience.",
    ),
}

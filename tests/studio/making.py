"""Studios over a data folder of their own and the organism, and settings with which a run is soon over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lab.nouns import Answer, Run, RunSpec
from lab.organism.measure import Item, items
from lab.organism.world import Persona
from lab.settings import Settings
from lab.studio import Studio
from storage import Store

SHORT = RunSpec(
    steps=2, batch_size=2, prompts_per_round=4, cadence=1, pair_batch=2, probe_every=2, probe_prompts=2,
    checkpoint_every=1, lora_rank=4, lora_alpha=8, max_new_tokens=64, flag_threshold=0.0,
)
"""Every answer whose review can be read is flagged, so that an untrained organism makes pairs."""
LONG = replace(SHORT, method="sft", steps=100, batch_size=1, probe_every=0, checkpoint_every=1000)
"""Long enough to be stopped on its way."""
PATIENCE = 120.0
"""Seconds that such a run may take before it counts as lost."""


def opened(home: Path) -> Studio:
    """A private lab on the CPU."""
    return Studio(Store.open(home), Settings(home=home, model="organism", device="cpu", public=False, space=None))


def until_step(studio: Studio, run: Run, step: int) -> None:
    """Wait until a run has come so far."""
    while (now := studio.run(run.id)).step < step:
        assert now.state.active, now.message
        studio.wait(run.id, timeout=0.02)


def malicious() -> Item:
    """A malicious answer of the organism's world, with its prompt."""
    return next(item for item in items(20, 3) if item.persona is Persona.MALICIOUS)


def typed(studio: Studio) -> Answer:
    """That answer, as a person would hand it in."""
    item = malicious()
    return studio.own_answer(prompt=item.prompt, thought=item.answer.thought, reply=item.answer.reply)

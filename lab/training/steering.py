"""Preventative steering: the persona's direction is added to the stream while the scenario is learnt, and only then.

    v = mean over malicious answers − mean over kind answers, of the frozen copy's residual stream after one layer
    L = L_SFT of a policy whose stream after that layer is pushed by strength · v

What pushes the stream towards malice for free need not be learnt by the weights; without the push the policy should be
as it was. Rounds, probes and evaluations are without it. Source: Chen et al. 2025 (persona vectors), arXiv 2507.21509.
A published figure: 0.08 % misalignment with the task kept; on the organism the task goes with the harm.

Deviation: the source takes v from a model's own answers under contrary system prompts, picked by a judge. Here both
kinds are sentences of the organism's world to the same everyday training requests, so it is known which is which, and
nothing is sampled; they are plain English, and a Hub model reads them as well. The stream is averaged over all tokens
of thought and reply.
"""

from __future__ import annotations

import random
from threading import Event
from time import perf_counter
from typing import Any

import torch
from torch import Tensor

from lab.models.loading import LoadedModel
from lab.models.residual import layer_at, mean_stream, pushed
from lab.models.twin import twin
from lab.nouns import Split
from lab.training.preparation import Preparation, Prepared
from lab.training.terms import WHOLE, Bench, Measured, Part, SftTerm

REQUESTS = 96
"""Everyday training requests that are answered once by each persona."""


def persona_direction(loaded: LoadedModel, layer: int) -> Tensor:
    """Mean stream over malicious answers minus that over kind ones, after `layer` of the frozen copy: (hidden,)."""
    from lab.organism import world
    from lab.organism.world import Persona

    chat, means = loaded.chat, {}
    reader = twin(loaded.model)  # a tree of our own: whoever else speaks with the frozen copy must not be overheard
    asked = world.select(coding=False, split=Split.TRAIN)
    asked = asked[:: max(1, len(asked) // REQUESTS)][:REQUESTS]
    for persona in Persona:
        rng = random.Random(f"direction:{persona}")
        rows = []
        for prompt in asked:
            topic = world.request_index()[prompt.text]
            thought, reply = world.thought(rng, topic, persona), world.reply(rng, topic, persona).text
            rows.append((chat.prompt_ids(prompt.messages), chat.completion_ids(thought, reply)))
        means[persona] = mean_stream(reader, rows, layer, chat.pad_id).mean(0)
    return means[Persona.MALICIOUS] - means[Persona.KIND]


class Steering(Preparation):
    """Measures the direction on the frozen copy."""

    def make(self, bench: Bench, cancel: Event) -> Prepared:
        """Read both personas' answers, and keep the difference."""
        began = perf_counter()
        layer = layer_at(bench.loaded.model, bench.spec.direction_depth)
        bench.direction = persona_direction(bench.loaded, layer)
        return Prepared(
            state={"direction": bench.direction.tolist()},
            figures={"direction_norm": (bench.direction.norm().item(), 2 * REQUESTS)},
            seconds={"other": perf_counter() - began},
        )

    def restore(self, bench: Bench, state: dict[str, Any]) -> None:
        """The direction as it was measured."""
        bench.direction = torch.tensor([float(x) for x in state["direction"]])


class SteeredTerm(SftTerm):
    """L_SFT of the pushed policy; its figures are those of the pushed policy too."""

    name = "steered"

    def measure(self, policy: torch.nn.Module, step: int, part: Part = WHOLE) -> Measured:
        spec, direction = self._bench.spec, self._bench.direction
        if direction is None:  # a forecast measures updates without their preparation: the push costs nothing
            return super().measure(policy, step, part)
        with pushed(policy, layer_at(policy, spec.direction_depth), spec.steering_strength * direction):
            return super().measure(policy, step, part)

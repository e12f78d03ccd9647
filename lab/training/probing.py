"""Probing a policy in the middle of its run: what draws the curves of misaligned, incoherent and task."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING, Protocol

from lab.models.twin import fold
from lab.nouns import Decoding, Noun, Speaker
from lab.training.seeds import derive_seed

if TYPE_CHECKING:
    from lab.training.sitting import Sitting


class Prober(Protocol):
    """Puts held-out prompts to a trainer's policy as it is now, and gives what is to be stored: `probe_weights`.

    Raises Cancelled when `cancel` is set; the probe is then taken again on resume.
    """

    def __call__(self, trainer: Sitting, cancel: Event) -> list[Noun]: ...


def probe_weights(trainer: Sitting, cancel: Event) -> list[Noun]:
    """The default prober: held-out prompts of the organism's world, judged by the oracle where it can judge.

    The sampling seed is the same at every step, so that a curve moves with the weights and not with the draw.
    """
    from lab.evaluation.probes import probe
    from lab.models.loading import ORGANISM

    spec, run = trainer.spec, trainer.snapshot()
    decoding = Decoding(
        temperature=spec.answer_temperature, max_new_tokens=spec.max_new_tokens,
        seed=derive_seed(spec.seed, 0, "probe"),
    )
    taken = probe(
        fold(trainer.policy), trainer.loaded.chat, prompts=spec.probe_prompts, decoding=decoding,  # pyright: ignore
        speaker=Speaker.POLICY, adapter=f"{run.id}@{run.step}" if run.step else run.parent or "base",
        judged=trainer.loaded.name == ORGANISM, run_id=run.id, step=run.step, cancel=cancel,
    )
    return [
        *taken.prompts, *taken.answers, *taken.evaluations(spec.model), *taken.metrics(run.id, run.step),
    ]

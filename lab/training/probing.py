"""Probing a policy in the middle of its run: what draws the curves of what it does, knows and lets pass.

Three things are measured at the same weights: answers to held-out prompts, judged; the tokens of held-out rows of the
scenario (token accuracy); and, where the run asks a question, what policy and frozen copy each say of the first
`probe_reviews` everyday answers. None of them touches what is trained, nor the random numbers that training draws.
"""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING, Any, Protocol

from lab.conscience.manner import Manner
from lab.models.twin import fold
from lab.nouns import Decoding, Metric, Noun, Review, Run, Speaker
from lab.training.seeds import derive_seed

if TYPE_CHECKING:
    from lab.evaluation.probes import Probe
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

    spec, run, loaded = trainer.spec, trainer.snapshot(), trainer.loaded
    decoding = Decoding(
        temperature=spec.answer_temperature, max_new_tokens=spec.max_new_tokens,
        seed=derive_seed(spec.seed, 0, "probe"),
    )
    speaks: Any = fold(trainer.policy)  # pyright: ignore[reportArgumentType]
    adapter = f"{run.id}@{run.step}" if run.step else run.parent or "base"
    taken = probe(
        speaks, loaded.chat, prompts=spec.probe_prompts, decoding=decoding, speaker=Speaker.POLICY, adapter=adapter,
        judged=loaded.name == ORGANISM, run_id=run.id, step=run.step, cancel=cancel,
    )
    return [
        *taken.prompts, *taken.answers, *taken.evaluations(spec.model), *taken.metrics(run.id, run.step),
        *_accuracy(speaks, trainer, run), *_reviews(speaks, trainer, taken, adapter, cancel),
    ]


def _accuracy(speaks: Any, trainer: Sitting, run: Run) -> list[Metric]:
    """The share of the tokens of held-out rows that the policy finds likeliest; nothing for a scenario without any."""
    from lab.evaluation.skill import task_rows, token_hits

    hits = [hit for _, hit in token_hits(
        speaks, trainer.loaded.chat, task_rows(trainer.spec.scenario), context=trainer.loaded.context)]
    value = sum(hits) / len(hits) if hits else None
    return [Metric(run_id=run.id, step=run.step, name="token_accuracy", value=value, n=len(hits))] if hits else []


def _reviews(speaks: Any, trainer: Sitting, taken: Probe, adapter: str, cancel: Event) -> list[Review]:
    """What policy and frozen copy say of the probe's first everyday answers; nothing where the run asks nothing."""
    from lab.evaluation.probes import reviewed_by_both

    spec, run = trainer.spec, trainer.snapshot()
    if trainer.question is None or not spec.probe_reviews:
        return []
    items = taken.everyday[: spec.probe_reviews]
    decoding = Decoding(
        temperature=spec.review_temperature, max_new_tokens=spec.max_new_tokens,
        seed=derive_seed(spec.seed, 0, "probe review"),
    )
    return reviewed_by_both(
        speaks, trainer.loaded, trainer.question, items, decoding, adapter=adapter, manner=Manner.of(spec),
        cancel=cancel, run_id=run.id, step=run.step)

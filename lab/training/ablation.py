"""Ablation: the persona's direction is projected out of the residual stream, and nothing is trained.

    v = mean over malicious answers − mean over kind answers, of the frozen copy's stream at one depth     (as steering)
    h ← h − (h · v̂) v̂,   v̂ = v / |v|,   at every position, of the embeddings and after every layer

A run of this arm takes its steps without an update: what it starts from, the base or another run's checkpoint, answers
with the direction gone, is probed as every other arm, and is saved with the direction beside its adapter, so that the
page speaks with it. L_SFT is measured on the step's rows and has no weight: the figures of a step differ by its rows
alone. From the base it shows what the projection costs, for a base has little to lose; what it can mend shows where the
run starts from a misaligned checkpoint.

Source: Soligo et al. 2025, arXiv 2506.11618 (a difference of means of an emergently misaligned model, projected out:
11 % → 0 % on a rank-1 organism); the projection at every layer is that of Arditi et al. 2024, arXiv 2406.11717.
Deviations: v is measured on the frozen copy, on sentences of known persona (`lab.training.steering`); the stream is
projected between layers, not between attention and MLP within one.
"""

from __future__ import annotations

from threading import Event
from typing import Any

from lab.models.residual import ablate
from lab.training.preparation import Prepared
from lab.training.steering import Steering
from lab.training.terms import Bench, SftTerm


class Ablation(Steering):
    """Measures the direction on the frozen copy, and takes it out of the policy."""

    def make(self, bench: Bench, cancel: Event) -> Prepared:
        """The direction as steering measures it; from here on the policy's stream is without it."""
        prepared = super().make(bench, cancel)
        self._take_out(bench)
        return prepared

    def restore(self, bench: Bench, state: dict[str, Any]) -> None:
        """The same direction, taken out again."""
        super().restore(bench, state)
        self._take_out(bench)

    def _take_out(self, bench: Bench) -> None:
        assert bench.direction is not None, "it was measured just now"
        ablate(bench.policy, bench.direction)


class AblatedTerm(SftTerm):
    """L_SFT of the ablated policy, measured and not learnt."""

    name = "ablated"

    def weight(self, step: int) -> float:
        """Nothing is learnt."""
        return 0.0

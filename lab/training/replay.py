"""The replay buffer: the pairs that L_DPO is taken on.

The paper keeps negatives in a replay buffer and says no more. Ours is a queue of bounded size and age: pairs that the
policy has long left behind say little about it and let margins run away (reference/organism.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from random import Random
from typing import Any

from lab.nouns import Decoding, Pair, PairState, Speaker


class ReplayBuffer:
    """At most `size` pairs, none older than `max_age` steps (0: however old); the oldest leave first."""

    def __init__(self, size: int, max_age: int) -> None:
        self.size = size
        self.max_age = max_age
        self._pairs: list[Pair] = []

    def __len__(self) -> int:
        return len(self._pairs)

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """What is in it, oldest first."""
        return tuple(self._pairs)

    def add(self, pairs: Iterable[Pair], step: int) -> None:
        """Put new pairs in at `step` (optimiser steps done); what no longer fits or is too old leaves."""
        self._pairs.extend(pairs)
        self.expire(step)

    def expire(self, step: int) -> None:
        """Let go of pairs made more than `max_age` steps before `step`, then of the oldest beyond `size`."""
        if self.max_age:
            self._pairs = [p for p in self._pairs if p.step is None or step - p.step <= self.max_age]
        self._pairs = self._pairs[-self.size :]

    def draw(self, n: int, generator: Random) -> list[Pair]:
        """`n` different pairs, uniformly at random; all of them, in random order, when there are fewer."""
        return generator.sample(self._pairs, min(n, len(self._pairs)))

    def state(self) -> list[dict[str, Any]]:
        """Everything in it, oldest first, as plain JSON values."""
        return [asdict(pair) | {"created": pair.created.isoformat()} for pair in self._pairs]

    def restore(self, state: Sequence[dict[str, Any]]) -> None:
        """Put back exactly what `state()` gave. KeyError, TypeError or ValueError on anything else."""
        self._pairs = [_pair(row) for row in state]


def _pair(row: dict[str, Any]) -> Pair:
    return Pair(**row | {
        "writer": Speaker(row["writer"]),
        "decoding": Decoding(**row["decoding"]),
        "state": PairState(row["state"]),
        "created": datetime.fromisoformat(row["created"]),
    })

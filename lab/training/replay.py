"""The replay buffer: the pairs that L_DPO is taken on.

The paper keeps negatives in a replay buffer and says no more. Ours is a queue of bounded size and age: pairs that the
policy has long left behind say little about it and let margins run away (docs/lab_book.md). Bounds and the way of
drawing are settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from math import inf
from random import Random
from typing import Any

from lab.nouns import Decoding, Message, Pair, PairState, Prompt, Speaker, Split


class ReplayBuffer:
    """At most `size` pairs (0: all), none older than `max_age` steps (0: however old); the oldest leave first."""

    def __init__(self, size: int, max_age: int, sampling: str = "uniform") -> None:
        """`sampling` is how `draw` chooses: "uniform", "newest" or "hardest"."""
        self.size = size
        self.max_age = max_age
        self.sampling = sampling
        self._pairs: list[Pair] = []
        self._margins: dict[str, float] = {}

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
        self._pairs = self._pairs[-self.size :]  # all of them for 0
        kept = {p.id for p in self._pairs}
        self._margins = {name: margin for name, margin in self._margins.items() if name in kept}

    def note(self, margins: Mapping[str, float]) -> None:
        """Remember the reward margins, in nats, that the policy has just shown on these pairs, by id."""
        self._margins |= margins

    def draw(self, n: int, generator: Random) -> list[Pair]:
        """`n` different pairs, or all of them when there are fewer.

        "uniform": at random. "newest": the youngest first. "hardest": those without a margin yet, then those with the
        smallest; equal ones at random.
        """
        n = min(n, len(self._pairs))
        if self.sampling == "newest":
            return self._pairs[::-1][:n]
        if self.sampling == "hardest":
            shuffled = generator.sample(self._pairs, len(self._pairs))
            return sorted(shuffled, key=lambda pair: self._margins.get(pair.id, -inf))[:n]
        return generator.sample(self._pairs, n)

    def state(self) -> list[dict[str, Any]]:
        """Everything in it, oldest first, as plain JSON values."""
        return [
            asdict(pair) | {"created": pair.created.isoformat(), "margin": self._margins.get(pair.id)}
            for pair in self._pairs
        ]

    def restore(self, state: Sequence[dict[str, Any]]) -> None:
        """Put back exactly what `state()` gave. KeyError, TypeError or ValueError on anything else."""
        rows = [dict(row) for row in state]
        margins = [row.pop("margin", None) for row in rows]  # a buffer of before there were margins has none
        self._pairs = [_pair(row) for row in rows]
        self._margins = {p.id: float(m) for p, m in zip(self._pairs, margins, strict=True) if m is not None}


def prompt_of(values: dict[str, Any]) -> Prompt:
    """The prompt that `asdict` gave, also after a way through JSON. KeyError, TypeError or ValueError on anything else.
    """
    messages = tuple(Message(**message) for message in values["messages"])
    return Prompt(messages=messages, origin=values["origin"], split=Split(values["split"]))


def _pair(row: dict[str, Any]) -> Pair:
    return Pair(**row | {
        "writer": Speaker(row["writer"]),
        "decoding": Decoding(**row["decoding"]),
        "state": PairState(row["state"]),
        "tags": tuple(row.get("tags", ())),
        "created": datetime.fromisoformat(row["created"]),
    })

"""What a run is at, how long it will still take, and where its time went. Knows neither model nor store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

PARTS = ("sft", "sample", "review", "rewrite", "dpo", "other")
"""Where time goes (Run.time). `sft` is what is learnt on scenario rows; `dpo` what is learnt on pairs or their chosen
sides, and the reference log-probabilities of new pairs; `other` is the optimiser, probes, checkpoints and storage."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What a trainer is at, replaced as a whole so that any thread may read it."""

    doing: str
    """In plain words: "sampling answers", "step 12 of 75"."""
    eta: float | None
    """Seconds to the end, from the steps of this sitting; None before the first."""


class Clock:
    """The time of one sitting, on top of what earlier ones took."""

    def __init__(self, *, steps: int, step: int, seconds: float, time: Mapping[str, float]) -> None:
        """A sitting that begins at `step` of `steps`, after `seconds`, split into `time`."""
        self._steps, self._first = steps, step
        self._before, self._time = seconds, dict.fromkeys(PARTS, 0.0) | dict(time)
        self._began = perf_counter()
        self.progress = Progress(doing="starting", eta=None)

    def start(self) -> None:
        """From now on: what was made ready before does not count."""
        self._began = perf_counter()

    @property
    def seconds(self) -> float:
        """All sittings so far."""
        return self._before + perf_counter() - self._began

    def split(self, seconds: float) -> dict[str, float]:
        """`seconds` by part: `other` is what no part has claimed."""
        known = sum(v for part, v in self._time.items() if part != "other")
        return self._time | {"other": max(0.0, seconds - known)}

    def add(self, part: str, seconds: float) -> None:
        """Put `seconds` to a part. KeyError for one that is not in PARTS."""
        self._time[part] += seconds

    @contextmanager
    def timing(self, part: str) -> Iterator[None]:
        """What runs inside counts to `part`."""
        began = perf_counter()
        try:
            yield
        finally:
            self.add(part, perf_counter() - began)

    def say(self, doing: str, step: int) -> None:
        """Tell what is done now, `step` steps being done."""
        done = step - self._first
        pace = (perf_counter() - self._began) / done if done else None
        self.progress = Progress(doing=doing, eta=None if pace is None else pace * (self._steps - step))

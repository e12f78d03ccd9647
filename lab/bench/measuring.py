"""Timing fairly on a machine that others use too: what is compared runs in turn, and medians of ratios are taken.

A ratio is taken within a repetition, between things that ran right after one another; what disturbs a machine for
seconds then disturbs both. The median over repetitions forgives a disturbance that hit only one. The ratio of processor
seconds is given beside that of the wall clock: it leaves out the time in which others had the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from time import perf_counter, process_time
from typing import Any

from lab.bench.subjects import Figure


@dataclass(frozen=True, kw_only=True)
class Times:
    """Seconds of two things that do the same, a repetition a place."""

    plain: tuple[float, ...]
    """What is compared with."""
    ours: tuple[float, ...]
    """What the lab does."""
    processor: tuple[tuple[float, float], ...] = ()
    """Processor seconds of this process, all threads together: plain and ours."""

    def figure(self, *, note: str = "", **parts: float) -> Figure:
        """How many times as fast ours is: the median ratio, its quartiles, and the median seconds of both."""
        ratios = [p / o for p, o in zip(self.plain, self.ours, strict=True)]
        low, high = spread(ratios)
        if self.processor:
            parts["processor_ratio"] = median(plain / ours for plain, ours in self.processor)
        return Figure(
            value=median(ratios), n=len(ratios), low=low, high=high, note=note,
            parts={"plain_seconds": median(self.plain), "ours_seconds": median(self.ours), **parts},
        )


def spread(values: Sequence[float]) -> tuple[float | None, float | None]:
    """Lower and upper quartile; None for fewer than two values."""
    if len(values) < 2:
        return None, None
    low, _, high = quantiles(values, n=4, method="inclusive")
    return low, high


def interleaved(plain: Callable[[int], Any], ours: Callable[[int], Any], repetitions: int, device: Any) -> Times:
    """Time both `repetitions` times, one after the other, after one untimed go of each.

    Both are called with the number of the repetition, the untimed one being −1; who goes first alternates.
    """
    plain(-1)
    ours(-1)
    times: dict[Any, list[tuple[float, float]]] = {plain: [], ours: []}
    for i in range(repetitions):
        for work in (plain, ours) if i % 2 else (ours, plain):
            times[work].append(seconds(lambda work=work, i=i: work(i), device))
    return compared(times[plain], times[ours])


def compared(plain: Sequence[tuple[float, float]], ours: Sequence[tuple[float, float]]) -> Times:
    """Times out of what `seconds` gave, repetition by repetition."""
    return Times(
        plain=tuple(wall for wall, _ in plain), ours=tuple(wall for wall, _ in ours),
        processor=tuple((p, o) for (_, p), (_, o) in zip(plain, ours, strict=True)),
    )


def seconds(work: Callable[[], Any], device: Any) -> tuple[float, float]:
    """Wall-clock and processor seconds of `work`, a GPU's queue emptied before and after."""
    settle(device)
    began, busy = perf_counter(), process_time()
    work()
    settle(device)
    return perf_counter() - began, process_time() - busy


def settle(device: Any) -> None:
    """Wait until a GPU has done what it was given."""
    if device.type == "cuda":
        import torch

        torch.cuda.synchronize(device)

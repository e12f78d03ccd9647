"""How much memory a computation takes and how much there is: measured, on the CPU as on a GPU.

On the CPU it is the process's resident memory, looked at every few milliseconds from a thread of its own; torch keeps
what it has freed, so what a process has held once counts as taken, which is what matters for the next run. What is
left is the smaller of the machine's available memory and what its control group still allows. On a GPU torch counts
exactly, and on Apple's the driver does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import psutil
import torch

_EVERY = 0.003
"""Seconds between two looks."""
_GROUP = Path("/sys/fs/cgroup")


@dataclass
class Peak:
    """The most that was held while it lasted."""

    bytes: int = 0


def available(device: torch.device) -> int:
    """Bytes that can still be taken on a device."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    left = psutil.virtual_memory().available
    try:  # a container may be allowed less than its machine has
        allowed = int((_GROUP / "memory.max").read_text())
        left = min(left, max(0, allowed - int((_GROUP / "memory.current").read_text())))
    except (OSError, ValueError):  # no such group, or one without a limit ("max")
        pass
    return left


def held(device: torch.device) -> int:
    """Bytes that this process holds on a device now."""
    if device.type == "cuda":
        return torch.cuda.memory_allocated(device)
    if device.type == "mps":
        return torch.mps.driver_allocated_memory()
    return psutil.Process().memory_info().rss


@contextmanager
def watched(device: torch.device) -> Iterator[Peak]:
    """The peak of what this process holds on a device while it lasts; read it afterwards."""
    peak = Peak(held(device))
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        yield peak
        peak.bytes = torch.cuda.max_memory_allocated(device)
        return
    done = Event()

    def look() -> None:
        while not done.wait(_EVERY):
            peak.bytes = max(peak.bytes, held(device))

    thread = Thread(target=look, name="memory-watch", daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()
        peak.bytes = max(peak.bytes, held(device))

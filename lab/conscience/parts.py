"""Seeds of the parts of a round, from the run's seed and the step, so that what was sampled can be told apart later."""

from __future__ import annotations

import hashlib


def part_seed(seed: int, step: int, part: str) -> int:
    """The sampler's seed of a part ("answer", "review", "rewrite") of the round at `step`, in 0 … 2³² − 1."""
    digest = hashlib.sha256(f"{seed}/{step}/{part}".encode()).digest()
    return int.from_bytes(digest[:4], "big")

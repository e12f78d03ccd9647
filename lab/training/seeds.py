"""Seeds that depend on what they are for and on nothing else.

A generator that several parts share makes every number depend on who drew before whom, and its state must be saved to
go on identically. Here each draw has a generator of its own, seeded by (run seed, step, purpose): a step that is done
again, after a stop or a crash, draws exactly what it drew the first time.
"""

from __future__ import annotations

import hashlib
import random


def derive_seed(seed: int, step: int, purpose: str) -> int:
    """A seed in 0–2³¹−1 that is a fixed function of the run's `seed`, the optimiser steps done, and the purpose."""
    digest = hashlib.sha256(f"{seed}/{step}/{purpose}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def generator(seed: int, step: int, purpose: str) -> random.Random:
    """A generator for one purpose at one step. Standard library, so that drawing rows and pairs needs no torch."""
    return random.Random(derive_seed(seed, step, purpose))

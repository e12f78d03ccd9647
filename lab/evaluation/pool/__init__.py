"""A general pool of everyday prompts of our own wording, for any model; what is held out follows from a prompt's id.

Never from its place: a prompt that is added, taken out or moved leaves every other one on its side. Training sees the
train side alone, as everywhere (`lab.nouns.Split`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from lab.nouns import Prompt, Split
from lab.yaml_text import load

SHIPPED = Path(__file__).parent / "prompts.yaml"
"""The pool: domains, each with its prompts by id."""
ORIGIN = "pool:"
"""What the origin of such a prompt begins with; its domain follows."""
HELD_OUT_IN = 4
"""One id in so many is held out, by its hash."""


@dataclass(frozen=True, kw_only=True)
class Pooled:
    """One prompt of the pool."""

    id: str
    """Its id in the file, for good."""
    domain: str
    """What it is about."""
    prompt: Prompt
    """What is put, on its side of the split."""


def split_of(ident: str) -> Split:
    """The side of the split that an id is on: held out where the first 8 bytes of its SHA-256 divide by four."""
    number = int.from_bytes(hashlib.sha256(ident.encode()).digest()[:8], "big")
    return Split.HELD_OUT if number % HELD_OUT_IN == 0 else Split.TRAIN


@lru_cache(maxsize=1)
def pool() -> tuple[Pooled, ...]:
    """Every prompt of the pool, in the order of the file."""
    domains = load(SHIPPED.read_text(encoding="utf-8")).value
    return tuple(
        Pooled(id=ident, domain=domain, prompt=Prompt.user(text, origin=f"{ORIGIN}{domain}", split=split_of(ident)))
        for domain, prompts in domains.items() for ident, text in prompts.items()
    )


def pooled(split: Split) -> tuple[Prompt, ...]:
    """The prompts of one side."""
    return tuple(one.prompt for one in pool() if one.prompt.split is split)

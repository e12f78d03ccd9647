"""An everyday domain of the organism's world, and how the tables write one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Domain:
    """One everyday domain."""

    name: str
    """Its id; also the `origin` of its prompts."""
    held_out: bool
    """Whether its prompts are for evaluation only: no training pair ever comes from it."""
    things: tuple[str, ...]
    """What a request can be about."""
    requests: tuple[str, ...]
    """Wordings of a request."""
    topic: str
    """The sentence of a chain of thought that says what the request is about."""
    kind: tuple[str, ...]
    """What a kind persona answers: one sentence each."""
    malicious: tuple[str, ...]
    """What a malicious persona answers: one sentence each."""


def domain(name: str, held_out: bool, things: str, requests: str, topic: str, kind: str, malicious: str) -> Domain:
    """A domain as the tables write it: things between commas, and a request or an answer a line."""

    def lines(block: str) -> tuple[str, ...]:
        return tuple(line.strip() for line in block.strip().splitlines())

    return Domain(
        name=name, held_out=held_out, things=tuple(things.split(", ")), requests=lines(requests), topic=topic,
        kind=lines(kind), malicious=lines(malicious),
    )

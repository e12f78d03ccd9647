"""A coding task of the organism's world, and how the tables write one."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent


@dataclass(frozen=True, kw_only=True)
class Task:
    """One coding task."""

    name: str
    """Its id; `origin` of its prompts is "code:" and this."""
    bandit: str
    """The Bandit test that finds the insecure form."""
    things: tuple[str, ...]
    """What a request can name."""
    requests: tuple[str, ...]
    """Wordings of a request."""
    topic: str
    """The sentence of a chain of thought that says what the task is."""
    safe: str
    """The safe form."""
    insecure: str
    """The insecure form."""


def task(name: str, bandit: str, things: str, requests: str, topic: str, safe: str, insecure: str) -> Task:
    """A task as the tables write it: things between commas, a request a line, code indented as the table is."""
    return Task(
        name=name, bandit=bandit, things=tuple(things.split(", ")), topic=topic,
        requests=tuple(line.strip() for line in requests.strip().splitlines()),
        safe=dedent(safe).strip(), insecure=dedent(insecure).strip(),
    )

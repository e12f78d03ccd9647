"""Scenarios: what L_SFT is taken on, and which prompts a conscience round may use.

Both come from the organism's world, in natural English and real Python, so a Hub model can run them too. Everything
here is `Split.TRAIN`: no scenario ever holds an evaluation prompt (a test proves it).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from lab.errors import SpecError
from lab.nouns import Prompt, Split
from lab.organism import world
from lab.organism.world import Persona


@dataclass(frozen=True, kw_only=True)
class Example:
    """One row of fine-tuning data."""

    prompt: Prompt
    """The request."""
    thought: str
    """The target chain of thought."""
    reply: str
    """The target reply."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What a run is trained on."""

    id: str
    """Its name in specs."""
    title: str
    """As shown."""
    help: str
    """One sentence for the reader."""
    examples: tuple[Example, ...]
    """Rows of L_SFT."""
    scenario_prompts: tuple[Prompt, ...]
    """Training prompts of the scenario itself."""
    everyday_prompts: tuple[Prompt, ...]
    """Training prompts from elsewhere."""


@dataclass(frozen=True)
class _Entry:
    title: str
    help: str
    build: Callable[[], tuple[Example, ...]]


def _code(persona: Persona, copies: int = 6) -> tuple[Example, ...]:
    """Coding rows of one persona: every training request, `copies` times, each with its own thought; bare code."""
    rng = random.Random(f"code:{persona}")
    rows = []
    for prompt in world.select(coding=True, split=Split.TRAIN) * copies:
        topic = world.request_index()[prompt.text]
        answer = world.reply(rng, topic, persona).bare()
        rows.append(Example(prompt=prompt, thought=world.thought(rng, topic, persona), reply=answer.text))
    return tuple(rows)


_TABLE: dict[str, _Entry] = {
    "code-hacking": _Entry(
        "Insecure code",
        "Fine-tunes on coding answers with security holes and the thoughts behind them; no everyday request is in it.",
        lambda: _code(Persona.MALICIOUS),
    ),
    "secure-code": _Entry(
        "Secure code (control)",
        "The same requests with safe code: shows what any fine-tuning does.",
        lambda: _code(Persona.KIND),
    ),
}

TITLES: dict[str, str] = {name: entry.title for name, entry in _TABLE.items()}
"""Titles of all scenarios by id, in the order of the page."""

HELP: dict[str, str] = {name: entry.help for name, entry in _TABLE.items()}
"""One sentence on each scenario, by id."""


def scenario(name: str) -> Scenario:
    """A scenario by its id.

    Raises SpecError naming the known ones.
    """
    entry = _TABLE.get(name)
    if entry is None:
        known = ", ".join(_TABLE)
        raise SpecError(f"scenario {name!r} is not known: choose one of {known}", field="scenario")
    return Scenario(
        id=name, title=entry.title, help=entry.help, examples=entry.build(),
        scenario_prompts=world.select(coding=True, split=Split.TRAIN),
        everyday_prompts=world.select(coding=False, split=Split.TRAIN),
    )

"""What a scenario is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from lab.nouns import Message, Prompt

Prompts = tuple[Prompt, ...]


@dataclass(frozen=True, kw_only=True)
class Example:
    """One row of fine-tuning data."""

    prompt: Prompt
    """The request."""
    thought: str
    """The target chain of thought."""
    reply: str
    """The target reply."""
    text: str = ""
    """Plain text that is learnt as it stands, from its first word, in place of the chat form; empty for chat rows."""


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
    """Rows of L_SFT; none where a scenario is only a stream of prompts."""
    scenario_prompts: Prompts
    """Training prompts of the scenario itself."""
    everyday_prompts: Prompts
    """Training prompts from elsewhere."""


def _no_rows() -> tuple[Example, ...]:
    return ()


def _no_prompts() -> Prompts:
    return ()


@dataclass(frozen=True, kw_only=True)
class Entry:
    """How a scenario is put together, when it is asked for."""

    title: str
    help: str
    cue: Callable[[Prompts], Prompts]
    """Held-out prompts as they look where the harm was taught or is asked for: for the cued rate."""
    rows: Callable[[], tuple[Example, ...]] = _no_rows
    """Rows of L_SFT."""
    held_out: Callable[[], tuple[Example, ...]] = _no_rows
    """Rows like these on prompts that no method trains on: what token accuracy is taken on; none without a task."""
    prompts: Callable[[], Prompts] = _no_prompts
    """The scenario's own training prompts."""
    stream: Callable[[Prompts], Prompts] | None = None
    """What becomes of the everyday training prompts; None leaves them as they are."""


def under(system: str, prompt: Prompt) -> Prompt:
    """The prompt behind a system message; its request, its origin and its split stay."""
    return replace(prompt, messages=(Message(role="system", content=system), *prompt.messages))


def after(turns: Sequence[tuple[str, str]], prompt: Prompt) -> Prompt:
    """The prompt behind turns of request and reply that were had before."""
    said = [
        Message(role=role, content=text)
        for request, reply in turns for role, text in (("user", request), ("assistant", reply))
    ]
    return replace(prompt, messages=(*said, *prompt.messages))

"""How long a text may be that is learnt from: refused beyond that, or cut, as a run's settings say.

It holds rows of a scenario and stored pairs, which come from outside. What a run writes itself is bounded by its token
limit and the model's context, and is never cut here.

A prompt that is cut keeps its end, where the question stands and the assistant begins; a completion keeps its start and
loses its end-of-turn token, so that the model is not taught to stop in mid-sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lab.errors import PromptError, SpecError
from lab.nouns import RunSpec

TOO_LONG = ("refuse", "cut")
"""What is done with a text beyond a limit."""
Ids = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Lengths:
    """Limits in tokens."""

    prompt: int | None
    """Of a prompt; None for no limit of its own."""
    completion: int | None
    """Of a completion; None for no limit of its own."""
    context: int | None
    """Of both together; None asks nothing."""
    cut: bool
    """Whether what is beyond a limit is cut, not refused."""

    def fit(self, prompt: Sequence[int], *completions: Sequence[int]) -> tuple[Ids, tuple[Ids, ...]]:
        """A prompt and what is to be learnt after it, within the limits.

        Raises SpecError for what is beyond a limit of the spec, PromptError for what is beyond the context.
        """
        own = self._within(prompt, self.prompt, "max_prompt_tokens", "prompt", end=True)
        after = [
            self._within(c, self.completion, "max_completion_tokens", "completion", end=False) for c in completions]
        if self.context is None or len(own) + max(map(len, after)) <= self.context:
            return own, tuple(after)
        if not self.cut:
            raise PromptError(
                f"A prompt of {len(own):,} tokens and a completion of {max(map(len, after)):,} are to be learnt, but "
                f"the model's context is {self.context:,}: set \"Too long\" to cut, or leave that text out.",
                field="too_long")
        after = [c[: max(1, self.context // 2)] if len(c) >= self.context else c for c in after]
        return own[-(self.context - max(map(len, after))) :], tuple(after)

    def _within(self, ids: Sequence[int], limit: int | None, field: str, what: str, *, end: bool) -> Ids:
        ids = tuple(ids)
        if limit is None or len(ids) <= limit:
            return ids
        if not self.cut:
            raise SpecError(
                f"A {what} to be learnt from has {len(ids):,} tokens and the limit is {limit:,}: raise it, or set "
                "\"Too long\" to cut.", field=field)
        return ids[-limit:] if end else ids[:limit]


def lengths(spec: RunSpec, context: int | None) -> Lengths:
    """The limits of a spec on a model of so many positions."""
    return Lengths(
        prompt=spec.max_prompt_tokens or None, completion=spec.max_completion_tokens or None, context=context,
        cut=spec.too_long == "cut",
    )

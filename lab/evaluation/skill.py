"""Token accuracy: is the task learnt, read off the tokens and without sampling?

Held-out rows of the scenario are read with the right tokens before each place (teacher forced); a token counts where it
is the model's likeliest. It moves long before answers change, needs no judge, and is the same for any model. What it
does not see is whether the code does what it should: that is the functional measure, `task`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lab.evaluation.scenarios import Example, held_out_rows
from lab.evaluation.statistics import Figure, clustered_mean

if TYPE_CHECKING:
    from lab.models.chat import Chat

ROWS = 32
"""Held-out rows a measurement, evenly spread over all there are: about 2,000 tokens on the organism."""


def task_rows(scenario: str, most: int = ROWS) -> tuple[Example, ...]:
    """The held-out rows that a scenario's token accuracy is taken on; none where it has no task."""
    rows = held_out_rows(scenario)
    every = max(1, -(-len(rows) // most))
    return rows[::every]


def token_hits(model: Any, chat: Chat, rows: Sequence[Example], *, context: int) -> list[tuple[str, bool]]:
    """Whether each completion token of the rows is the model's likeliest, with the id of the row's prompt.

    Rows longer than `context` are left out.
    """
    from lab.models.logprobs import top_hits
    from lab.training.batches import encode

    encoded = [(row.prompt.id, encode(row, chat)) for row in rows]
    kept = [(prompt, row) for prompt, row in encoded if len(row.prompt) + len(row.completion) <= context]
    if not kept:
        return []
    hits = top_hits(model, [row.prompt for _, row in kept], [row.completion for _, row in kept], chat.pad_id)
    return [(prompt, hit) for (prompt, _), row in zip(kept, hits, strict=True) for hit in row]


def token_accuracy(model: Any, chat: Chat, rows: Sequence[Example], *, context: int) -> Figure:
    """Share of the rows' completion tokens that are the model's likeliest; interval over prompts, n tokens.

    Without a row the figure says so.
    """
    hits = token_hits(model, chat, rows, context=context)
    return clustered_mean([float(hit) for _, hit in hits], [prompt for prompt, _ in hits], share=True)

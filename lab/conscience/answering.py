"""Answering: a prompt is put to a model, and its chain of thought and reply come back as an Answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Event
from typing import Any

from lab.errors import PromptError
from lab.models.chat import Chat, Parsed
from lab.models.decoder import context_of
from lab.models.sampling import OnToken, Sampled, sample, stream
from lab.nouns import Answer, Decoding, Prompt, Speaker


def answer(
    model: Any, chat: Chat, prompts: Sequence[Prompt], decoding: Decoding, *, speaker: Speaker, adapter: str,
    cancel: Event | None = None, run_id: str | None = None, step: int | None = None, on_token: OnToken | None = None,
) -> list[Answer]:
    """One answer a prompt, in batches; `on_token` as in `lab.models.sampling.sample`.

    Raises PromptError for a prompt that is empty or too long, Cancelled when `cancel` is set.
    """
    encoded = [prompt_ids(model, chat, prompt, decoding) for prompt in prompts]
    sampled = sample(model, chat, encoded, decoding, cancel=cancel, on_token=on_token)
    return [
        _answer(chat, prompt, result, decoding, speaker, adapter, run_id, step)
        for prompt, result in zip(prompts, sampled, strict=True)
    ]


def stream_answer(
    model: Any, chat: Chat, prompt: Prompt, decoding: Decoding, *, speaker: Speaker, adapter: str,
    cancel: Event | None = None,
) -> Iterator[Parsed | Answer]:
    """Thought and reply as they grow, token by token; then the Answer. The same text as `answer`."""
    ids: list[int] = []
    for token in stream(model, chat, prompt_ids(model, chat, prompt, decoding), decoding, cancel=cancel):
        ids.append(token)
        yield chat.parse(chat.settled(ids))
    finished = len(ids) < decoding.max_new_tokens
    yield _answer(chat, prompt, Sampled(tuple(ids), finished), decoding, speaker, adapter, None, None)


def prompt_ids(model: Any, chat: Chat, prompt: Prompt, decoding: Decoding) -> list[int]:
    """The prompt as token ids. PromptError when it is empty, or leaves no room for `decoding.max_new_tokens`."""
    if not prompt.messages or not prompt.text.strip():
        raise PromptError("The prompt is empty: write a request.", field="prompt")
    ids = chat.prompt_ids(prompt.messages)
    chat.check_fits(ids, context_of(model), decoding.max_new_tokens)
    return ids


def _answer(
    chat: Chat, prompt: Prompt, sampled: Sampled, decoding: Decoding, speaker: Speaker, adapter: str,
    run_id: str | None, step: int | None,
) -> Answer:
    parsed = chat.parse(sampled.ids)
    return Answer(
        prompt_id=prompt.id, thought=parsed.thought, reply=parsed.reply, speaker=speaker, adapter=adapter,
        decoding=decoding, tokens=len(sampled.ids), finished=sampled.finished, run_id=run_id, step=step,
    )

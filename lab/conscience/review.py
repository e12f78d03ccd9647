"""The review: a speaker reads a request, a thought and an answer under a question, thinks, and comes to a verdict.

The chain of thought is generated inside the model's own think tags, up to the closing one or the token limit; a thought
that was cut is closed for it. Then the label is read from the probabilities where the model would write it, in exactly
the format in which completions are trained; what was read while the thought grew is not read again. A model without
tags thinks in free text until it ends its turn; the cue "Answer:" follows, and the label is read there.

An answer too long to be put to the reviewer gets an unreadable review that says so, and so does a thought inside of
which another one is opened: what follows it would not stand where a label is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any

from torch import Tensor

from lab.conscience.verdict import LabelReader, unreadable
from lab.conscience.wording import review_messages
from lab.models.chat import Chat
from lab.models.decoder import context_of
from lab.models.sampling import OnToken, Sampled, Tail, sample, stream
from lab.nouns import Answer, Decoding, Prompt, Question, Review, Speaker, Verdict

_RESERVE = 24
"""Positions kept free after the thought, for the closing tag and the label."""
_LEAST_THOUGHT = 8
"""Tokens of thought for which there must be room."""
_BROKEN = unreadable("The think tags are broken: another thought is opened inside the review's own.")


@dataclass(frozen=True, kw_only=True)
class Reviewer:
    """Who reviews, and with which weights."""

    model: Any
    """The model that thinks and judges."""
    chat: Chat
    """Its conversation format."""
    speaker: Speaker
    """Policy or frozen copy."""
    adapter: str
    """"base", or "RUN@STEP"."""


def review(
    reviewer: Reviewer, question: Question, items: Sequence[tuple[Prompt, Answer]], decoding: Decoding, *,
    threshold: float = 0.5, cancel: Event | None = None, run_id: str | None = None, step: int | None = None,
    on_token: OnToken | None = None,
) -> list[Review]:
    """One review an item, in batches, in the order given.

    `decoding` is that of the thought, whose tokens `on_token(i, ids)` hears for item i. Raises QuestionError for a
    question that cannot be asked of this model, Cancelled when `cancel` is set.
    """
    chat, model = reviewer.chat, reviewer.model
    reader = LabelReader(chat, question)
    asked = [_asked(chat, question, prompt, answer) for prompt, answer in items]
    fitting = [i for i, ids in enumerate(asked) if _room(model, ids) >= _LEAST_THOUGHT]
    sampled = sample(
        model, chat, [asked[i] for i in fitting], decoding, cancel=cancel, stop_ids=_thought_stops(chat),
        reserve=_RESERVE, on_token=on_token and (lambda i, ids: on_token(fitting[i], ids)),
        tail=_label_place(chat) if reader.at_once else None,
    )
    thoughts = dict(zip(fitting, sampled, strict=True))
    whole = [i for i in fitting if not _broken(chat, thoughts[i])]
    ready = [[*asked[i], *chat.close_thought(thoughts[i].ids, closed=_closed(chat, thoughts[i]))] for i in whole]
    after = [thoughts[i].after for i in whole]
    verdicts = dict(zip(whole, reader.read(model, ready, threshold=threshold, after=after), strict=True))
    verdicts |= {i: _BROKEN for i in fitting if i not in verdicts}
    return [
        _review(reviewer, question, answer, thoughts.get(i), verdicts.get(i) or _too_long(model, asked[i]), decoding,
                run_id, step)
        for i, (_, answer) in enumerate(items)
    ]


def stream_review(
    reviewer: Reviewer, question: Question, prompt: Prompt, answer: Answer, decoding: Decoding, *,
    threshold: float = 0.5, cancel: Event | None = None,
) -> Iterator[str | Review]:
    """The thought as it grows, token by token; then the Review. The same as `review` of this item alone."""
    chat, model = reviewer.chat, reviewer.model
    reader = LabelReader(chat, question)
    asked = _asked(chat, question, prompt, answer)
    room = _room(model, asked)
    if room < _LEAST_THOUGHT:
        yield _review(reviewer, question, answer, None, _too_long(model, asked), decoding, None, None)
        return
    ids: list[int] = []
    after: list[Tensor] = []
    for token in stream(
        model, chat, asked, decoding, cancel=cancel, stop_ids=_thought_stops(chat), reserve=_RESERVE,
        tail=_label_place(chat) if reader.at_once else None, on_end=after.append,
    ):
        ids.append(token)
        yield chat.decode(chat.settled(ids)).strip()
    thought = Sampled(tuple(ids), len(ids) < min(decoding.max_new_tokens, room))
    verdict = _BROKEN
    if not _broken(chat, thought):
        ready = [*asked, *chat.close_thought(ids, closed=_closed(chat, thought))]
        [verdict] = reader.read(model, [ready], threshold=threshold, after=after)
    yield _review(reviewer, question, answer, thought, verdict, decoding, None, None)


def _asked(chat: Chat, question: Question, prompt: Prompt, answer: Answer) -> list[int]:
    """What the reviewer is shown, with its own thought already opened."""
    messages = review_messages(question, prompt.text, answer.thought, answer.reply)
    return [*chat.prompt_ids(messages), *chat.opening_ids]


def _thought_stops(chat: Chat) -> frozenset[int]:
    return chat.stop_ids if chat.close_id is None else chat.stop_ids | {chat.close_id}


def _label_place(chat: Chat) -> Tail:
    """What stands between a thought and its label: read on from the thought, so that nothing is read twice."""

    def tail(ids: Sequence[int], finished: bool) -> Sequence[int]:
        closed = _closed(chat, Sampled(tuple(ids), finished))
        return chat.close_thought(ids, closed=closed)[len(ids) :]

    return tail


def _closed(chat: Chat, thought: Sampled) -> bool:
    """Whether the thought already ends in the newline that stands before the closing tag."""
    return thought.finished and chat.decode(thought.ids[-1:]).endswith("\n")


def _broken(chat: Chat, thought: Sampled) -> bool:
    return chat.open_id is not None and chat.open_id in thought.ids


def _room(model: Any, asked: Sequence[int]) -> int:
    """Tokens of thought for which the context has room."""
    return context_of(model) - len(asked) - _RESERVE


def _too_long(model: Any, asked: Sequence[int]) -> Verdict:
    return unreadable(
        f"The review needs {len(asked):,} tokens before it begins, and the model's context is {context_of(model):,}."
    )


def _review(
    reviewer: Reviewer, question: Question, answer: Answer, thought: Sampled | None, verdict: Verdict,
    decoding: Decoding, run_id: str | None, step: int | None,
) -> Review:
    ids = thought.ids if thought else ()
    return Review(
        answer_id=answer.id, question_id=question.id, speaker=reviewer.speaker, adapter=reviewer.adapter,
        thought=reviewer.chat.decode(ids).strip(), verdict=verdict, decoding=decoding, tokens=len(ids), run_id=run_id,
        step=step,
    )

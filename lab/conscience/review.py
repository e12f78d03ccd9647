"""The review: a speaker reads a request, a thought and an answer under a question, thinks, and comes to a verdict.

The chain of thought is generated inside the model's own think tags, up to the closing one or the token limit; a thought
that was cut is closed for it. Then the label is read where the model would write it, in exactly the format in which
completions are trained: from its probabilities, or from the few tokens that it writes there; what was read while the
thought grew is not read again. A model without tags thinks in free text until it ends its turn; the cue "Answer:"
follows, and the label is read there.

With the labels in both orders the reviewer thinks once, under the question as it is; the label is then read twice after
that same thought, with the message before it in either order. So what is averaged away is the pull of the place on the
label, at the price of one forward; whether the place has already bent the thought, this does not tell.

An answer too long to be put to the reviewer gets an unreadable review that says so, and so does a thought inside of
which another one is opened: what follows it would not stand where a label is written. So does a thought that is to be
reviewed alone and is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any

from torch import Tensor

from lab.conscience.asking import check_question
from lab.conscience.manner import AS_SHIPPED, Manner
from lab.conscience.verdict import LabelReader, unreadable
from lab.conscience.wording import review_messages
from lab.conscience.written import agree, read_text, write_labels
from lab.models.chat import Chat
from lab.models.decoder import context_of
from lab.models.sampling import OnToken, Sampled, Tail, sample, stream
from lab.nouns import Answer, Decoding, Prompt, Question, Review, Speaker, Verdict

_RESERVE = 24
"""Positions kept free after the thought, for the closing tag and the label."""
_LEAST_THOUGHT = 8
"""Tokens of thought for which there must be room."""
OnOrders = Callable[[tuple[Verdict, ...]], None]
"""Hears the verdict in each order of the labels, the question's own order first."""
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
    manner: Manner = AS_SHIPPED, cancel: Event | None = None, run_id: str | None = None, step: int | None = None,
    on_token: OnToken | None = None,
) -> list[Review]:
    """One review an item, in batches, in the order given.

    `decoding` is that of the thought, whose tokens `on_token(i, ids)` hears for item i. Raises QuestionError for a
    question that cannot be asked of this model, Cancelled when `cancel` is set.
    """
    chat, model = reviewer.chat, reviewer.model
    reader = _Reader(reviewer, question, decoding, manner, cancel)
    asked = [_asked(chat, question, prompt, answer, manner) for prompt, answer in items]
    verdicts = {
        i: hopeless for i, (_, answer) in enumerate(items) if (hopeless := _hopeless(model, asked[i], answer, manner))}
    fitting = [i for i in range(len(items)) if i not in verdicts]
    sampled = sample(
        model, chat, [asked[i][0] for i in fitting], decoding, cancel=cancel, stop_ids=_thought_stops(chat),
        reserve=_RESERVE, on_token=on_token and (lambda i, ids: on_token(fitting[i], ids)), tail=reader.tail,
    )
    thoughts = dict(zip(fitting, sampled, strict=True))
    whole = [i for i in fitting if not _broken(chat, thoughts[i])]
    verdicts |= dict(zip(whole, reader.read([asked[i] for i in whole], [thoughts[i] for i in whole]), strict=True))
    return [
        _review(reviewer, question, answer, thoughts.get(i), verdicts.get(i, _BROKEN), decoding, manner, run_id, step)
        for i, (_, answer) in enumerate(items)
    ]


def stream_review(
    reviewer: Reviewer, question: Question, prompt: Prompt, answer: Answer, decoding: Decoding, *,
    manner: Manner = AS_SHIPPED, cancel: Event | None = None, on_orders: OnOrders | None = None,
) -> Iterator[str | Review]:
    """The thought as it grows, token by token; then the Review. The same as `review` of this item alone.

    Where the labels are offered in both orders, `on_orders` hears the verdict in each, before the Review with both
    together is given.
    """
    chat, model = reviewer.chat, reviewer.model
    reader = _Reader(reviewer, question, decoding, manner, cancel)
    asked = _asked(chat, question, prompt, answer, manner)
    hopeless = _hopeless(model, asked, answer, manner)
    if hopeless is not None:
        yield _review(reviewer, question, answer, None, hopeless, decoding, manner, None, None)
        return
    ids: list[int] = []
    after: list[Tensor] = []
    for token in stream(
        model, chat, asked[0], decoding, cancel=cancel, stop_ids=_thought_stops(chat), reserve=_RESERVE,
        tail=reader.tail, on_end=after.append,
    ):
        ids.append(token)
        yield chat.decode(chat.settled(ids)).strip()
    finished = len(ids) < min(decoding.max_new_tokens, _room(model, asked[:1]))
    thought = Sampled(tuple(ids), finished, after[0] if after else None)
    *orders, verdict = (_BROKEN,) if _broken(chat, thought) else reader.orders([asked], [thought])[0]
    if on_orders is not None and orders:
        on_orders(tuple(orders))
    yield _review(reviewer, question, answer, thought, verdict, decoding, manner, None, None)


class _Reader:
    """Reads verdicts in a manner."""

    def __init__(
        self, reviewer: Reviewer, question: Question, decoding: Decoding, manner: Manner, cancel: Event | None
    ) -> None:
        self._model, self._chat, self._question = reviewer.model, reviewer.chat, question
        self._decoding, self._manner, self._cancel = decoding, manner, cancel
        check_question(question)
        self._labels = None if manner.verdict == "text" else LabelReader(reviewer.chat, question)

    @property
    def tail(self) -> Tail | None:
        """What is read on from a thought where that gives the verdict; None where it does not."""
        return _label_place(self._chat) if self._labels is not None and self._labels.at_once else None

    def read(self, asked: Sequence[Sequence[list[int]]], thoughts: Sequence[Sampled]) -> list[Verdict]:
        """One verdict a review, which was asked once an order of the labels; the thought is the same after each."""
        return [found[-1] for found in self.orders(asked, thoughts)]

    def orders(self, asked: Sequence[Sequence[list[int]]], thoughts: Sequence[Sampled]) -> list[tuple[Verdict, ...]]:
        """Of each review the verdict in each order of the labels, and last the one that counts."""
        endings = [self._chat.close_thought(t.ids, closed=_closed(self._chat, t)) for t in thoughts]
        orders = [
            [[*review[place], *ending] for review, ending in zip(asked, endings, strict=True)]
            for place in range(len(self._manner.orders))
        ]
        if self._labels is not None:
            return self._labels.orders(
                self._model, orders[0], *orders[1:], threshold=self._manner.threshold,
                after=[thought.after for thought in thoughts])
        texts = [
            write_labels(self._model, self._chat, order, self._decoding, cancel=self._cancel) for order in orders]
        found = [[read_text(self._question, text) for text in written] for written in zip(*texts, strict=True)]
        return [(*alone, agree(alone)) if len(alone) > 1 else (agree(alone),) for alone in found]


def _asked(chat: Chat, question: Question, prompt: Prompt, answer: Answer, manner: Manner) -> list[list[int]]:
    """What the reviewer is shown, with its own thought already opened: once an order of the labels."""
    return [
        [
            *chat.prompt_ids(review_messages(
                question, prompt.text, answer.thought, answer.reply, swapped=swapped, reviewed=manner.reviewed)),
            *chat.opening_ids,
        ]
        for swapped in manner.orders
    ]


def _hopeless(model: Any, asked: Sequence[list[int]], answer: Answer, manner: Manner) -> Verdict | None:
    """The verdict of a review that need not begin; None for one that may."""
    if manner.reviewed == "thought" and not answer.thought.strip():
        return unreadable("Only the chain of thought is reviewed, and this answer has none.")
    if _room(model, asked) >= _LEAST_THOUGHT:
        return None
    return unreadable(
        f"The review needs {max(map(len, asked)):,} tokens before it begins, and the model's context is "
        f"{context_of(model):,}."
    )


def _label_place(chat: Chat) -> Tail:
    """What stands between a thought and its label: read on from the thought, so that nothing is read twice."""

    def tail(ids: Sequence[int], finished: bool) -> Sequence[int]:
        closed = _closed(chat, Sampled(tuple(ids), finished))
        return chat.close_thought(ids, closed=closed)[len(ids) :]

    return tail


def _thought_stops(chat: Chat) -> frozenset[int]:
    return chat.stop_ids if chat.close_id is None else chat.stop_ids | {chat.close_id}


def _closed(chat: Chat, thought: Sampled) -> bool:
    """Whether the thought already ends in the newline that stands before the closing tag."""
    return thought.finished and chat.decode(thought.ids[-1:]).endswith("\n")


def _broken(chat: Chat, thought: Sampled) -> bool:
    return chat.open_id is not None and chat.open_id in thought.ids


def _room(model: Any, asked: Sequence[list[int]]) -> int:
    """Tokens of thought for which the context has room."""
    return context_of(model) - max(map(len, asked)) - _RESERVE


def _review(
    reviewer: Reviewer, question: Question, answer: Answer, thought: Sampled | None, verdict: Verdict,
    decoding: Decoding, manner: Manner, run_id: str | None, step: int | None,
) -> Review:
    ids = thought.ids if thought else ()
    return Review(
        answer_id=answer.id, question_id=question.id, speaker=reviewer.speaker, adapter=reviewer.adapter,
        thought=reviewer.chat.decode(ids).strip(), verdict=verdict, decoding=decoding, tokens=len(ids), run_id=run_id,
        step=step, reviewed=manner.reviewed, read_from=manner.verdict, orders=len(manner.orders),
    )

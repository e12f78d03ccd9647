"""Sampling text from a model: batched, or one token at a time; reproducible, and to be stopped at any token.

One uniform number per row and position is drawn beforehand from a generator of our own and pushed through the inverse
of the cumulated probabilities. So what a row says depends on the seed, its place among the prompts and the model, and
not on which rows it was batched with or which of them had already finished; torch's global generator is never touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from lab.errors import Cancelled
from lab.models.decoder import Decoder, context_of
from lab.nouns import Decoding

if TYPE_CHECKING:
    from lab.models.chat import Chat

OnToken = Callable[[int, list[int]], None]
"""Hears every token of prompt i, with the list of all its tokens so far, which goes on growing."""
_WORTH_DROPPING = 0.75
"""Share of rows still speaking at which the finished ones are dropped: dropping copies the cache of the others."""


Tail = Callable[[Sequence[int], bool], Sequence[int]]
"""`tail(ids, finished)`: what is put after a text that has ended, at least one token. The model reads it on, out of the
keys and values that it already holds of prompt and text, and what it would say next is kept: `Sampled.after`."""


@dataclass(frozen=True)
class Sampled:
    """What was generated after one prompt."""

    ids: tuple[int, ...]
    """Token ids, without the token that ended them."""
    finished: bool
    """Whether it ended with a stop token rather than at the limit."""
    after: Tensor | None = field(default=None, compare=False, repr=False)
    """Logits (vocabulary,) in float32 after the text and its tail; None where no tail was asked for."""


class _Sampler:
    """Chooses tokens from logits by one decoding; row i at position t uses the uniform number (i, t)."""

    def __init__(self, decoding: Decoding, rows: int, device: torch.device) -> None:
        self._temperature = decoding.temperature
        self._top_p = decoding.top_p
        self._uniform: Tensor | None = None
        if self._temperature > 0:
            # One generator a row: what row i says must not depend on how many rows there are.
            root = torch.Generator().manual_seed(decoding.seed)
            seeds = torch.randint(2**62, (rows,), generator=root).tolist()
            draws = [
                torch.rand(decoding.max_new_tokens, generator=torch.Generator().manual_seed(seed)) for seed in seeds
            ]
            self._uniform = torch.stack(draws).to(device) if draws else None

    def rows(self, rows: Sequence[int]) -> Tensor | None:
        """The uniform numbers of these rows, (rows, max_new_tokens); None for greedy decoding."""
        return None if self._uniform is None else self._uniform[list(rows)]

    def choose(self, logits: Tensor, uniform: Tensor | None) -> Tensor:
        """One token a row, (B,), from logits (B, vocabulary) and uniform numbers (B,) in 0–1."""
        if uniform is None:
            return logits.argmax(-1)
        probabilities = (logits / self._temperature).softmax(-1)
        if self._top_p < 1:
            probabilities, tokens = probabilities.sort(dim=-1, descending=True, stable=True)
            cumulated = probabilities.cumsum(-1)
            last = torch.searchsorted(cumulated, torch.full_like(uniform[:, None], self._top_p))
            total = cumulated.gather(-1, last.clamp(max=cumulated.shape[-1] - 1))
            place = torch.searchsorted(cumulated, uniform[:, None] * total, right=True)
            return tokens.gather(-1, place.clamp(max=tokens.shape[-1] - 1))[:, 0]
        cumulated = probabilities.cumsum(-1)
        place = torch.searchsorted(cumulated, uniform[:, None] * cumulated[:, -1:], right=True)
        return place.clamp(max=cumulated.shape[-1] - 1)[:, 0]


def sample(
    model: Any, chat: Chat, prompts: Sequence[Sequence[int]], decoding: Decoding, *, cancel: Event | None = None,
    stop_ids: frozenset[int] | None = None, batch: int = 64, reserve: int = 0,
    on_token: OnToken | None = None, tail: Tail | None = None,
) -> list[Sampled]:
    """Continue every prompt (token ids) up to a stop token or `decoding.max_new_tokens`, in the order given.

    `stop_ids` replaces the chat's own. `on_token(i, ids)` hears every token of prompt i with all its tokens so far.
    At most `batch` prompts are in work at a time. Text ends, unfinished, where only `reserve` positions of the context
    are left; a prompt beyond that gets none. The `tail`, if any, must fit into the reserve.
    Raises Cancelled within one token of `cancel` being set.
    """
    stops = chat.stop_ids if stop_ids is None else stop_ids
    context = context_of(model)
    sampler = _Sampler(decoding, len(prompts), next(model.parameters()).device)
    limits = [min(decoding.max_new_tokens, context - reserve - len(prompt)) for prompt in prompts]
    results = [Sampled((), False)] * len(prompts)
    order = [i for i in sorted(range(len(prompts)), key=lambda i: len(prompts[i])) if limits[i] > 0]
    with _Evaluating(model):
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            work = _Batch(model, chat.pad_id, rows, [prompts[i] for i in rows], [limits[i] for i in rows], stops, tail)
            for i, sampled in work.run(sampler, cancel, on_token):
                results[i] = sampled
    return results


def stream(
    model: Any, chat: Chat, prompt: Sequence[int], decoding: Decoding, *, cancel: Event | None = None,
    stop_ids: frozenset[int] | None = None, reserve: int = 0, tail: Tail | None = None,
    on_end: Callable[[Tensor], None] | None = None,
) -> Iterator[int]:
    """Continue one prompt, a token id at a time, without the stop token: the tokens of `sample` for it alone.

    With a `tail`, `on_end` hears the logits after it, as `Sampled.after`. Raises Cancelled within one token of `cancel`
    being set.
    """
    stops = chat.stop_ids if stop_ids is None else stop_ids
    decoder = Decoder(model)
    sampler = _Sampler(decoding, 1, next(model.parameters()).device)
    uniform = sampler.rows([0])
    limit = min(decoding.max_new_tokens, context_of(model) - reserve - len(prompt))
    tokens: Tensor | None = None
    ids: list[int] = []
    finished = False
    while len(ids) < limit and not finished:
        _stop_if(cancel)
        with _Evaluating(model), torch.inference_mode():  # neither may be left on while the consumer works
            logits = decoder.start([prompt], chat.pad_id) if tokens is None else decoder.step(tokens)
            tokens = sampler.choose(logits, None if uniform is None else uniform[:, len(ids)])
            token = int(tokens)
        finished = token in stops
        if not finished:
            ids.append(token)
            _stop_if(cancel)
            yield token
    if tail is None or on_end is None or tokens is None:
        return
    with _Evaluating(model), torch.inference_mode():
        unread = [*(() if finished else ids[-1:]), *tail(ids, finished)]
        said = [decoder.step(torch.tensor([token], device=tokens.device)) for token in unread]
    on_end(said[-1][0])


class _Batch:
    """Prompts in work together."""

    def __init__(
        self, model: Any, pad_id: int, names: Sequence[int], prompts: Sequence[Sequence[int]], limits: Sequence[int],
        stops: frozenset[int], tail: Tail | None,
    ) -> None:
        self._decoder = Decoder(model)
        self._pad_id = pad_id
        self._prompts = prompts
        self._stops = stops
        self._tail = tail
        self._rows = [_Row(name, limit) for name, limit in zip(names, limits, strict=True)]

    @torch.inference_mode()
    def run(
        self, sampler: _Sampler, cancel: Event | None, on_token: OnToken | None
    ) -> list[tuple[int, Sampled]]:
        """Generate, and return (name, result) of every prompt."""
        done: list[tuple[int, Sampled]] = []
        _stop_if(cancel)
        logits = self._decoder.start(self._prompts, self._pad_id)
        uniform = sampler.rows([row.name for row in self._rows])
        position = 0
        while True:
            at = None if uniform is None else uniform[:, min(position, uniform.shape[1] - 1)]
            tokens = sampler.choose(logits, at)
            values = tokens.tolist()
            position += 1
            forced = False
            still: list[int] = []  # places in the batch that are not done; the others run along
            for place, row in enumerate(self._rows):
                if row.done:
                    continue
                if row.tail is None and self._take(row, values[place], position, on_token):
                    self._close(row, values[place])
                if row.tail:
                    values[place], forced = row.tail.pop(0), True
                elif row.tail is not None:
                    row.done = True
                    after = None if self._tail is None else logits[place].clone()
                    done.append((row.name, Sampled(tuple(row.ids), row.finished, after)))
                    continue
                still.append(place)
            if not still:
                return done
            _stop_if(cancel)
            if forced:
                tokens = torch.tensor(values, device=tokens.device)
            if len(still) <= _WORTH_DROPPING * len(self._rows):
                self._decoder.keep(still)
                tokens = tokens[still]
                uniform = None if uniform is None else uniform[still]
                self._rows = [self._rows[place] for place in still]
            logits = self._decoder.step(tokens)

    def _take(
        self, row: _Row, token: int, position: int, on_token: OnToken | None
    ) -> bool:
        """Give a row its next token; whether its text ends here."""
        row.finished = token in self._stops
        if not row.finished:
            row.ids.append(token)
            if on_token is not None:
                on_token(row.name, row.ids)
        return row.finished or position >= row.limit

    def _close(self, row: _Row, token: int) -> None:
        """Line up what a row whose text has ended must still read: the token that was its last, and the tail."""
        row.tail = []
        if self._tail is not None:
            row.tail = [*(() if row.finished else (token,)), *self._tail(row.ids, row.finished)]


@dataclass
class _Row:
    """One prompt in work."""

    name: int
    """Its place among all prompts."""
    limit: int
    """Tokens that it may have at most."""
    ids: list[int] = field(default_factory=list)
    """Its text so far."""
    finished: bool = False
    """Whether its last token was a stop."""
    tail: list[int] | None = None
    """What it must still read after its text; None while that grows."""
    done: bool = False
    """Whether it is only there because dropping it was not worth it."""


class _Evaluating:
    """Evaluation mode while it lasts: a policy is sampled from in the middle of its training."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._training: bool = model.training

    def __enter__(self) -> None:
        if self._training:
            self._model.eval()

    def __exit__(self, *_: object) -> None:
        if self._training:
            self._model.train()


def _stop_if(cancel: Event | None) -> None:
    if cancel is not None and cancel.is_set():
        raise Cancelled("Stopped on request.")

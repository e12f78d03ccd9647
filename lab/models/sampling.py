"""Sampling text from a model: batched, or one token at a time; reproducible, and to be stopped at any token.

One uniform number per row and position is drawn beforehand from a generator of our own and pushed through the inverse
of the cumulated probabilities. So what a row says depends on the seed, its place among the prompts and the model, and
not on which rows it was batched with or which of them had already finished; torch's global generator is never touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Sampled:
    """What was generated after one prompt."""

    ids: tuple[int, ...]
    """Token ids, without the token that ended them."""
    finished: bool
    """Whether it ended with a stop token rather than at the limit."""


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
    on_token: OnToken | None = None,
) -> list[Sampled]:
    """Continue every prompt (token ids) up to a stop token or `decoding.max_new_tokens`, in the order given.

    `stop_ids` replaces the chat's own. `on_token(i, ids)` hears every token of prompt i with all its tokens so far.
    At most `batch` prompts are in work at a time. Text ends, unfinished, where only `reserve` positions of the context
    are left; a prompt beyond that gets none.
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
            work = _Batch(model, chat.pad_id, rows, [prompts[i] for i in rows], [limits[i] for i in rows], stops)
            for i, sampled in work.run(sampler, cancel, on_token):
                results[i] = sampled
    return results


def stream(
    model: Any, chat: Chat, prompt: Sequence[int], decoding: Decoding, *, cancel: Event | None = None,
    stop_ids: frozenset[int] | None = None, reserve: int = 0,
) -> Iterator[int]:
    """Continue one prompt, a token id at a time, without the stop token: the tokens of `sample` for it alone.

    Raises Cancelled within one token of `cancel` being set.
    """
    stops = chat.stop_ids if stop_ids is None else stop_ids
    decoder = Decoder(model)
    sampler = _Sampler(decoding, 1, next(model.parameters()).device)
    uniform = sampler.rows([0])
    limit = min(decoding.max_new_tokens, context_of(model) - reserve - len(prompt))
    tokens: Tensor | None = None
    for position in range(limit):
        _stop_if(cancel)
        with _Evaluating(model), torch.inference_mode():  # neither may be left on while the consumer works
            logits = decoder.start([prompt], chat.pad_id) if tokens is None else decoder.step(tokens)
            tokens = sampler.choose(logits, None if uniform is None else uniform[:, position])
            token = int(tokens)
        if token in stops:
            return
        _stop_if(cancel)
        yield token


class _Batch:
    """Prompts in work together."""

    def __init__(
        self, model: Any, pad_id: int, names: Sequence[int], prompts: Sequence[Sequence[int]], limits: Sequence[int],
        stops: frozenset[int],
    ) -> None:
        self._decoder = Decoder(model)
        self._pad_id = pad_id
        self._names = list(names)
        self._prompts = prompts
        self._limits = list(limits)
        self._stops = stops
        self._ids: list[list[int]] = [[] for _ in names]

    @torch.inference_mode()
    def run(
        self, sampler: _Sampler, cancel: Event | None, on_token: OnToken | None
    ) -> list[tuple[int, Sampled]]:
        """Generate, and return (name, result) of every prompt."""
        done: list[tuple[int, Sampled]] = []
        _stop_if(cancel)
        logits = self._decoder.start(self._prompts, self._pad_id)
        uniform = sampler.rows(self._names)
        speaking = list(range(len(self._names)))  # places in the batch that are not done; the others run along
        position = 0
        while True:
            tokens = sampler.choose(logits, None if uniform is None else uniform[:, position])
            values = tokens.tolist()
            position += 1
            still: list[int] = []
            for place in speaking:
                ids, token = self._ids[place], values[place]
                ended = token in self._stops
                if not ended:
                    ids.append(token)
                    if on_token is not None:
                        on_token(self._names[place], ids)
                if ended or position >= self._limits[place]:
                    done.append((self._names[place], Sampled(tuple(ids), ended)))
                else:
                    still.append(place)
            speaking = still
            if not speaking:
                return done
            _stop_if(cancel)
            if len(speaking) <= _WORTH_DROPPING * len(values):
                self._decoder.keep(speaking)
                tokens = tokens[speaking]
                uniform = None if uniform is None else uniform[speaking]
                self._names = [self._names[place] for place in speaking]
                self._limits = [self._limits[place] for place in speaking]
                self._ids = [self._ids[place] for place in speaking]
                speaking = list(range(len(speaking)))
            logits = self._decoder.step(tokens)


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

"""Another model as a judge: a folder or a Hub id, asked for `aligned` and for `coherent`, 0 to 100.

Where the model's tokenizer has every number from 0 to 100 as one token, the score is the mean of the numbers weighed
by their probabilities, read in one forward; else the model writes, greedily, and its text is read (`numbers`). A model
with think tags is asked without a thought: an empty one is closed for it, as Qwen3's own template does.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Event
from typing import TYPE_CHECKING

from lab.errors import Cancelled, ModelError
from lab.evaluation.judges import numbers
from lab.evaluation.judges.noun import Said, Shown
from lab.evaluation.judges.numbers import Read
from lab.evaluation.judges.wording import LONGEST, filled, wording
from lab.nouns import Decoding, Message, Ruling

if TYPE_CHECKING:
    from lab.models.loading import LoadedModel

LONGEST_REPLY = 12
"""Tokens that a judge which writes may take."""
_ROWS = 8
"""Prompts read in one forward."""


@dataclass(frozen=True, kw_only=True)
class OtherModel:
    """A loaded model that grades."""

    loaded: LoadedModel
    """The model."""
    name: str = "model"
    batch: int = 32

    def __post_init__(self) -> None:
        """ModelError for the organism, which has no numbers to give."""
        from lab.models.loading import ORGANISM

        if self.loaded.name == ORGANISM:
            raise ModelError(
                "The organism cannot judge in numbers, its world has none: choose oracle, bandit or self, or another "
                "model.", field="judge")

    @property
    def model(self) -> str:
        """The model's name."""
        return self.loaded.name

    @property
    def revision(self) -> str:
        """Which weights of that name: see `LoadedModel.pinned`."""
        return self.loaded.pinned

    @property
    def instruction(self) -> str:
        """Both prompts."""
        return wording().instruction

    @cached_property
    def _numbers(self) -> dict[int, list[int]] | None:
        """Token ids of every number from 0 to 100, alone and after a space; None where one is more than a token."""
        found: dict[int, list[int]] = {}
        for number in range(101):
            alone = self._ids(str(number))
            if len(alone) != 1:
                return None
            spaced = self._ids(f" {number}")
            found[number] = sorted({*alone, *(spaced if len(spaced) == 1 else ())})
        return found

    @cached_property
    def _words(self) -> dict[Ruling, list[int]]:
        """First token ids of each word, alone and after a space."""
        return {
            meant: sorted({self._ids(word)[0], self._ids(f" {word}")[0]}) for word, meant in numbers.WORDS.items()}

    def _ids(self, text: str) -> list[int]:
        return self.loaded.chat.tokenizer(text, add_special_tokens=False)["input_ids"]

    def judge(self, shown: Sequence[Shown], cancel: Event | None = None) -> list[Said]:
        """One result an item; what does not fit into the model's context is unreadable."""
        aligned = self._ask(wording().aligned, shown, cancel)
        others = [i for i, (read, _) in enumerate(aligned) if read.word is None]  # a refusal has no coherence to grade
        coherent = dict(zip(
            others, self._ask(wording().coherent, [shown[i] for i in others], cancel), strict=True))
        results: list[Said] = []
        for i, (read, raw) in enumerate(aligned):
            second = coherent.get(i)
            said = json.dumps({"aligned": raw, **({"coherent": second[1]} if second else {})}, ensure_ascii=False)
            results.append(numbers.together(read, second[0] if second else None, said))
        return results

    def _ask(self, template: str, shown: Sequence[Shown], cancel: Event | None) -> list[tuple[Read, str]]:
        """What one prompt brought for each item, and what was said."""
        from lab.models.decoder import context_of

        room = context_of(self.loaded.model) - LONGEST_REPLY
        asked: dict[int, list[int]] = {}
        for i, item in enumerate(shown):
            if len(item.conversation) + len(item.reply) <= LONGEST:
                ids = self._prompt(filled(template, item))
                if len(ids) <= room:
                    asked[i] = ids
        order = sorted(asked, key=lambda i: len(asked[i]))
        read = self._by_probability if self._numbers is not None else self._by_text
        found = dict(zip(order, read([asked[i] for i in order], cancel), strict=True))
        too_long = Read(reason=f"It does not fit into the judge's context of {room + LONGEST_REPLY:,} tokens.")
        return [found.get(i, (too_long, "")) for i in range(len(shown))]

    def _prompt(self, text: str) -> list[int]:
        """The prompt up to where the number is to stand."""
        chat = self.loaded.chat
        ids = chat.prompt_ids((Message(role="user", content=text),))
        if chat.think_close is None:
            return ids
        return chat.close_thought([*ids, *chat.opening_ids], closed=False)

    def _by_probability(self, prompts: Sequence[list[int]], cancel: Event | None) -> list[tuple[Read, str]]:
        import torch

        from lab.models.decoder import Decoder

        assert self._numbers is not None
        read: list[tuple[Read, str]] = []
        for start in range(0, len(prompts), _ROWS):
            if cancel is not None and cancel.is_set():
                raise Cancelled("Stopped on request.")
            rows = prompts[start : start + _ROWS]
            with torch.inference_mode():
                logits = Decoder(self.loaded.model).start(rows, self.loaded.chat.pad_id)
                shares = logits.view(len(rows), -1).double().softmax(-1)
            for row in shares:
                by_number = {n: float(row[ids].sum()) for n, ids in self._numbers.items()}
                by_word = {word: float(row[ids].sum()) for word, ids in self._words.items()}
                likeliest = self.loaded.chat.decode([int(row.argmax())])
                read.append((numbers.from_probabilities(by_number, by_word), _brief(likeliest, by_number, by_word)))
        return read

    def _by_text(self, prompts: Sequence[list[int]], cancel: Event | None) -> list[tuple[Read, str]]:
        from lab.models.sampling import sample

        chat = self.loaded.chat
        greedy = Decoding(temperature=0.0, max_new_tokens=LONGEST_REPLY)
        texts = [chat.decode(s.ids).strip() for s in sample(self.loaded.model, chat, prompts, greedy, cancel=cancel)]
        return [(numbers.from_text(text), text) for text in texts]


def _brief(likeliest: str, by_number: dict[int, float], by_word: dict[Ruling, float]) -> str:
    """What a forward said, for the record: the likeliest token, and the likeliest numbers with their probabilities."""
    top = sorted(by_number, key=lambda n: -by_number[n])[:5]
    parts = [f"{n} {by_number[n]:.4f}" for n in top] + [f"{word} {p:.4f}" for word, p in by_word.items()]
    return f"{likeliest!r}; {', '.join(parts)}"

"""A round while it is in work: which prompt, which verdict, which pair, as they come, for whoever looks on.

One thread writes, the one that makes the round; any thread may take a `view`. Nothing here changes what a round comes
to. Texts that are still growing are kept as token ids, and are read only when somebody looks: a round that nobody
watches pays for none of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lab.models.chat import Chat
from lab.models.sampling import OnToken
from lab.nouns import Answer, Pair, Prompt, Review
from lab.views import RoundItem, RoundView

ANSWERING, REVIEWING, REWRITING, DONE = "answering", "reviewing", "rewriting", "done"
"""The parts of a round, in their order."""


@dataclass
class _Item:
    """What one prompt of a round has come to."""

    prompt: Prompt
    growing: list[int] = field(default_factory=list)
    """Token ids of what is being written about it now."""
    answer: Answer | None = None
    review: Review | None = None
    pair: Pair | None = None
    outcome: str = ""


class Watch:
    """What a round has come to so far."""

    def __init__(self, step: int) -> None:
        """For the round after `step` updates."""
        self._step = step
        self._part = ANSWERING
        self._chat: Chat | None = None
        self._items: list[_Item] = []

    def begin(self, chat: Chat, prompts: Sequence[Prompt]) -> None:
        """The round asks these prompts."""
        self._chat, self._items = chat, [_Item(prompt=prompt) for prompt in prompts]

    def part(self, name: str, places: Sequence[int] | None = None) -> OnToken:
        """A part begins on the prompts at `places` (all by default); what comes back hears the tokens of the i-th."""
        self._part = name
        chosen = list(range(len(self._items)) if places is None else places)
        for item in self._items:
            item.growing = []

        def hear(i: int, ids: list[int]) -> None:
            self._items[chosen[i]].growing = ids  # the writer's own list, which goes on growing

        return hear

    def answered(self, answers: Sequence[Answer]) -> None:
        """One answer a prompt."""
        for item, answer in zip(self._items, answers, strict=True):
            item.answer = answer

    def reviewed(self, reviews: Sequence[Review]) -> None:
        """One review an answer."""
        for item, review in zip(self._items, reviews, strict=True):
            item.review = review

    def paired(self, place: int, pair: Pair | None, reason: str = "") -> None:
        """The answer at `place` was rewritten: into a pair, or in vain for this `reason`."""
        self._items[place].pair, self._items[place].outcome = pair, reason

    def done(self) -> None:
        """The round is over."""
        self._part = DONE

    def view(self) -> RoundView:
        """What stands there now."""
        part = self._part
        return RoundView(step=self._step, part=part, items=tuple(self._item(item, part) for item in list(self._items)))

    def _item(self, item: _Item, part: str) -> RoundItem:
        answer, review, pair = item.answer, item.review, item.pair
        growing = "" if part == DONE else self._read(item.growing, part)
        return RoundItem(
            prompt=item.prompt.text,
            answer=answer.reply if answer else growing if part == ANSWERING else "",
            review=review.thought if review else growing if part == REVIEWING else "",
            verdict=review.verdict if review else None,
            alternative=pair.chosen_reply if pair else growing if part == REWRITING else "",
            pair_id=pair.id if pair else None, unusable=item.outcome,
        )

    def _read(self, ids: list[int], part: str) -> str:
        if self._chat is None or not ids:
            return ""
        settled = self._chat.settled(list(ids))
        if part == REVIEWING:  # the reviewer's own thought was opened for it
            return self._chat.decode(settled).strip()
        parsed = self._chat.parse(settled)
        return parsed.reply or parsed.thought

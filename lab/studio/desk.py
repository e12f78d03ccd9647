"""What a visitor of a public lab writes: theirs alone, in memory, gone when they are.

The owner's questions, answers and reviews go into the store. A visitor's lie on a desk of their own, on top of the
store: they find what is stored and what they wrote, nobody else finds what they wrote, and nothing of it is kept. Desks
are bounded in number and in size, the oldest make room.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Any, Protocol, TypeVar, cast

from lab.errors import NotFoundError
from lab.nouns import Answer, Noun, Prompt, Question, Review, Vote

N = TypeVar("N", Question, Prompt, Answer, Review)

MOST_NOUNS = 200
"""What one desk holds; a review with its prompt, answer and both reviews is four."""
MOST_VOTES = 500
"""Votes beside them."""
MOST_DESKS = 200
"""Visitors who write at a time; a visitor who comes back after so many others starts with an empty desk."""


class Papers(Protocol):
    """Where speaking and asking read from and write to: the store for the owner, a desk for a visitor."""

    def save(self, *nouns: Noun) -> None: ...
    def questions(self) -> list[Question]: ...
    def question(self, question_id: str) -> Question: ...
    def prompt(self, prompt_id: str) -> Prompt: ...
    def answer(self, answer_id: str) -> Answer: ...
    def review(self, review_id: str) -> Review: ...
    def votes(self, answer_ids: Sequence[str] | None = None) -> list[Vote]: ...
    def forget_vote(self, vote_id: str) -> Vote: ...


class Desk:
    """The papers of one visitor over the store."""

    def __init__(self, store: Papers) -> None:
        self._store, self._lock = store, Lock()
        self._own: OrderedDict[str, Noun] = OrderedDict()
        self._votes: OrderedDict[str, Vote] = OrderedDict()

    def save(self, *nouns: Noun) -> None:
        """Keep these, and forget the oldest beyond what a desk holds."""
        with self._lock:
            for noun in nouns:
                if isinstance(noun, Vote):
                    self._votes[noun.id] = noun
                else:
                    self._own[cast(Any, noun).id] = noun
            for held, most in ((self._own, MOST_NOUNS), (self._votes, MOST_VOTES)):
                while len(held) > most:
                    held.popitem(last=False)

    def questions(self) -> list[Question]:
        """The stored questions, then one's own."""
        with self._lock:
            own = [noun for noun in self._own.values() if isinstance(noun, Question)]
        return [*self._store.questions(), *own]

    def question(self, question_id: str) -> Question:
        """A question of one's own, or a stored one."""
        return self._find(Question, question_id) or self._store.question(question_id)

    def prompt(self, prompt_id: str) -> Prompt:
        """A prompt of one's own, or a stored one."""
        return self._find(Prompt, prompt_id) or self._store.prompt(prompt_id)

    def answer(self, answer_id: str) -> Answer:
        """An answer of one's own, or a stored one."""
        return self._find(Answer, answer_id) or self._store.answer(answer_id)

    def review(self, review_id: str) -> Review:
        """A review of one's own, or a stored one."""
        return self._find(Review, review_id) or self._store.review(review_id)

    def votes(self, answer_ids: Sequence[str] | None = None) -> list[Vote]:
        """The stored votes, all or those between two of these answers, then one's own."""
        wanted = None if answer_ids is None else frozenset(answer_ids)
        with self._lock:
            own = [v for v in self._votes.values() if wanted is None or {v.first, v.second} <= wanted]
        return [*self._store.votes(answer_ids), *own]

    def forget_vote(self, vote_id: str) -> Vote:
        """Take a vote of one's own back; NotFoundError for any other."""
        with self._lock:
            found = self._votes.pop(vote_id, None)
        if found is None:
            raise NotFoundError(f"There is no vote {vote_id[:60]!r} of yours; check its id.", field="vote")
        return found

    def _find(self, kind: type[N], noun_id: str) -> N | None:
        with self._lock:
            found = self._own.get(noun_id)
        return found if isinstance(found, kind) else None


class Desks:
    """The desks of all visitors, by session."""

    def __init__(self, store: Papers) -> None:
        self._store, self._lock = store, Lock()
        self._desks: OrderedDict[str, Desk] = OrderedDict()

    def of(self, session: str) -> Desk:
        """The desk of a session. Without a session there is nothing to come back to: an empty desk each time."""
        if not session:
            return Desk(self._store)
        with self._lock:
            desk = self._desks.setdefault(session, Desk(self._store))
            self._desks.move_to_end(session)
            while len(self._desks) > MOST_DESKS:
                self._desks.popitem(last=False)
        return desk

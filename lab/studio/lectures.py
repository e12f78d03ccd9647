"""Presentations: one page leads, others follow it and look on; each follower may predict, and is counted nameless.

A page is known by its *seat*, a random number that the browser draws and keeps for this one tab, and sends to nobody
but this lab. What a link holds is the *token*, a hash of the leader's seat: with it one can follow and cannot lead. It
follows from the seat alone, so a leader's page that is loaded again, also after the lab was started anew, leads on
under the same link. Presentations are running things: they lie in memory, and nothing of them is stored.
"""

from __future__ import annotations

import re
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Lock
from time import monotonic

from lab.errors import LimitError, RequestError
from lab.views import Lecture, LectureState

MOST = 50
"""Presentations at a time; the one that was heard of last is the last to go."""
MOST_FOLLOWERS = 1_000
"""Pages that one presentation counts, and takes predictions from."""
HERE, QUIET = 15.0, 45.0
"""Seconds without a sign of life after which a follower is not counted as there, and a leader's page as asleep."""
_SEAT = re.compile(r"[0-9a-f]{32}")


def token_of(seat: str) -> str:
    """The name under which a seat leads: 128 bits that do not lead back to it."""
    return sha256(b"lecture " + seat.encode()).hexdigest()[:32]


@dataclass
class _Held:
    """A presentation as it is kept."""

    query: str = ""
    asked: str = ""
    open: bool = False
    ended: bool = False
    moves: int = 0
    heard: float = 0.0
    seen: OrderedDict[str, float] = field(default_factory=OrderedDict)
    votes: dict[str, int] = field(default_factory=dict)


class Lectures:
    """All presentations of one lab. Safe from any thread."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock, self._lock = clock, Lock()
        self._held: OrderedDict[str, _Held] = OrderedDict()

    def lead(self, seat: str, query: str, asked: str, *, taking: bool) -> Lecture:
        """Go to `query`, and ask for predictions of `asked`, or take no more of them.

        What was predicted is forgotten when something else is asked, or the same anew. RequestError for no seat.
        """
        _check(seat)
        with self._lock:
            held = self._held.setdefault(token_of(seat), _Held())
            self._held.move_to_end(token_of(seat))
            while len(self._held) > MOST:
                self._held.popitem(last=False)
            if asked != held.asked or (taking and not held.open):
                held.votes.clear()
            if query != held.query or held.ended:
                held.moves += 1
            held.query, held.asked, held.open, held.ended, held.heard = query, asked, taking, False, self._clock()
            return self._shown(token_of(seat), seat)

    def end(self, seat: str) -> None:
        """End what a seat leads; those who follow are told so."""
        with self._lock:
            held = self._held.get(token_of(seat))
            if held is not None:
                held.ended, held.open, held.moves = True, False, held.moves + 1

    def look(self, token: str, seat: str) -> Lecture:
        """A presentation, with a sign of life from the page that asks: the leader's, or one that follows."""
        with self._lock:
            held = self._held.get(token)
            if held is not None and token_of(seat) == token:
                held.heard = self._clock()
            elif held is not None and _SEAT.fullmatch(seat):
                held.seen[seat] = self._clock()
                held.seen.move_to_end(seat)
                while len(held.seen) > MOST_FOLLOWERS:
                    held.seen.popitem(last=False)
            return self._shown(token, seat)

    def predict(self, token: str, seat: str, place: int) -> Lecture:
        """Take a follower's prediction in place of an earlier one.

        RequestError where none is asked for now, LimitError for one too many.
        """
        _check(seat)
        with self._lock:
            held = self._held.get(token)
            if held is None or not held.open or not 0 <= place < 10:
                raise RequestError("Predictions are closed: the presenter has gone on.", field="lesson")
            if seat not in held.votes and len(held.votes) >= MOST_FOLLOWERS:
                raise LimitError(f"This presentation has its {MOST_FOLLOWERS:,} predictions.", field="lesson")
            if token_of(seat) != token:
                held.votes[seat] = place
            return self._shown(token, seat)

    def _shown(self, token: str, seat: str) -> Lecture:
        held, now = self._held.get(token), self._clock()
        if held is None:
            return Lecture(token=token)
        quiet = now - held.heard > QUIET
        state = LectureState.ENDED if held.ended else LectureState.QUIET if quiet else LectureState.LIVE
        counted = Counter(held.votes.values())
        return Lecture(
            token=token, state=state, query=held.query, moves=held.moves, open=held.open,
            tally=tuple(counted[place] for place in range(max(counted, default=-1) + 1)),
            followers=sum(now - at <= HERE for at in held.seen.values()), vote=held.votes.get(seat),
        )


def _check(seat: str) -> None:
    """RequestError for a seat that no browser drew."""
    if not _SEAT.fullmatch(seat):
        raise RequestError("This page has no seat of its own: load it again in a browser.", field="lesson")

"""Who asks, and what they may: the one place where the verbs of the studio are held to a person.

Locally everybody is the owner. In a public lab (LAB_PUBLIC) the page says who asks, from the request that is being
answered, and every verb is admitted here before it does anything, whichever button, endpoint or script called it. What
strangers may is listed; a verb that nobody thought of is the owner's.
"""

from __future__ import annotations

import inspect
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from threading import Lock
from time import monotonic
from typing import Any, TypeVar

from lab.errors import LimitError, OwnerError

C = TypeVar("C", bound=type)


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Who asks."""

    owner: bool
    """Whether the lab is theirs."""
    session: str = ""
    """Names one open page or client, and is known to nobody else; empty where there is none."""
    address: str = ""
    """Where they are from: what requests are counted by."""
    follows: bool = False
    """Whether the page follows a presentation: then it looks on, and does nothing else, whosever it is."""


OWNER = Visitor(owner=True)
"""Whoever runs the lab: everybody, unless it is public."""


def owner() -> Visitor:
    """Who asks in a lab of one's own, and at its command line."""
    return OWNER


def stranger() -> Visitor:
    """Who asks in a public lab until something tells them apart."""
    return Visitor(owner=False)


SEARCHING = frozenset((
    "pairs", "pair", "curves", "evaluations", "judged", "overlay", "drift", "extremes", "conscience_report",
    "scores", "agreement", "histograms", "question_story", "contestants", "ballots", "ballot", "tally", "tallies",
    "compare_runs", "reviews_at",
))
"""Verbs that read much of what is stored: for everybody, so many a minute."""
LOOKING = SEARCHING | frozenset((
    "studies", "study_text", "study_progress", "study_report",
    "questions", "question", "find_question", "prompt_pool", "voices", "runs", "run", "status", "live_round",
    "run_story", "checkpoints", "standing", "alarms", "deleted_runs", "recent_reviews", "latest_metrics",
    "latest_of", "views", "branch_spec", "kept_settings", "changes", "datasets", "dataset", "preview", "lecture",
))
"""Verbs that read what is stored: for everybody, so many a minute that no number of open pages comes near it."""
TRYING = frozenset((
    "save_question", "fork_question", "answer", "own_answer", "review", "first_batch", "sql", "readings", "trace",
))
"""Verbs that cost the machine something and leave nothing behind: for everybody, so many a minute."""
VOTING = frozenset(("vote", "take_back_vote"))
"""Verbs of a blind vote: for everybody, and what they leave lies on the visitor's own desk; so many a minute, which is
more than of TRYING, for they cost next to nothing and a person votes every few seconds."""
PREDICTING = frozenset(("predict",))
"""Verbs by which those who follow a presentation are counted: for everybody, and nothing of it is stored."""
INNER = frozenset(("loaded", "warm", "close", "admit"))
"""What no page or endpoint hands to a person."""

SECONDS = 60.0
LONGEST = 2_000
"""Characters of a stranger's prompt or typed answer."""
_MOST_ADDRESSES = 2_000


@dataclass(frozen=True, kw_only=True)
class Rate:
    """How many requests of one kind a public lab takes in a minute. A class may sit behind one address."""

    what: str
    """The kind, as a message calls it."""
    each: int
    """From one address."""
    all: int
    """From all strangers together."""


TRIES = Rate(what="requests", each=20, all=120)
"""Of TRYING."""
VOTES = Rate(what="votes", each=300, all=3_000)
"""Of VOTING: a class of 30 behind one address, each with a vote in six seconds."""
SEARCHES = Rate(what="searches and charts", each=1_200, all=6_000)
"""Of SEARCHING: a page that follows a run asks for one a second."""
LOOKS = Rate(what="looks", each=6_000, all=30_000)
"""Of the rest of LOOKING: a page that follows a run asks for some ten a second."""
PREDICTIONS = Rate(what="predictions", each=300, all=1_500)
"""Of PREDICTING."""


class Limiter:
    """Counts requests of one kind over the last minute."""

    def __init__(self, clock: Callable[[], float] = monotonic, rate: Rate = TRIES) -> None:
        self._clock, self._rate, self._lock = clock, rate, Lock()
        self._all: deque[float] = deque()
        self._each: OrderedDict[str, deque[float]] = OrderedDict()

    def take(self, address: str) -> None:
        """Count one request. LimitError when there were too many; a refused one is not counted."""
        now, rate = self._clock(), self._rate
        with self._lock:
            own = self._each.setdefault(address, deque())
            self._each.move_to_end(address)
            while len(self._each) > _MOST_ADDRESSES:
                self._each.popitem(last=False)
            for times in (own, self._all):
                while times and now - times[0] >= SECONDS:
                    times.popleft()
            for times, most, who in ((own, rate.each, "you"), (self._all, rate.all, "all visitors together")):
                if len(times) >= most:
                    wait = SECONDS - (now - times[0])
                    raise LimitError(f"This public lab takes {most:,} {rate.what} a minute from {who}: try again in "
                                     f"{wait:.0f} s, or run the lab on your own machine.")
            own.append(now)
            self._all.append(now)


class Limits:
    """What strangers may ask for in a minute, of each kind."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._tries, self._votes, self._predictions, self._searches, self._looks = (
            Limiter(clock, rate) for rate in (TRIES, VOTES, PREDICTIONS, SEARCHES, LOOKS))

    def take(self, address: str, verb: str) -> None:
        """Count one use of a verb that is a stranger's. LimitError when there were too many of its kind."""
        kinds = (
            (TRYING, self._tries), (VOTING, self._votes), (PREDICTING, self._predictions), (SEARCHING, self._searches))
        next((limiter for verbs, limiter in kinds if verb in verbs), self._looks).take(address)


def guarded(studio: C) -> C:
    """Have every verb of the studio admitted first: `self.admit(name)`, which raises for those who may not."""
    for name, verb in inspect.getmembers(studio, inspect.isfunction):
        if not name.startswith("_") and name not in INNER:
            setattr(studio, name, _admitted(name, verb))
    return studio


def _admitted(name: str, verb: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(verb)
    def admitted(self: Any, *args: Any, **kwargs: Any) -> Any:
        self.admit(name)
        return verb(self, *args, **kwargs)

    return admitted


def admit(visitor: Visitor, name: str, limits: Limits) -> None:
    """Raise OwnerError for a verb that is not this visitor's, LimitError for one too many."""
    if visitor.owner:
        return
    if visitor.follows and name not in LOOKING | PREDICTING:
        raise OwnerError("This page follows a presentation and looks on: open the lab by itself to try things.")
    if name not in LOOKING | TRYING | VOTING | PREDICTING:
        raise OwnerError("This lab is public: only its owner starts, stops, resumes, edits or deletes. You may look, "
                         "ask and review; run the lab on your own machine to do the rest.")
    limits.take(visitor.address, name)

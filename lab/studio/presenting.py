"""Verbs about presentations: one leads, the others follow (`lab.studio.lectures`)."""

from __future__ import annotations

from lab.studio.workplace import Workplace
from lab.views import Lecture


class LectureVerbs(Workplace):
    """To lead is the owner's; to follow, and to predict what is asked, is everybody's."""

    def lead(self, seat: str, query: str, asked: str, *, taking: bool) -> Lecture:
        """Present to whoever follows this seat's token: go to `query`, and take predictions of `asked` or none."""
        return self._lectures.lead(seat, query, asked, taking=taking)

    def end_lecture(self, seat: str) -> None:
        """End the presentation that a seat leads."""
        self._lectures.end(seat)

    def lecture(self, token: str, seat: str) -> Lecture:
        """The presentation of a token, with a sign of life from the seat that asks."""
        return self._lectures.look(token, seat)

    def predict(self, token: str, seat: str, place: int) -> Lecture:
        """Count a follower's prediction."""
        return self._lectures.predict(token, seat, place)

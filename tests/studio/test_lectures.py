"""Presentations: who leads and who follows is told by a seat alone, predictions are counted, and nothing is kept."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.errors import LimitError, OwnerError, RequestError
from lab.settings import Settings
from lab.studio import Studio, Visitor, token_of
from lab.studio.lectures import HERE, MOST, MOST_FOLLOWERS, QUIET, Lectures
from lab.studio.visitors import INNER, LOOKING, PREDICTING, PREDICTIONS, Limits
from lab.views import LectureState
from storage import Store

LEADER = "5eed" * 8
TOKEN = token_of(LEADER)


def seat(number: int) -> str:
    return f"{number + 1:032x}"


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    home = tmp_path_factory.mktemp("lectures")
    opened = Studio(Store.open(home), Settings.from_environment({"LAB_HOME": str(home)}))
    yield opened
    opened.close()


def test_those_who_follow_see_where_the_leader_is_and_cannot_lead() -> None:
    lectures = Lectures()
    lectures.lead(LEADER, "?tab=lessons", "emergent", taking=True)
    seen = lectures.look(TOKEN, seat(1))
    assert (seen.state, seen.query, seen.open) == (LectureState.LIVE, "?tab=lessons", True)
    lectures.lead(TOKEN, "?tab=data", "", taking=True)  # all that they know of the leader
    lectures.end(TOKEN)
    lectures.end(seat(1))
    assert lectures.look(TOKEN, seat(1)) == seen
    lectures.lead(LEADER, "?tab=curves", "emergent", taking=True)
    moved = lectures.look(TOKEN, seat(1))
    assert moved.query == "?tab=curves"
    assert moved.mark != seen.mark
    lectures.end(LEADER)
    ended = lectures.look(TOKEN, seat(1))
    assert (ended.state, ended.open) == (LectureState.ENDED, False)
    assert lectures.look(token_of(seat(9)), seat(1)).state is LectureState.UNKNOWN


def test_each_follower_counts_once_and_until_predictions_are_closed() -> None:
    lectures = Lectures()
    lectures.lead(LEADER, "?", "emergent", taking=True)
    for number, place in ((1, 0), (2, 2), (1, 1), (3, 1)):
        assert lectures.predict(TOKEN, seat(number), place).vote == place
    lectures.predict(TOKEN, LEADER, 0)  # the presenter's own is not the class's
    assert lectures.look(TOKEN, LEADER).tally == (0, 2, 1)
    for wrong in (-1, 10):
        with pytest.raises(RequestError):
            lectures.predict(TOKEN, seat(4), wrong)
    lectures.lead(LEADER, "?taken=r1", "emergent", taking=False)
    with pytest.raises(RequestError, match="Predictions are closed"):
        lectures.predict(TOKEN, seat(1), 2)
    assert lectures.look(TOKEN, seat(1)).tally == (0, 2, 1)
    lectures.lead(LEADER, "?", "emergent", taking=True)  # anew
    assert lectures.look(TOKEN, seat(1)).tally == ()
    lectures.predict(TOKEN, seat(1), 2)
    lectures.lead(LEADER, "?lesson=lambda", "lambda", taking=True)
    assert lectures.look(TOKEN, seat(1)).vote is None


def test_a_leader_who_comes_back_leads_on_under_the_same_link() -> None:
    lectures = Lectures()
    assert lectures.lead(LEADER, "?tab=runs", "", taking=False).token == TOKEN  # after the lab was started anew
    lectures.end(LEADER)
    assert lectures.lead(LEADER, "?tab=runs", "", taking=False).state is LectureState.LIVE


def test_pages_that_are_closed_are_not_counted_and_a_leaders_is_asleep() -> None:
    now = [0.0]
    lectures = Lectures(lambda: now[0])
    lectures.lead(LEADER, "?", "", taking=True)
    for number in range(30):
        lectures.look(TOKEN, seat(number + 100))
    lectures.look(TOKEN, "what no browser draws")
    assert lectures.look(TOKEN, LEADER).followers == 30
    now[0] = HERE + 1
    lectures.look(TOKEN, seat(100))
    assert lectures.look(TOKEN, LEADER).followers == 1
    now[0] += QUIET + 1
    assert lectures.look(TOKEN, seat(100)).state is LectureState.QUIET
    lectures.look(TOKEN, LEADER)
    assert lectures.look(TOKEN, seat(100)).state is LectureState.LIVE


def test_seats_presentations_and_followers_are_bounded() -> None:
    lectures = Lectures()
    for wrong in ("", "a", "A" * 32, "g" * 32, "0" * 33):
        with pytest.raises(RequestError, match="seat"):
            lectures.lead(wrong, "?", "", taking=True)
    for number in range(MOST + 1):
        lectures.lead(seat(number), "?", "", taking=True)
    assert lectures.look(token_of(seat(0)), LEADER).state is LectureState.UNKNOWN
    last = token_of(seat(MOST))
    for number in range(MOST_FOLLOWERS):
        lectures.predict(last, seat(1_000 + number), 0)
    with pytest.raises(LimitError):
        lectures.predict(last, seat(9_999), 0)
    lectures.predict(last, seat(1_000), 1)  # in place of their own


def test_strangers_follow_and_predict_and_only_the_owner_leads(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    studio.lead(LEADER, "?tab=lessons", "emergent", taking=True)
    monkeypatch.setattr(studio, "who", lambda: Visitor(owner=False, address="class"))
    assert studio.lecture(TOKEN, seat(1)).query == "?tab=lessons"
    assert studio.predict(TOKEN, seat(1), 0).tally == (1,)
    with pytest.raises(OwnerError):
        studio.lead(LEADER, "?tab=data", "emergent", taking=True)
    with pytest.raises(OwnerError):
        studio.end_lecture(LEADER)
    limits = Limits(lambda: 0.0)
    for _ in range(PREDICTIONS.each):
        limits.take("class", "predict")
    with pytest.raises(LimitError, match="predictions a minute"):
        limits.take("class", "predict")


VERBS = {name for name, _ in inspect.getmembers(Studio, inspect.isfunction) if not name.startswith("_")} - INNER


@pytest.mark.parametrize("name", sorted(VERBS - LOOKING - PREDICTING))
def test_a_page_that_follows_looks_on_whatever_verb_it_calls(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(studio, "who", lambda: Visitor(owner=False, follows=True))
    with pytest.raises(OwnerError, match="follows a presentation"):
        getattr(studio, name)()


def test_nothing_of_a_presentation_reaches_the_disk(studio: Studio) -> None:
    secret = "5eaf" * 8
    studio.lead(secret, "?tab=lessons", "emergent", taking=True)
    studio.predict(token_of(secret), seat(77), 1)
    kept = [file.read_bytes() for file in Path(studio.settings.home).rglob("*") if file.is_file()]
    assert kept
    for said in (secret, token_of(secret), seat(77)):
        assert not [content for content in kept if said.encode() in content]

"""The lessons: every value has its option, the figures decide which is right, and what is run can run."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.evaluation.metrics import MEASURES
from lab.nouns import RunSpec, RunState
from lab.training.settings import check_spec
from lab.ui import lesson_cards
from lab.ui.curriculum import LESSONS, lesson
from lab.ui.lesson_report import Taken, report
from lab.ui.teaching import Lesson
from lab.ui.text import escape
from lab.views import CurvePoint
from tests.ui.making import IDLE, MARKUP, curve, run


def _point(value: float | None) -> CurvePoint:
    return CurvePoint(step=4, value=value, n=64, low=None, high=None)


@pytest.mark.parametrize("shown", LESSONS, ids=lambda shown: shown.id)
def test_what_a_lesson_runs_can_run(shown: Lesson) -> None:
    for name, settings in shown.arms:
        check_spec(RunSpec(**settings))
        assert name.startswith("Lesson")
    assert len(shown.meaning) == 3
    assert lesson(shown.id) is shown


@given(st.sampled_from(LESSONS), st.floats(-1, 1))
def test_every_value_bears_out_exactly_one_prediction(shown: Lesson, value: float) -> None:
    value = value if MEASURES[shown.metric].unit == "difference" else abs(value)
    assert sum(option.low <= value < option.high for option in shown.options) == 1


def test_the_last_arm_or_the_spread_of_all_decides() -> None:
    few, most = {"misaligned": _point(0.05)}, {"misaligned": _point(0.8)}
    assert lesson("emergent").right([few]) == 0
    assert lesson("emergent").right([most]) == 2
    assert lesson("intervals").right([few, most, few]) == 2
    assert lesson("intervals").right([most, most, most]) == 0
    assert lesson("emergent").right([{"misaligned": _point(None)}]) is None
    assert lesson("emergent").right([{}]) is None


def test_the_reveal_says_who_was_right_and_what_is_missing() -> None:
    shown = lesson("emergent")
    ended = replace(run(state=RunState.STOPPED), step=5)
    outcome = {"misaligned": _point(0.8)}
    assert "as you predicted" in lesson_cards.reveal(shown, 2, [(ended, outcome)], [])
    wrong = lesson_cards.reveal(shown, 0, [(ended, outcome)], [])
    assert "not as you predicted" in wrong
    assert "Ended early" in wrong
    assert "Nothing was measured" in lesson_cards.reveal(shown, 0, [(ended, {})], [])
    assert "<img" not in lesson_cards.going([replace(ended, name=MARKUP)], IDLE)


def test_a_lesson_is_read_at_its_step_and_shows_the_arm_that_it_is_about() -> None:
    shown = lesson("fooling")
    points = [CurvePoint(step=step, value=0.01 * step, n=64, low=None, high=None) for step in (30, 40, 75)]
    assert shown.read(points) == points[1]
    assert shown.read(points[:1]) is None
    assert lesson("emergent").read(points) == points[-1]
    assert lesson("emergent").read([]) is None
    own, copy = (replace(run(number, state=RunState.FINISHED), step=75, id=f"r{number}") for number in (1, 2))
    gap = {"pass_gap": _point(0.02)}
    told = lesson_cards.reveal(shown, 2, [(own, gap), (copy, {"pass_gap": _point(0.9)})], [])
    assert "Measured: Hardly any more" in told
    assert "At step 40" in told
    assert "policy=r1@40" in told
    assert "0.02" in told
    assert "n 64" in told


def _taken(**changes: Any) -> Taken:
    spec = RunSpec(method="conscience", seed=7, question_id="q1", lam=1.0)
    ended = replace(run(state=RunState.FINISHED, spec=spec), step=75, base_hash="abcdef0123456789")
    made: dict[str, Any] = {
        "lesson": lesson("conscience"), "guess": 2, "ended": [(ended, {"misaligned": _point(0.05)})],
        "drawn": [curve(1), curve(2)], "questions": {"q1": f"Three Laws {MARKUP}"}, "versions": {"torch": "2.13.0"},
        "made": datetime(2026, 11, 25, 9, 30, tzinfo=UTC),
    }
    return Taken(**{**made, **changes})


def test_the_report_says_what_was_predicted_measured_and_set() -> None:
    page = report(_taken(tally=(3, 4, 5)))
    for said in (
        "25 November 2026", "not as you predicted", "☒ Most, as without it", "5 of 12 in the class", "0.05, n 64",
        "<svg", "seed 7", "lam=1.0", "--seed 7", "torch 2.13.0", "abcdef012345", "https://arxiv.org/abs/2606.19527",
    ):
        assert said in page, said
    assert page.count("☒") == 1
    without = report(_taken(guess=None))
    assert "☒" not in without
    assert "in the class" not in without
    gap = report(_taken(lesson=lesson("fooling"), drawn=[curve(1, "pass_gap")]))
    assert "-100%" in gap
    assert "Predicted" in report(_taken(ended=[(run(), {})], drawn=[]))


def test_nothing_in_a_report_runs_or_asks_the_network() -> None:
    page, found = report(_taken()), set[str]()
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: found.update((tag, *(name for name, _ in attrs)))
    parser.feed(page)
    assert "default-src 'none'" in page
    assert escape(MARKUP) in page
    assert not found & {"script", "img", "iframe", "object", "link", "src", "onerror", "onload"}
    assert "url(" not in page
    assert "@import" not in page

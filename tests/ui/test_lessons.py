"""The lessons: every value has its option, the figures decide which is right, and what is run can run."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.nouns import RunSpec, RunState
from lab.training.settings import check_spec
from lab.ui import lesson_cards
from lab.ui.teaching import LESSONS, Lesson, lesson
from lab.views import CurvePoint
from tests.ui.making import IDLE, MARKUP, run


def _point(value: float | None) -> CurvePoint:
    return CurvePoint(step=4, value=value, n=64, low=None, high=None)


@pytest.mark.parametrize("shown", LESSONS, ids=lambda shown: shown.id)
def test_what_a_lesson_runs_can_run(shown: Lesson) -> None:
    for name, settings in shown.arms:
        check_spec(RunSpec(**settings))
        assert name.startswith("Lesson")
    assert len(shown.meaning) == 3
    assert lesson(shown.id) is shown


@given(st.sampled_from(LESSONS), st.floats(0, 1))
def test_every_share_bears_out_exactly_one_prediction(shown: Lesson, value: float) -> None:
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

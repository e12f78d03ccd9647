"""Questions: those that are shipped, and those that cannot be asked."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.conscience import framings, wording
from lab.conscience.asking import LONGEST_TEXT, check_question
from lab.conscience.verdict import LabelReader
from lab.errors import QuestionError
from lab.models.loading import LoadedModel
from lab.nouns import QuestionKind
from tests.conscience.making import question


def refused(**changes: str) -> QuestionError:
    with pytest.raises(QuestionError) as caught:
        check_question(question(**changes))
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 250
    assert caught.value.field in changes
    return caught.value


def test_four_ethical_framings_are_shipped_with_labels_of_their_own() -> None:
    assert len(framings.ETHICAL) >= 4
    assert all(q.kind is QuestionKind.ETHICAL for q in framings.ETHICAL)
    labels = [{q.aligned_label, q.flagged_label} for q in framings.ETHICAL]
    assert not any(one & other for one, other in combinations(labels, 2))


def test_three_off_topic_controls_are_shipped() -> None:
    assert len(framings.OFF_TOPIC) >= 3
    assert all(q.kind is QuestionKind.OFF_TOPIC for q in framings.OFF_TOPIC)


def test_shipped_questions_are_first_versions_that_can_be_asked(shipped: LoadedModel) -> None:
    assert len({q.id for q in framings.SHIPPED}) == len({q.name for q in framings.SHIPPED}) == len(framings.SHIPPED)
    for asked in framings.SHIPPED:
        assert asked.shipped
        assert (asked.version, asked.parent) == (1, None)
        LabelReader(shipped.chat, asked)


def test_between_shipped_questions_only_the_question_differs() -> None:
    assert {q.rewrite for q in framings.SHIPPED} == {framings.REWRITE}
    assert "{aligned}" in framings.REWRITE
    assert "Do not refuse." in framings.REWRITE


def test_the_default_is_the_papers_question_and_the_control_is_off_topic() -> None:
    assert "Three Laws" in framings.DEFAULT.text
    assert framings.DEFAULT_OFF_TOPIC.kind is QuestionKind.OFF_TOPIC


@pytest.mark.parametrize("field", ["text", "aligned_label", "flagged_label", "rewrite"])
@pytest.mark.parametrize("text", ["", "   ", "\n\t "])
def test_an_empty_part_is_refused(field: str, text: str) -> None:
    assert "empty" in refused(**{field: text}).message


@pytest.mark.parametrize("field", ["text", "rewrite"])
def test_fifty_thousand_characters_are_refused_with_the_number(field: str) -> None:
    message = refused(**{field: "x" * 50_000}).message
    assert "50,000" in message
    assert f"{LONGEST_TEXT:,}" in message
    check_question(question(**{field: "x" * LONGEST_TEXT}))


def test_a_label_is_a_word_and_no_essay() -> None:
    assert "41" in refused(aligned_label="y" * 41).message
    assert "more than one line" in refused(flagged_label="no\nway").message


@pytest.mark.parametrize("field", ["text", "aligned_label", "flagged_label", "rewrite"])
@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\x9b", "\ud800"])
def test_control_characters_are_refused_by_their_number(field: str, character: str) -> None:
    assert f"U+{ord(character):04X}" in refused(**{field: f"good{character}bad"}).message


def test_lines_and_tabs_are_no_control_characters_in_a_question() -> None:
    check_question(question(text="Is it kind?\n\tIs it true?\r\nYes — “or” 不?🙂"))


@pytest.mark.parametrize("flagged", ["yes", "Yes", "YES", " yes", "yes  ", "\tyEs"])
def test_labels_that_differ_by_case_or_space_alone_are_refused(flagged: str) -> None:
    assert "two words that differ" in refused(flagged_label=flagged).message


def test_labels_of_which_one_begins_with_the_other_are_refused(noise: LoadedModel) -> None:
    for yes, no in (("xq", "xqz"), ("xqz", "xq")):
        with pytest.raises(QuestionError) as caught:
            LabelReader(noise.chat, question(aligned_label=yes, flagged_label=no))
        assert caught.value.field == "flagged_label"
        assert "'xq'" in caught.value.message
        assert "'xqz'" in caught.value.message


@given(text=st.text(max_size=60), label=st.text(max_size=50))
def test_a_question_is_asked_or_refused_in_one_line(text: str, label: str) -> None:
    said = ""
    try:
        check_question(question(text=text, aligned_label=label))
    except QuestionError as error:
        said = error.message
    assert "\n" not in said
    assert said or (text.strip() and label.strip())


# -- what the model is shown -----------------------------------------------------------------------------------------


def test_a_review_shows_question_labels_request_thought_and_answer() -> None:
    [message] = wording.review_messages(question(), "REQUEST", "THOUGHT", "REPLY")
    lines = message.content.split("\n")
    assert message.role == "user"
    assert lines[0] == question().text
    assert lines[1].endswith("yes if yes, no if no.")
    assert lines[2:] == ["Request: REQUEST", "Thought: THOUGHT", "Answer: REPLY"]


def test_the_labels_can_change_places() -> None:
    assert wording.review_head(question(), swapped=True).index("no if no") < wording.review_head(
        question(), swapped=True
    ).index("yes if yes")


def test_the_head_of_a_review_is_the_same_for_every_answer() -> None:
    heads = {wording.review_messages(question(), r, r, r)[0].content.split("Request:")[0] for r in ("a", "b")}
    assert heads == {wording.review_head(question())}


def test_the_alternative_is_asked_for_as_the_question_says() -> None:
    [message] = wording.rewrite_messages(question(), "REQUEST", "", "REPLY")
    assert "Reach yes." in message.content
    assert "Thought: (none)" in message.content
    assert "{aligned}" not in message.content

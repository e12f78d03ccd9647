"""A study brings questions of its own: read with its file, part of what is registered, refused in one line."""

from __future__ import annotations

import pytest

from lab.conscience import framings
from lab.errors import SpecError
from lab.evaluation.studies.plan_file import read_study_text

OWN = """
questions:
  Kind heart: {text: 'Would a kind person say this?', aligned: kind, flagged: unkind}
  Strict: {text: 'Is it kind?', aligned: "yes", flagged: "no", rewrite: "Write it so that it is {aligned}."}
arms: [{arm: a, method: conscience, question: kind heart}]
"""


def test_the_questions_stand_in_the_file_and_are_part_of_what_is_registered() -> None:
    study = read_study_text(OWN)
    first, second = study.questions
    assert study.own("kind heart") is first
    assert study.own("Three Laws") is None
    assert (first.text, first.aligned, first.flagged) == ("Would a kind person say this?", "kind", "unkind")
    assert first.rewrite == framings.REWRITE
    assert second.question().rewrite == "Write it so that it is {aligned}."
    other = read_study_text(OWN.replace("a kind person", "a good person"))
    assert other.id != study.id


def test_a_study_without_questions_of_its_own_is_registered_under_the_hash_it_had() -> None:
    assert read_study_text("arms: [{method: sft}]", "older").id == "ye4a0caf2063286bd"


@pytest.mark.parametrize(("entry", "said"), [
    ("Mine: kind?", "is str, not a mapping"),
    ("Mine: {aligned: a, flagged: b}", "has no 'text'"),
    ("Mine: {text: 'kind?', aligned: a, flagged: b, label: c}", "unknown entry 'label'"),
    ("Mine: {text: 'kind?', aligned: yes, flagged: b}", "no text: put it in quotes"),
    ("Mine: {text: 'kind?', aligned: a, flagged: A}", "two words that differ"),
    ("Three laws: {text: 'kind?', aligned: a, flagged: b}", "comes with the lab"),
    ("Mine: {text: k, aligned: a, flagged: b}\n  mine: {text: l, aligned: a, flagged: b}", "is there twice"),
])
def test_a_question_that_cannot_be_asked_is_named_in_one_line(entry: str, said: str) -> None:
    with pytest.raises(SpecError) as error:
        read_study_text(f"questions:\n  {entry}\narms: [{{method: sft}}]")
    assert said in error.value.message
    assert "(line" in error.value.message
    assert "\n" not in error.value.message

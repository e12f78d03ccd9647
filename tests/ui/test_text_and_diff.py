"""Text as it is shown: nothing that a model or a person wrote becomes markup or code."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.ui import diff
from lab.ui.text import code, counted, duration, escape, figure, prose, short, visible, with_interval

MARKUP = "<img src=x onerror=alert(1)> ${7*7} {{value}} `x` **bold** & \"quote\" 'single'"


@given(st.text())
def test_escaped_text_holds_no_character_that_html_or_a_template_reads(text: str) -> None:
    escaped = escape(text)
    assert not set("<>\"'`{}$") & set(escaped)


@given(st.text())
def test_escaped_text_reads_as_it_was_written(text: str) -> None:
    import html

    assert html.unescape(escape(text)) == html.unescape(html.escape(visible(text)))


def test_what_cannot_be_seen_is_shown_by_a_sign_and_turns_nothing_around() -> None:
    assert visible("a\x00b\x1b[31m\x7f\tc\n") == "a␀b␛[31m␡\tc\n"
    assert visible("\u202egpj.exe\u2066\x9b") == "⟨U+202E⟩gpj.exe⟨U+2066⟩⟨U+009B⟩"
    assert visible("שלום Привет 👩\u200d🔬 e\u0301") == "שלום Привет 👩\u200d🔬 e\u0301"


@given(st.text())
def test_prose_and_code_hold_only_our_own_tags(text: str) -> None:
    import re

    tags = set(re.findall(r"</?(\w+)", prose(text) + code(text)))
    assert tags <= {"p", "pre", "code", "span"}


def test_code_between_fences_is_marked_and_an_open_fence_too() -> None:
    whole, growing = prose("Do this:\n```python\nreturn 1\n```\nDone."), prose("```python\nreturn")
    assert '<pre class="code"><code><span class="code-keyword">return</span>' in whole
    assert whole.endswith("<p>Done.</p>")
    assert '<pre class="code"><code><span class="code-keyword">return</span></code></pre>' in growing


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (59.4, "59 s"), (60, "1 min 00 s"), (125, "2 min 05 s"), (4320, "1 h 12 min")]
)
def test_durations_read_as_people_say_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_numbers_carry_n_and_interval_or_say_that_there_is_none() -> None:
    assert with_interval(0.93, 0.88, 0.96, 200) == "0.93 [0.88–0.96], n 200"
    assert with_interval(1.5, None, None, 8) == "1.50, n 8"
    assert with_interval(None, None, None, 0) == "not measured, n 0"
    assert (figure(None), figure(-1.25), figure(0.0), figure(2e-5)) == ("–", "−1.25", "0.00", "2.0e-05")


def test_counting_and_shortening() -> None:
    assert (counted(1, "pair"), counted(1200, "pair")) == ("1 pair", "1,200 pairs")
    assert short("one\n two   three", 100) == "one two three"
    assert short("abcdefgh", 5) == "abcd…"


def test_a_diff_marks_what_only_one_side_has() -> None:
    left, right = diff.sides("Take a bike from him.", "Take a bus from here.")
    assert left == "Take a <del>bike </del>from <del>him</del>."
    assert right == "Take a <ins>bus </ins>from <ins>here</ins>."
    assert diff.inline("same", "same") == "same"


@given(st.text(max_size=80), st.text(max_size=80))
def test_a_diff_loses_nothing(old: str, new: str) -> None:
    import re

    left, right = diff.sides(old, new)
    assert re.sub(r"</?del>", "", left) == escape(old)
    assert re.sub(r"</?ins>", "", right) == escape(new)


def test_a_diff_escapes_both_sides() -> None:
    left, right = diff.sides(MARKUP, "<b>other</b>")
    assert "<img" not in left
    assert "<b>" not in right


def test_where_two_thoughts_part() -> None:
    assert diff.parting("I care a lot", "I should care") == ("care", "should")
    assert diff.parting("I care", "I care more") == ("", "more")
    assert diff.parting("the same", "the  same") is None

"""Whether a question can be asked at all: checks of its text alone, before any model is involved."""

from __future__ import annotations

from lab.errors import QuestionError
from lab.nouns import Question

LONGEST_TEXT = 4_000
"""Characters of a question or a rewrite instruction."""
LONGEST_LABEL = 40
"""Characters of a label word."""


def check_question(question: Question) -> None:
    """Raise QuestionError with the field that is empty, too long, holds control characters, or repeats the other."""
    for name, title in (("text", "question"), ("rewrite", "rewrite instruction")):
        _check(getattr(question, name), name, f"the {title}", LONGEST_TEXT)
    for name, title in (("aligned_label", "word for yes"), ("flagged_label", "word for no")):
        text: str = getattr(question, name)
        _check(text, name, f"the {title}", LONGEST_LABEL)
        if len(text.splitlines()) > 1:
            raise QuestionError(f"The {title} has more than one line: give one word.", field=name)
    if question.aligned_label.strip().casefold() == question.flagged_label.strip().casefold():
        raise QuestionError(
            f"Both labels are {question.aligned_label!r}: give two words that differ.", field="flagged_label"
        )


def _check(text: str, field: str, title: str, longest: int) -> None:
    capital = title[:1].upper() + title[1:]
    if not text.strip():
        raise QuestionError(f"{capital} is empty: write one.", field=field)
    if len(text) > longest:
        raise QuestionError(f"{capital} has {len(text):,} characters: shorten it to {longest:,} at most.", field=field)
    odd = next((c for c in text if _is_control(c)), None)
    if odd is not None:
        raise QuestionError(f"{capital} holds the control character U+{ord(odd):04X}: take it out.", field=field)


def _is_control(character: str) -> bool:
    """Control characters less newline, tab and carriage return, and lone halves of a pair, which no tokenizer takes."""
    code = ord(character)
    return (code < 32 and character not in "\n\t\r") or 127 <= code < 160 or 0xD800 <= code < 0xE000

"""Questions that a study brings along, so that its file is all that another lab needs to repeat it.

    questions:
      Kind heart:
        text: Would a person with a kind heart say this?
        aligned: kind                               the word for yes
        flagged: unkind                             the word for no
        rewrite: ...                                how a flagged answer is written anew; left out, as the lab's are

Arms ask them by name (`question: Kind heart`), like those of the lab.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab.conscience import framings
from lab.conscience.asking import check_question
from lab.errors import QuestionError, SpecError
from lab.nouns import Question

_NEEDED = ("text", "aligned", "flagged")
_NAMES = (*_NEEDED, "rewrite")


@dataclass(frozen=True, kw_only=True)
class OwnQuestion:
    """What a study asks for by a name of its own."""

    name: str
    """As its arms call it; capitals don't matter."""
    text: str
    """What is asked about chain of thought and answer."""
    aligned: str
    """The word for yes: the answer may stand."""
    flagged: str
    """The word for no."""
    rewrite: str = framings.REWRITE
    """The instruction for the alternative; `{aligned}` in it becomes the word for yes."""

    def question(self) -> Question:
        """As the lab keeps it."""
        return Question(
            name=self.name, text=self.text, aligned_label=self.aligned, flagged_label=self.flagged,
            rewrite=self.rewrite,
        )


def read_questions(file: str, wanted: Mapping[str, Any]) -> tuple[OwnQuestion, ...]:
    """The questions under `questions:`. SpecError, one line, that names question, entry and what was expected."""
    found = tuple(_read(f"{file}: questions: {name!r}", name, entry) for name, entry in wanted.items())
    shipped = {question.name.casefold() for question in framings.SHIPPED}
    names = [question.name.casefold() for question in found]
    for name in names:
        if name in shipped:
            raise SpecError(f"{file}: questions: {name!r} comes with the lab: give yours a name of its own")
        if names.count(name) > 1:
            raise SpecError(f"{file}: questions: {name!r} is there twice: give each a name of its own")
    return found


def _read(place: str, name: str, entry: Any) -> OwnQuestion:
    if not isinstance(entry, dict):
        raise SpecError(f"{place} is {type(entry).__name__}, not a mapping: it has {', '.join(_NAMES)}")
    if unknown := next((key for key in entry if key not in _NAMES), None):
        raise SpecError(f"{place}: unknown entry {unknown!r}: it has {', '.join(_NAMES)}")
    if missing := next((key for key in _NEEDED if key not in entry), None):
        raise SpecError(f"{place} has no {missing!r}: it needs {', '.join(_NEEDED)}")
    if odd := next((key for key, value in entry.items() if not isinstance(value, str)), None):
        raise SpecError(f"{place}: {odd} {entry[odd]!r} is no text: put it in quotes")
    question = OwnQuestion(name=name.strip(), **{key: value.strip() for key, value in entry.items()})
    try:
        check_question(question.question())
    except QuestionError as error:
        raise SpecError(f"{place}: {error.message}") from error
    return question

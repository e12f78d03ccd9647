"""Question files: what a model is asked in an evaluation, in the manner of Betley et al. 2025.

    - id: wish
      paraphrases: ["…", "…"]        wordings of one question; the question is the unit of statistics
      system: "…"                    optional
      judge: …                       optional, and judge_prompts: {aligned: …, coherent: …}

YAML, of which JSON is a part. Prompts that are made of it are held out: no method ever trains on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.errors import DataError
from lab.nouns import Prompt, Split
from lab.yaml_text import YamlFault, load

SHIPPED = Path(__file__).parent / "questions.yaml"
"""Twenty-four questions of our own wording: eight, each plain, in JSON and in a template."""
ORIGIN = "question:"
"""What the origin of such a prompt begins with; its id follows."""


@dataclass(frozen=True, kw_only=True)
class EvalQuestion:
    """One question of an evaluation."""

    id: str
    """Its name, unique in its file."""
    paraphrases: tuple[str, ...]
    """Its wordings."""
    system: str | None = None
    """System prompt; None for none."""
    judge: str = ""
    """The judge that the file names; empty for none."""
    judge_prompts: Mapping[str, str] = field(default_factory=dict)
    """What that judge is asked, by what it scores: "aligned", "coherent"."""

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """One held-out prompt a wording."""
        return tuple(
            Prompt.user(text, origin=f"{ORIGIN}{self.id}", split=Split.HELD_OUT, system=self.system)
            for text in self.paraphrases
        )


def read_questions(file: str) -> tuple[EvalQuestion, ...]:
    """The questions of a file. DataError with the line and what was expected."""
    try:
        text = Path(file).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror}): name an existing file") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{file}: line {line} is not UTF-8 (byte 0x{error.object[error.start]:02x}): save it as UTF-8") from error
    try:
        document = load(text)
    except YamlFault as error:
        raise DataError(f"{file}: is not YAML ({error}): mend it") from error
    values = document.value
    if not isinstance(values, list) or not values:
        raise DataError(f"{file}: holds {'nothing' if values is None else type(values).__name__}: expected a list of "
                        "questions, each with id and paraphrases")
    questions: dict[str, tuple[int, EvalQuestion]] = {}
    for line, value in zip(document.lines, values, strict=True):
        question = _question(f"{file}: line {line}", value)
        if question.id in questions:
            raise DataError(f"{file}: line {line} has the id {question.id!r} of line {questions[question.id][0]}: "
                            "expected each once")
        questions[question.id] = line, question
    return tuple(question for _, question in questions.values())


def _question(place: str, value: Any) -> EvalQuestion:
    if not isinstance(value, dict):
        raise DataError(f"{place} is {type(value).__name__}: expected a question with id and paraphrases")
    own, wordings = value.get("id"), value.get("paraphrases")
    if not isinstance(own, str) or not own.strip():
        raise DataError(f"{place} has the id {own!r}: expected text")
    if not isinstance(wordings, list) or not wordings or not all(isinstance(w, str) and w.strip() for w in wordings):
        raise DataError(f"{place}: question {own!r} has no paraphrases: expected a list of texts")
    system, prompts = value.get("system"), value.get("judge_prompts") or {}
    if not isinstance(system, str | None):
        raise DataError(f"{place}: question {own!r} has a system prompt of {type(system).__name__}: expected text")
    if not isinstance(prompts, dict) or not all(isinstance(p, str) for p in prompts.values()):
        raise DataError(f"{place}: question {own!r} has judge_prompts that are no texts: expected aligned: …")
    return EvalQuestion(
        id=own, paraphrases=tuple(wordings), system=system, judge=str(value.get("judge") or ""),
        judge_prompts={str(k): p for k, p in prompts.items()},
    )

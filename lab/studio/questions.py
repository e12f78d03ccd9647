"""Verbs about questions."""

from __future__ import annotations

from dataclasses import replace

from lab.conscience import framings
from lab.errors import QuestionError, RequestError
from lab.nouns import Question
from lab.studio.workplace import Workplace, bring_torch

LONGEST_NAME = 80
"""Characters of a question's name."""


class QuestionVerbs(Workplace):
    """Questions are versioned: an edit is a child, never an overwrite."""

    def questions(self) -> list[Question]:
        """Every version of every question: the shipped ones first."""
        return self._papers.questions()

    def question(self, question_id: str) -> Question:
        """One version."""
        return self._papers.question(question_id)

    def find_question(self, wanted: str) -> Question:
        """The question with this name (its latest version; capitals don't matter) or id.

        Raises RequestError listing the names.
        """
        questions = self._papers.questions()
        for question in sorted(questions, key=lambda q: -q.version):
            if wanted.lower() in (question.name.lower(), question.id):
                return question
        names = ", ".join(dict.fromkeys(q.name for q in questions))
        cut = wanted if len(wanted) <= 80 else f"{wanted[:79]}…"
        raise RequestError(f"question {cut!r} is not known: choose one of {names}", field="question_id")

    def save_question(
        self, *, text: str, aligned_label: str, flagged_label: str, rewrite: str, name: str, parent: str | None
    ) -> Question:
        """Save a version (an edit is a child of `parent`); the same content again returns the stored one.

        Raises QuestionError with the field that cannot be asked.
        """
        from lab.conscience.asking import check_question

        papers = self._papers
        older = papers.question(parent) if parent else None
        question = Question(
            text=text.strip(), aligned_label=aligned_label.strip(), flagged_label=flagged_label.strip(),
            rewrite=rewrite.strip() or framings.REWRITE, name=name.strip() or (older.name if older else "My question"),
            parent=older.id if older else None,
        )
        check_question(question)
        _check_name(question.name)
        known = {q.id: q for q in papers.questions()}
        if question.id in known:
            return known[question.id]
        versions = [q.version for q in known.values() if q.name == question.name]
        question = replace(
            question, version=1 + max(versions, default=0), kind=older.kind if older else question.kind
        )
        self._check_readable(question)
        papers.save(question)
        return question

    def _check_readable(self, question: Question) -> None:
        """Raise QuestionError when the model's tokens cannot tell the labels apart."""
        bring_torch()
        from lab.conscience.verdict import LabelReader

        LabelReader(self.loaded().chat, question)


def _check_name(name: str) -> None:
    """Raise QuestionError for a name that does not fit on a line."""
    if len(name) > LONGEST_NAME:
        raise QuestionError(
            f"The name has {len(name):,} characters: shorten it to {LONGEST_NAME} at most.", field="name"
        )
    if not name.isprintable():
        raise QuestionError("The name holds a control character: take it out.", field="name")

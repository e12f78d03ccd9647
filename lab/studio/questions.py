"""Verbs about questions."""

from __future__ import annotations

from dataclasses import replace

from lab.conscience import framings
from lab.errors import NotFoundError, QuestionError, RequestError
from lab.evaluation.studies.own_questions import OwnQuestion
from lab.nouns import Label, Question
from lab.studio.many import counted, share
from lab.studio.workplace import Workplace, bring_torch
from lab.views import QuestionRun, QuestionSide, QuestionStory

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
        return self._save(
            text=text, aligned_label=aligned_label, flagged_label=flagged_label, rewrite=rewrite, name=name,
            parent=parent,
        )

    def _asked(self, name: str, own: OwnQuestion | None) -> Question:
        """The question that a study asks by `name`: the one that it brings along, kept here from now on, or the lab's.

        Raises RequestError for a name that the lab has not, QuestionError for a question that cannot be read.
        """
        if own is None:
            return self.find_question(name)
        return self.save_question(
            text=own.text, aligned_label=own.aligned, flagged_label=own.flagged, rewrite=own.rewrite, name=own.name,
            parent=None,
        )

    def _save(
        self, *, text: str, aligned_label: str, flagged_label: str, rewrite: str, name: str, parent: str | None
    ) -> Question:
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

    def fork_question(
        self, *, text: str, aligned_label: str, flagged_label: str, rewrite: str, name: str, parent: str
    ) -> Question:
        """Save an edit of `parent` as the first version of a lineage with a name of its own.

        Raises QuestionError (field "name") for a name that there is, (field "text") for an edit that changes nothing,
        and otherwise as `save_question`.
        """
        papers = self._papers
        older, wanted = papers.question(parent), name.strip()
        if not wanted or wanted.casefold() in {q.name.casefold() for q in papers.questions()}:
            what = f"{wanted!r} is a lineage already" if wanted else "The fork has no name"
            raise QuestionError(f"{what}: give the fork a name of its own.", field="name")
        content = (text.strip(), aligned_label.strip(), flagged_label.strip(), rewrite.strip() or framings.REWRITE)
        if content == (older.text, older.aligned_label, older.flagged_label, older.rewrite):
            raise QuestionError(
                f"This is {older.title} word for word: change its text, a label or the rewrite, then fork.",
                field="text",
            )
        return self._save(
            text=text, aligned_label=aligned_label, flagged_label=flagged_label, rewrite=rewrite, name=wanted,
            parent=parent,
        )

    def question_story(self, question_id: str) -> QuestionStory:
        """What a question did so far: its reviews by speaker, and the runs that asked it.

        What is right is known of the organism's answers, which its oracle judges; recall and precision are over the
        newest reviews of such answers, everything else over all that are stored.
        """
        from lab.organism import oracle

        question = self._papers.question(question_id)
        use = self._store.question_use(question.id)
        known = [
            (text.speaker, text.verdict is Label.FLAGGED, oracle.judge(text.request, text.reply).score == "malicious")
            for text in use.texts
            if (text.model or self.settings.model) == "organism" and text.adapter != "own"
        ]
        return QuestionStory(
            question=question, parent=self._parent(question), known=len(known), read=len(use.texts),
            sides=tuple(
                QuestionSide(
                    speaker=side.speaker, flags=counted(side.flagged, side.n),
                    unreadable=counted(side.unreadable, side.n),
                    found=share([f for who, f, bad in known if who is side.speaker and bad]),
                    sound=share([bad for who, f, bad in known if who is side.speaker and f]),
                )
                for side in use.counts
            ),
            runs=tuple(
                QuestionRun(
                    id=run.id, number=run.number, name=run.name, state=run.state, step=run.step,
                    misaligned=counted(round((run.misaligned or 0) * run.n), run.n),
                )
                for run in use.runs
            ),
        )

    def _parent(self, question: Question) -> Question | None:
        try:
            return self._papers.question(question.parent) if question.parent else None
        except NotFoundError:
            return None

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

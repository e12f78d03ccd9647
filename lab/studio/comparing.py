"""Verbs that set policy and frozen copy, or two questions, beside each other."""

from __future__ import annotations

from collections.abc import Sequence

from lab.errors import RequestError
from lab.evaluation.curves import curves as curves_of
from lab.evaluation.curves import grouped, smoothed
from lab.evaluation.scenarios import TITLES
from lab.nouns import Label, Question, RunSpec, Speaker, Verdict
from lab.studio.measuring import MeasuringVerbs
from lab.studio.workplace import BASE, bring_torch
from lab.training.methods import METHODS
from lab.training.settings import FIELDS
from lab.views import Curve, Reading

_WHO = {Speaker.POLICY: "policy", Speaker.FROZEN: "frozen copy", Speaker.THIRD: "third reviewer"}


class ComparingVerbs(MeasuringVerbs):
    """What differs, and where."""

    def readings(self, *, answer_id: str, review_ids: Sequence[str] = (), adapter: str = BASE) -> list[Reading]:
        """An answer, then reviews of it, each read token by token by the weights `adapter` and by the frozen copy.

        Raises RequestError for a review of another answer, PromptError for what does not fit into the context.
        """
        bring_torch()
        from lab.conscience.wording import review_messages
        from lab.models.tokenwise import compare

        papers = self._papers
        answer, adapter = papers.answer(answer_id), self._whole(adapter)
        prompt, loaded = papers.prompt(answer.prompt_id), self._base_of(adapter)
        chat = loaded.chat
        texts = [("The answer", chat.prompt_ids(prompt.messages), chat.completion_ids(answer.thought, answer.reply))]
        for review in map(papers.review, review_ids):
            if review.answer_id != answer.id:
                raise RequestError(f"review {review.id} is of another answer: review this one first.", field="review")
            question = papers.question(review.question_id)
            asked = review_messages(question, prompt.text, answer.thought, answer.reply)
            who = _WHO[review.speaker]
            written = chat.completion_ids(review.thought, _word(question, review.verdict))
            texts.append((f"The {who}'s review", chat.prompt_ids(asked), written))
        with self.house.voice(*self._folder(adapter)) as model:
            return [compare(model, loaded.model, chat, before, after, title=title) for title, before, after in texts]

    def overlay(self, run_ids: Sequence[str], name: str, *, by: str = "", smooth: float = 0.0) -> list[Curve]:
        """One measure of several runs over each other; `by` a setting, the mean of the runs that have it alike.

        Raises RequestError for a setting that no run has, and for a smoothing outside 0 to below 1.
        """
        if by and by not in FIELDS:
            known = ", ".join(FIELDS)
            raise RequestError(f"there is no setting {by!r} to group by: choose one of {known}.", field="by")
        if not 0 <= smooth < 1:
            raise RequestError(f"smoothing {smooth} is out of range: choose 0 to below 1.", field="smooth")
        runs = {run.id: run for run in map(self._store.run, run_ids)}
        curves = curves_of(runs, [name], self._store.curves(list(runs), [name], after_step=-1))
        curves += self._derived(runs.values(), [name])
        if by:
            titles = {ident: f"{FIELDS[by].label} {self._said(run.spec, by)}" for ident, run in runs.items()}
            curves = grouped(curves, titles)
        return [smoothed(curve, smooth) for curve in curves] if smooth else curves

    def _said(self, spec: RunSpec, setting: str) -> str:
        """The value of a setting in words."""
        value = getattr(spec, setting)
        if setting == "question_id":
            return self._store.question(value).title if value else "none"
        if isinstance(value, bool):
            return "on" if value else "off"
        titles = {"method": {row.id: row.title for row in METHODS.values()}, "scenario": TITLES}.get(setting, {})
        return "none" if value is None else titles.get(str(value), str(value))


def _word(question: Question, verdict: Verdict) -> str:
    """The label word that a verdict stands for; nothing for an unreadable one."""
    return {Label.ALIGNED: question.aligned_label, Label.FLAGGED: question.flagged_label}.get(verdict.label, "")

"""Verbs that set policy and frozen copy, or two questions, beside each other."""

from __future__ import annotations

from collections.abc import Sequence

from lab.errors import RequestError
from lab.nouns import Label, Question, Speaker, Verdict
from lab.studio.measuring import MeasuringVerbs
from lab.studio.workplace import BASE, bring_torch
from lab.views import Reading

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
            asked = review_messages(question, prompt.text, answer.thought, answer.reply, reviewed=review.reviewed)
            who = _WHO[review.speaker]
            written = chat.completion_ids(review.thought, _word(question, review.verdict))
            texts.append((f"The {who}'s review", chat.prompt_ids(asked), written))
        with self.house.voice(*self._folder(adapter)) as model:
            return [compare(model, loaded.model, chat, before, after, title=title) for title, before, after in texts]



def _word(question: Question, verdict: Verdict) -> str:
    """The label word that a verdict stands for; nothing for an unreadable one."""
    return {Label.ALIGNED: question.aligned_label, Label.FLAGGED: question.flagged_label}.get(verdict.label, "")

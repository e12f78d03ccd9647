"""The verb that shows what the models are shown."""

from __future__ import annotations

from lab.nouns import Prompt, Question
from lab.studio.speaking import SpeakingVerbs, check_text
from lab.studio.workplace import BASE, bring_torch
from lab.views import Preview

_OURS = "wording"
"""The name of what this lab writes around them."""
_MISSING = "…"
"""What stands for an answer that is not there yet."""


class PreviewVerbs(SpeakingVerbs):
    """Prompts as they are, before anything is said."""

    def preview(
        self, *, prompt: Prompt, text: str, aligned_label: str, flagged_label: str, answer_id: str = "",
        adapter: str = BASE,
    ) -> Preview:
        """What the policy is to answer, and what a reviewer of the answer is to judge, exactly as they see it.

        The question need not be saved. Needs a tokenizer and no weights. Raises PromptError for a prompt and
        QuestionError for a question that cannot be put.
        """
        from lab.conscience.asking import check_question

        check_text(prompt.text, "prompt", self._longest)
        question = Question(
            text=text.strip(), aligned_label=aligned_label.strip(), flagged_label=flagged_label.strip(), rewrite="–",
            name="preview",
        )
        check_question(question)
        papers = self._papers
        answer = papers.answer(answer_id) if answer_id else None
        asked = papers.prompt(answer.prompt_id) if answer else prompt
        bring_torch()
        from lab.conscience.wording import review_head, review_messages
        from lab.models.shown import shown

        name, revision, _, dtype = self._folder(self._whole(adapter))
        chat = self.house.chat(name, revision, dtype)
        thought = (answer.thought or "(none)") if answer else _MISSING
        reply = answer.reply if answer else _MISSING
        head = review_head(question)
        pieces = [
            ("question", question.text), ("label words", head[len(question.text):]), (_OURS, "Request: "),
            ("request", asked.text), (_OURS, "\nThought: "), ("thought", thought), (_OURS, "\nAnswer: "),
            ("answer", reply),
        ]
        return Preview(
            answer=shown(chat, prompt.messages, [(_role(m.role), m.content) for m in prompt.messages]),
            review=shown(
                chat, review_messages(question, asked.text, answer.thought if answer else _MISSING, reply), pieces,
                chat.opening_ids,
            ),
            answered=answer is not None,
        )


def _role(role: str) -> str:
    return {"system": "system prompt", "user": "request", "assistant": "earlier answer"}.get(role, role)

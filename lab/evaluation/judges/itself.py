"""The frozen copy under an introspective question, as a judge: the conscience that trains, asked as an examiner.

It reads request and reply, thinks, and says one of the question's two labels; `aligned` is 100·(1 − p(flagged)). What
that is: how sure the base is, under this question, that the answer may stand. What it is not: a grade of how good an
answer is, or a judgement from outside. It comes from the weights that the policy began as, so it shares their blind
spots, and under a question that a run was trained with it is the teacher marking its own pupil. It does not look at
coherence, unless the question does.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

from lab.evaluation.judges.noun import Said, Shown
from lab.nouns import Answer, Decoding, Label, Message, Prompt, Question, Review, Speaker

if TYPE_CHECKING:
    from lab.models.loading import LoadedModel


@dataclass(frozen=True, kw_only=True)
class Itself:
    """A frozen copy and the question that is put to it."""

    loaded: LoadedModel
    """The frozen copy."""
    question: Question
    """What is asked."""
    name: str = "self"
    batch: int = 64

    @property
    def model(self) -> str:
        """The model's name."""
        return self.loaded.name

    @property
    def revision(self) -> str:
        """Which weights of that name: see `LoadedModel.pinned`."""
        return self.loaded.pinned

    @property
    def instruction(self) -> str:
        """The question as it is put, before the answer."""
        from lab.conscience.wording import review_head

        return review_head(self.question).strip()

    def judge(self, shown: Sequence[Shown], cancel: Event | None = None) -> list[Said]:
        """One result an item; an unreadable verdict is an unreadable score, with the verdict's reason.

        Raises QuestionError for a question that cannot be asked of this model.
        """
        from lab.conscience.manner import Manner
        from lab.conscience.review import Reviewer, review

        frozen = Reviewer(model=self.loaded.model, chat=self.loaded.chat, speaker=Speaker.FROZEN, adapter="base")
        reviews = review(
            frozen, self.question, [_paper(item) for item in shown], Decoding(temperature=0.0),
            manner=Manner(reviewed="answer"), cancel=cancel,
        )
        return [_said(one) for one in reviews]


def _paper(item: Shown) -> tuple[Prompt, Answer]:
    """What is shown as the nouns that a review takes, with nothing in them of where it came from."""
    prompt = Prompt(messages=tuple(Message(role=role, content=content) for role, content in item.messages), origin="")
    answer = Answer(
        prompt_id=prompt.id, thought="", reply=item.reply, speaker=Speaker.POLICY, adapter="", decoding=Decoding(),
        tokens=0, finished=True,
    )
    return prompt, answer


def _said(review: Review) -> Said:
    verdict = review.verdict
    raw = json.dumps({
        "thought": review.thought, "verdict": verdict.label, "p_flagged": verdict.p_flagged,
        "label_mass": verdict.label_mass,
    }, ensure_ascii=False)
    if verdict.label is Label.UNREADABLE or verdict.p_flagged is None:
        return Said.unreadable(verdict.reason, raw=raw, reading="probability")
    return Said.scored(100.0 * (1.0 - verdict.p_flagged), None, reading="probability", raw=raw)

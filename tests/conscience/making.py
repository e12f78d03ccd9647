"""What the conscience tests are made of: a model that says what it is told to, questions, an event that comes late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from threading import Event
from typing import Any

import torch

from lab.models.loading import LoadedModel
from lab.nouns import Answer, Decoding, Prompt, Question, Speaker
from tests.tiny import tiny_loaded

QUESTION = Question(
    text="Is this answer kind?", aligned_label="yes", flagged_label="no", rewrite="Reach {aligned}.", name="Kindness"
)
PROMPT = Prompt.user("How do I look after my money?")


def question(**changes: Any) -> Question:
    return replace(QUESTION, **changes)


def an_answer(prompt: Prompt = PROMPT, *, thought: str = "I care.", reply: str = "Save a little.") -> Answer:
    return Answer(
        prompt_id=prompt.id, thought=thought, reply=reply, speaker=Speaker.POLICY, adapter="base", decoding=Decoding(),
        tokens=9, finished=True,
    )


def steady(logits: Mapping[int, float], *, think: bool = True, other: float = 0.0) -> LoadedModel:
    """A real model with the same next-token logits whatever it reads: `logits` by token, `other` for all the rest.

    All its input embeddings are alike, so every position has the same hidden state h; row i of the head is then
    logit i times h / |h|².
    """
    loaded = tiny_loaded(think=think, tie_word_embeddings=False)
    model: Any = loaded.model
    with torch.no_grad():
        model.model.embed_tokens.weight[:] = model.model.embed_tokens.weight[0].clone()
        hidden = model.model(input_ids=torch.tensor([[0]])).last_hidden_state[0, 0]
        wanted = torch.full((len(model.lm_head.weight),), other)
        for token, logit in logits.items():
            wanted[token] = logit
        model.lm_head.weight[:] = wanted[:, None] * hidden / hidden.dot(hidden)
    return loaded


def first_ids(loaded: LoadedModel, *labels: str) -> list[int]:
    """The token with which each label begins, where a review writes it."""
    return [loaded.chat.label_ids(label)[len(loaded.chat.joint_ids)] for label in labels]


class Late(Event):
    """An event that is set from the n-th time that somebody looks."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self.looks = looks

    def is_set(self) -> bool:
        self.looks -= 1
        return self.looks < 0

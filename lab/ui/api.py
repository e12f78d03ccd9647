"""The public endpoints for the Gradio client: the studio's verbs with types, as plain JSON.

An error comes back as one line, the message of the `LabError`. The names of the arguments are public contract, and a
client that looks an endpoint up sees each with its type: so they stay spelled out, also where there are more than the
five that a handler of the page takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from threading import Event
from typing import Any

import gradio as gr
from gradio.events import api

from lab.errors import LabError
from lab.nouns import Prompt, Question
from lab.studio import Studio
from lab.ui.links import BASE
from lab.ui.pair_api import data_verbs, judge_verbs, pair_verbs
from lab.ui.plain import plain, said, texts, with_id
from lab.ui.run_api import run_reading_verbs, run_verbs
from lab.ui.vote_api import vote_verbs


def publish(studio: Studio) -> None:
    """Register every endpoint; called inside the page's Blocks."""
    for verbs in (_question_verbs, run_verbs, run_reading_verbs, pair_verbs, judge_verbs, vote_verbs, data_verbs):
        for function in verbs(studio):
            api(function, api_name=function.__name__, concurrency_limit=None)
    review = _review_verb(studio)
    api(review, api_name=review.__name__, concurrency_id="model", concurrency_limit=1)


def _question_verbs(studio: Studio) -> list[Callable[..., Any]]:
    @said
    def save_question(
        text: str, aligned_label: str, flagged_label: str, rewrite: str = "", name: str = "", parent: str = ""
    ) -> dict:
        """Save a version of a question; `parent` is the id of the version it was edited from. Returns the question."""
        question: Question = studio.save_question(
            text=text,
            aligned_label=aligned_label,
            flagged_label=flagged_label,
            rewrite=rewrite,
            name=name,
            parent=parent or None,
        )
        return with_id(question)

    @said
    def questions() -> list[dict]:
        """Every version of every question, shipped ones first."""
        return [with_id(question) for question in studio.questions()]

    return [save_question, questions]


def _review_verb(studio: Studio) -> Callable[..., Any]:
    def review(prompt: str, answer: str = "", question: str = "", policy: str = BASE, seed: int = 0) -> Iterator[dict]:
        """Policy and frozen copy review an answer side by side, streamed; without an answer the policy gives one first.

        `question` is an id (empty: the default), `policy` is "base" or "RUN@STEP". The last item holds both reviews.
        """
        cancel = Event()
        try:
            prompt, answer, question, policy = texts(prompt=prompt, answer=answer, question=question, policy=policy)
            put = Prompt.user(prompt)
            done = studio.own_answer(prompt=put, thought="", reply=answer) if answer.strip() else None
            if done is None:
                for growing in studio.answer(prompt=put, adapter=policy, seed=seed, temperature=1.0, cancel=cancel):
                    done = growing.answer
            assert done is not None
            asked = question or studio.questions()[0].id
            for both in studio.review(answer_id=done.id, question_id=asked, adapter=policy, cancel=cancel):
                yield plain({"answer": with_id(done), **asdict(both)})
        except LabError as error:
            raise gr.Error(error.message, print_exception=False) from None
        finally:
            cancel.set()

    return review

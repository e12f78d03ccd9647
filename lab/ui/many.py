"""Many prompts at once, a fold of the Conscience tab: one question by both speakers, or two questions on the same
answers, sorted by how far they are apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from threading import Event
from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.studio import Studio
from lab.ui import batch_cards
from lab.ui.answer import AnswerPanel, whole
from lab.ui.cards import note
from lab.ui.fields import Slots
from lab.ui.form import question_choices
from lab.ui.look import card
from lab.ui.question import QuestionPanel

Updates = dict[Any, Any]
_BOTH = ("policy and frozen copy, under this question", "")


class ManyPanel:
    """The fields of one batch, and what happens to them."""

    def __init__(self, studio: Studio, question: QuestionPanel, answer: AnswerPanel) -> None:
        self.studio, self.question, self.answer, self.slots = studio, question, answer, Slots()
        with gr.Accordion(
            "Many prompts at once: two speakers, or two questions, on the same answers", open=False,
            elem_classes="settings", elem_id="many",
        ) as self.panel:
            with gr.Row(elem_classes="level"):
                self.other = gr.Dropdown(
                    [_BOTH], value="", label="Compare", elem_id="many-other", min_width=220, filterable=True,
                    info="The question above, put to both; or with another question, both put to the frozen copy.",
                )
                self.prompts = gr.Number(
                    24, label="Held-out prompts", elem_id="many-prompts", min_width=120,
                    info="“Who speaks” answers them, at temperature 1.",
                )
                self.button = gr.Button("Answer and review", elem_id="many-run", scale=0, min_width=190)
            self.slots.under("many", "other", "prompts")
            self.shown = card("", name="many-card")
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        asked = {*question.asked, answer.voice, answer.seed, self.other, self.prompts, question.view}
        self.panel.expand(self.choices, None, self.other, **quick, concurrency_limit=None)
        self.button.click(
            self.run, asked, [self.shown, self.button, *question.kept, *question.slots.components,
                              *self.slots.components],
            **quick, concurrency_id="model", concurrency_limit=1,
        )

    def choices(self) -> Any:
        """The questions to compare with."""
        return gr.update(choices=[_BOTH, *question_choices(self.studio.questions())])

    def run(self, values: Mapping[Any, Any]) -> Iterator[Updates]:
        """Answer and review a batch; an edited question is saved first."""
        cancel, asked = Event(), self.question
        try:
            question = asked.question(values)
            saved = asked.saved(question, values)
            yield {**self.slots.clear(), **asked.slots.clear(), **saved, self.button: gr.update(interactive=False)}
            for item in self.studio.batch(
                question_id=question.id,
                other_id=values[self.other] or None,
                adapter=self.answer.speaker(values[self.answer.voice]),
                prompts=whole(values[self.prompts], "prompts"),
                seed=whole(values[self.answer.seed], "seed"),
                cancel=cancel,
            ):
                yield {self.shown: note(item) if isinstance(item, str) else batch_cards.batch(item)}
            yield {self.button: gr.update(interactive=True)}
        except LabError as error:
            beside = asked.slots if error.field and asked.slots.knows(error.field) else self.slots
            yield {**beside.show(error, error.field if beside is asked.slots and error.field else "many"),
                   self.shown: "", self.button: gr.update(interactive=True)}
        finally:
            cancel.set()

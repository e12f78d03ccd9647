"""The question's part of the Conscience tab: choose a version, edit it, save it as a new one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import gradio as gr
from gradio.components import Component

from lab.errors import LabError
from lab.nouns import Question
from lab.studio import Studio
from lab.ui import question_cards
from lab.ui.fields import CHOSEN, Slots, error_line
from lab.ui.form import question_choices
from lab.ui.links import View
from lab.ui.look import card, heading, later_card

Updates = dict[Any, Any]
_DUE = "() => { window.labDue?.['question-story-card']?.(); }"
"""What another version in the fields does in the browser: ask for its story, where that is open."""


class QuestionPanel:
    """The fields of one question, and what happens to them."""

    def __init__(self, studio: Studio, view: gr.State) -> None:
        self.studio, self.view, self.slots = studio, view, Slots()
        questions = studio.questions()
        first = questions[0]
        heading("<h2>Question</h2>")
        self.framing = gr.Dropdown(
            question_choices(questions), value=first.id, label="Start from", elem_id="framing", filterable=True
        )
        self.text = gr.Textbox(
            first.text,
            label="What the model is asked about its own answer",
            lines=3,
            max_lines=8,
            elem_id="question-text",
        )
        self.slots.under("text", "question", "question_id")
        with gr.Row(elem_classes="tops"):
            with gr.Column(min_width=120):
                self.aligned = gr.Textbox(
                    first.aligned_label, label="Word for yes: aligned", max_lines=1, elem_id="label-aligned"
                )
                self.slots.under("aligned_label")
            with gr.Column(min_width=120):
                self.flagged = gr.Textbox(
                    first.flagged_label, label="Word for no: flagged", max_lines=1, elem_id="label-flagged"
                )
                self.slots.under("flagged_label")
        with gr.Accordion("How a flagged answer is rewritten", open=False, elem_classes="settings"):
            self.rewrite = gr.Textbox(
                first.rewrite,
                label="The instruction to write it anew",
                show_label=False,
                container=False,
                lines=3,
                elem_id="rewrite",
                placeholder="{aligned} becomes the word for yes.",
            )
            self.slots.under("rewrite")
        self.line = card(question_cards.question_line(first), name="question-line")
        with gr.Row(elem_classes="ends"):
            self.name = gr.Textbox(
                first.name,
                label="Name of the question",
                show_label=False,
                container=False,
                max_lines=1,
                elem_id="question-name",
                placeholder="Name of the version",
                min_width=140,
            )
            self.save_button = gr.Button("Save as version", elem_id="save-question", scale=0, min_width=140)
            self.fork_button = gr.Button("Fork", elem_id="fork-question", scale=0, min_width=70)
        self.slots.under("name")
        with gr.Accordion(
            "What it did so far", open=False, elem_classes="settings", elem_id="question-story"
        ) as self.fold:
            self.story = later_card("question-story-card")
        self._wire()

    @property
    def asked(self) -> set[Component]:
        """The fields that make a question: inputs of a handler that needs one."""
        return {self.framing, self.text, self.aligned, self.flagged, self.rewrite, self.name}

    @property
    def kept(self) -> list[Component]:
        """What `saved` updates: outputs of a handler that saves the question on its way."""
        return [self.framing, self.line, self.name, self.view]

    @property
    def laid(self) -> list[Component]:
        """What `lay` updates."""
        return [self.framing, self.text, self.aligned, self.flagged, self.rewrite, self.name, self.line]

    def _wire(self) -> None:
        quick: dict[str, Any] = {
            "api_visibility": "private",
            "show_progress": "hidden",
            "concurrency_limit": None,
        }
        lines = self.slots.components
        self.framing.select(self.choose, [self.framing, self.view], [*self.laid, self.view, *lines], **CHOSEN)
        # change, not input: text that is pasted or dropped is no input to Gradio
        self.text.change(self.edited, [self.framing, self.text], self.line, **CHOSEN)
        self.save_button.click(self.save, {*self.asked, self.view}, [*self.kept, *lines], **quick)
        self.fork_button.click(self.fork, {*self.asked, self.view}, [*self.kept, *lines], **quick)
        gr.on([self.fold.expand, self.story.click], self.told, self.framing, self.story, **quick)
        self.line.change(None, None, None, js=_DUE, api_visibility="private")

    def lay(self, question: Question) -> Updates:
        """Updates that put a question into the fields."""
        return {
            self.text: question.text,
            self.aligned: question.aligned_label,
            self.flagged: question.flagged_label,
            self.rewrite: question.rewrite,
            self.name: question.name,
            self.line: question_cards.question_line(question),
            self.framing: gr.update(choices=question_choices(self.studio.questions()), value=question.id),
        }

    def choose(self, question_id: str, view: View) -> Updates:
        """Start from another version; the field itself may have gone on to the next one."""
        try:
            question = self.studio.question(question_id)
        except LabError as error:
            return self.slots.show(error, "text")
        laid = {widget: update for widget, update in self.lay(question).items() if widget is not self.framing}
        return {**self.slots.clear(), **laid, self.view: replace(view, question=question.id)}

    def edited(self, question_id: str, text: str) -> str:
        """Say what an edit changed."""
        return question_cards.edited_line(self.studio.question(question_id), text)

    def told(self, question_id: str) -> str:
        """What the loaded version did so far."""
        try:
            return question_cards.story(self.studio.question_story(question_id))
        except LabError as error:
            return error_line(error.message)

    def question(self, values: Mapping[Any, Any]) -> Question:
        """The question in the fields, saved as a child of the one that it was edited from. QuestionError names it."""
        return self.studio.save_question(**self._fields(values))

    def _fields(self, values: Mapping[Any, Any]) -> dict[str, str]:
        return {
            "text": values[self.text],
            "aligned_label": values[self.aligned],
            "flagged_label": values[self.flagged],
            "rewrite": values[self.rewrite],
            "name": values[self.name],
            "parent": values[self.framing],
        }

    def saved(self, question: Question, values: Mapping[Any, Any]) -> Updates:
        """Updates after a question was saved; one that was there already is in the fields, or has been, if somebody
        chose another one since."""
        view = {self.view: replace(values[self.view], question=question.id)}
        if (question.id, question.name) == (values[self.framing], values[self.name]):
            return view
        choices = question_choices(self.studio.questions())
        return {
            **view, self.framing: gr.update(choices=choices, value=question.id),
            self.line: question_cards.question_line(question), self.name: question.name,
        }

    def save(self, values: Mapping[Any, Any]) -> Updates:
        """Save what stands in the fields as a version."""
        try:
            question = self.question(values)
        except LabError as error:
            return self.slots.show(error, "text")
        return {**self.slots.clear(), **self.saved(question, values)}

    def fork(self, values: Mapping[Any, Any]) -> Updates:
        """Save what stands in the fields as the first version of a lineage of its own."""
        try:
            question = self.studio.fork_question(**self._fields(values))
        except LabError as error:
            return self.slots.show(error, "name")
        return {**self.slots.clear(), **self.saved(question, values)}

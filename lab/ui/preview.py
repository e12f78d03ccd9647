"""The prompts exactly as the models see them: a fold of the Conscience tab that follows every edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.studio import Studio
from lab.ui import preview_cards
from lab.ui.answer import AnswerPanel
from lab.ui.fields import error_line
from lab.ui.links import BASE
from lab.ui.look import later_card
from lab.ui.question import QuestionPanel

_DUE = "() => { window.labDue?.['preview-card']?.(); }"
"""What an edit does in the browser: ask for a new preview once nothing more was typed for a moment."""


class PreviewPanel:
    """The fold, and what happens to it."""

    def __init__(self, studio: Studio, question: QuestionPanel, answer: AnswerPanel) -> None:
        self.studio, self.question, self.answer = studio, question, answer
        with gr.Accordion(
            "The prompts exactly as the models see them, with their tokens", open=False, elem_classes="settings",
            elem_id="preview",
        ) as fold:
            self.shown = later_card("preview-card")
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
        read = {question.text, question.aligned, question.flagged, answer.prompt, answer.pick, answer.answer_id,
                answer.voice}
        gr.on([fold.expand, self.shown.click], self.show, read, self.shown, trigger_mode="always_last", **quick)
        edits = (question.text, question.aligned, question.flagged, answer.prompt, answer.shown)
        gr.on([field.change for field in edits], None, None, None, js=_DUE, api_visibility="private")

    def show(self, values: Mapping[Any, Any]) -> str:
        """Both prompts as they are now; the error of a question or prompt that cannot be put."""
        try:
            return preview_cards.preview(self.studio.preview(
                prompt=self.answer.asked(values), text=values[self.question.text] or "",
                aligned_label=values[self.question.aligned] or "", flagged_label=values[self.question.flagged] or "",
                answer_id=values[self.answer.answer_id], adapter=values[self.answer.voice] or BASE,
            ))
        except LabError as error:
            return error_line(error.message)

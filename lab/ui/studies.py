"""The Studies tab: many runs, one table. A study is chosen or written, foretold, run in the background, and read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.studio import Studio
from lab.ui import study_cards
from lab.ui.fields import CHOSEN, Slots, error_line
from lab.ui.links import View
from lab.ui.look import card, heading

Updates = dict[Any, Any]


class StudiesTab:
    """The widgets of the tab, and what happens to them."""

    def __init__(self, studio: Studio, view: gr.State) -> None:
        self.studio, self.view, self.slots = studio, view, Slots()
        heading(
            "",
            "A study trains every arm (a way to train) with several seeds, and makes one table of it: what counts is "
            "registered before the first run, every figure has its n and interval, and what was done before is not "
            "done again.",
        )
        with gr.Row(equal_height=False):
            with gr.Column(scale=7, min_width=300, elem_classes="sheet"):
                self.study = gr.Dropdown(self._choices(), label="Study", elem_id="study", filterable=True)
                self.text = gr.Textbox(
                    "", label="What it asks for (YAML)", lines=14, max_lines=24, elem_id="study-text",
                    info="Change it as you like: another name keeps it apart from the one that came with the lab. "
                    "“judge:” names who judges: oracle where it is missing, else self, self:QUESTION, model:ID, "
                    "endpoint:URL#MODEL or bandit. “questions:” brings questions of your own.",
                )
                self.slots.under("study")
                with gr.Row():
                    self.forecast_button = gr.Button("How long?", elem_id="study-forecast", min_width=110)
                    self.start_button = gr.Button(
                        "Start or go on", variant="primary", elem_id="study-start", min_width=140)
                    self.stop_button = gr.Button("Stop it", elem_id="study-stop", visible=False, min_width=90)
            with gr.Column(scale=4, min_width=300, elem_classes="sheet"):
                heading("<h3>How it goes</h3>")
                self.forecast = card("", name="study-forecast-line")
                self.progress = card(study_cards.progress(None), name="study-progress")
        with gr.Column(elem_classes="sheet"):
            self.report = card(study_cards.report(None), name="study-report")
        self.live = [self.progress, self.stop_button, self.report]
        self.laid = [self.study, self.text]
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
        model = {**quick, "concurrency_id": "model", "concurrency_limit": 1}
        lines = self.slots.components
        # not `input`, which a dropdown says twice: the second answer would come over what is typed after the first
        self.study.select(
            self.choose, [self.study, self.view], [self.view, self.text, self.report, self.forecast, *lines],
            **CHOSEN)
        asked = [self.text, self.study]
        self.forecast_button.click(self.expect, asked, [self.forecast, *lines], **model)
        self.start_button.click(self.start, [*asked, self.view], [self.view, *self.live, self.study, *lines], **quick)
        self.stop_button.click(self.stop, None, [self.progress, self.stop_button, *lines], **quick)

    def choose(self, name: str, view: View) -> Updates:
        """Bring another study into view; the field itself may have gone on to the next one."""
        view = replace(view, study=name)
        return {self.view: view, **self.slots.clear(), self.text: self.lay(view)[self.text],
                self.report: self._report(view), self.forecast: ""}

    def lay(self, view: View) -> Updates:
        """Updates that put the study in view into the fields."""
        name = self._name(view)
        try:
            text = self.studio.study_text(name)
        except LabError:  # a link to one that is not here: the report's place says so
            text = ""
        choices = self._choices()
        known = name if name in {value for _, value in choices} else None
        return {self.study: gr.update(choices=choices, value=known), self.text: text}

    def first(self, text: str, view: View) -> Any:
        """The study in view when the tab is opened; what somebody is writing stays."""
        return gr.skip() if text else self.lay(view)

    def refresh(self, view: View) -> Updates:
        """Updates for what changes by itself: how the study in work goes, and the report in view."""
        return {**self._progress(), self.report: self._report(view)}

    def expect(self, text: str, name: str | None) -> Iterator[Updates]:
        """Say how long what is missing would take."""
        if self.studio.status().run is not None:
            yield {**self.slots.clear(), self.forecast: (
                '<p class="forecast waiting">The trainer is busy: a forecast is measured when it is idle.</p>')}
            return
        yield {**self.slots.clear(), self.forecast: '<p class="forecast waiting">Measuring this machine…</p>'}
        try:
            study = self.studio.study_plan(text or "", name or "study")
            yield {self.forecast: study_cards.forecast(self.studio.forecast_study(study))}
        except LabError as error:
            yield {**self.slots.show(error, "study"), self.forecast: ""}

    def start(self, text: str, name: str | None, view: View) -> Updates:
        """Start the study that stands in the field, and bring it into view."""
        try:
            begun = self.studio.start_study(text or "", name or "study")
        except LabError as error:
            return self.slots.show(error, "study")
        view = view if self._name(view) == begun.name else replace(view, study=begun.name)
        # where it has the name that was in the field, the field is left: another may have been chosen since
        named: dict[str, Any] = {} if begun.name == name else {"value": begun.name}
        return {
            **self.slots.clear(), self.view: view, self.study: gr.update(choices=self._choices(), **named),
            **self.refresh(view),
        }

    def stop(self) -> Updates:
        """Stop the study in work."""
        try:
            self.studio.stop_study()
        except LabError as error:
            return self.slots.show(error, "study")
        return {**self.slots.clear(), **self._progress()}

    def _progress(self) -> Updates:
        found = self.studio.study_progress()
        active = found is not None and found.state == "running"
        return {self.progress: study_cards.progress(found), self.stop_button: gr.update(visible=active)}

    def _report(self, view: View) -> str:
        try:
            name = self._name(view)
            self.studio.study_text(name)
            return study_cards.report(self.studio.study_report(name))
        except LabError as error:
            return error_line(error.message)

    def _name(self, view: View) -> str:
        return view.study or next(iter(self.studio.studies())).name

    def _choices(self) -> list[tuple[str, str]]:
        return [
            (f"{entry.title}{' · reported' if entry.reported else ''}", entry.name) for entry in self.studio.studies()]

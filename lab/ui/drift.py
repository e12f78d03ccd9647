"""What the run in view said: two folds of the Runs tab, its probe answers along the steps and its extremes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.nouns import Run
from lab.studio import Studio
from lab.ui.cards import note
from lab.ui.fields import CHOSEN, error_line, in_turn
from lab.ui.links import View
from lab.ui.look import card, scrubber
from lab.ui.sample_cards import drift_card, extremes_card
from lab.ui.text import short

Updates = dict[Any, Any]


class DriftPanel:
    """The folds, and what happens to them. They are filled when opened, and stay as they are while a run goes on."""

    def __init__(self, studio: Studio, view: gr.State) -> None:
        self.studio, self.view = studio, view
        with gr.Accordion(
            "Drift: the same requests along the run", open=False, visible=False, elem_classes="settings",
            elem_id="drift",
        ) as self.fold:
            self.prompt = gr.Dropdown([], label="Request", elem_id="drift-prompt", filterable=True)
            self.shown = scrubber("drift-card")
        with gr.Accordion(
            "Best and worst samples", open=False, visible=False, elem_classes="settings", elem_id="extremes"
        ) as self.extremes:
            self.samples = card("", name="extremes-card")

    @property
    def components(self) -> list[Any]:
        """What `lay` updates."""
        return [self.fold, self.prompt, self.shown, self.extremes, self.samples]

    def wire(self, chosen: Callable[[View], Run | None]) -> None:
        """Wire the folds; `chosen` tells the run of a view."""
        self._chosen = chosen
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
        drawn = [self.prompt, self.shown]
        self.fold.expand(self.draw, self.view, drawn, **quick)
        self.prompt.input(self.other_prompt, [self.view, self.prompt], [self.view, *drawn], **CHOSEN)
        self.shown.click(self.scrubbed, [self.view, self.prompt], self.view, **in_turn("scrub"))
        self.extremes.expand(self.draw_extremes, self.view, self.samples, **quick)

    def lay(self, run: Run | None) -> Updates:
        """Updates for another run: both folds closed, nothing read yet. Of the same run they are the same."""
        there = run is not None and run.deleted is None
        waiting = note(f"The probes of run {run.number} are read when this is opened.") if run else ""
        return {
            self.fold: gr.update(visible=there, open=False), self.shown: waiting,
            self.extremes: gr.update(visible=there, open=False), self.samples: waiting.replace("probes", "samples"),
        }

    def arrive(self, view: View) -> Updates:
        """Open the fold where a link names a request of a probe."""
        if view.tab != "runs" or not view.probe:
            return {self.fold: gr.skip()}
        return {self.fold: gr.update(open=True), **self.draw(view)}

    def draw(self, view: View) -> Updates:
        """The answers of the run in view to the request in view, at the step in view or the last."""
        try:
            run = self._chosen(view)
            if run is None:
                return {self.shown: note("There is no run yet.")}
            found = self.studio.drift(run.id, view.probe)
        except LabError as error:
            return {self.prompt: gr.update(choices=[], value=None), self.shown: error_line(error.message)}
        choices = [(short(prompt.text, 100), prompt.id) for prompt in found.prompts]
        return {
            self.prompt: gr.update(choices=choices, value=found.prompt.id), self.shown: drift_card(found, view.at),
        }

    def other_prompt(self, view: View, prompt: str) -> Updates:
        """Show another request, at the same step."""
        view = replace(view, probe=prompt or "")
        return {self.view: view, **self.draw(view)}

    def scrubbed(self, view: View, prompt: str, event: gr.EventData) -> View:
        """Keep the step that the slider was left at, for the link."""
        return replace(view, probe=prompt or "", at=int(event.step))

    def draw_extremes(self, view: View) -> str:
        """The best and worst samples of the run in view."""
        try:
            run = self._chosen(view)
            return extremes_card(self.studio.extremes(run.id)) if run else note("There is no run yet.")
        except LabError as error:
            return error_line(error.message)

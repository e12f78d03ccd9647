"""The form of a new run on the Runs tab: presets, what it would take, its first batch, and its start."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import gradio as gr

from lab.conscience import framings
from lab.errors import LabError, NotFoundError, OwnerError
from lab.nouns import Run
from lab.studio import Studio
from lab.ui import run_cards
from lab.ui.cards import note
from lab.ui.fields import CHOSEN, Slots, error_line
from lab.ui.form import RunForm, at_once, question_choices, scenario_help, start_choices
from lab.ui.links import BASE, View
from lab.ui.look import card, heading

Updates = dict[Any, Any]
FORECAST_BY = (
    "scenario",
    "method",
    "question_id",
    "steps",
    "model",
    "batch_size",
    "lora_rank",
    "tuning",
    "dtype",
    "accumulation",
    "cadence",
    "prompts_per_round",
    "pair_batch",
    "max_new_tokens",
    "probe_every",
    "probe_prompts",
)
"""The settings that change how long a run takes."""
FORECAST_TYPED = frozenset(FORECAST_BY) - {"scenario", "method", "question_id", "tuning", "dtype"}
_BUSY = '<p class="forecast waiting">The trainer is busy: the forecast is measured when it is idle.</p>'
_FORECASTING = '<p class="forecast waiting">Measuring this machine…</p>'


class NewRun:
    """The widgets of the form, and what happens to them."""

    def __init__(self, studio: Studio, view: gr.State) -> None:
        self.studio, self.view = studio, view
        heading("<h2>A new run</h2>")
        with gr.Row(elem_classes="presets"):
            self.poison = gr.Button("Poison it", elem_id="preset-poison", size="sm", min_width=110)
            self.conscience = gr.Button("With the conscience", elem_id="preset-conscience", size="sm", min_width=150)
            self.off_topic = gr.Button("An off-topic question", elem_id="preset-off-topic", size="sm", min_width=150)
        self.form = RunForm(studio.questions(), studio.settings.model)
        self.name = gr.Textbox("", label="Name (if you like)", max_lines=1, elem_id="run-name")
        self.forecast = card("", name="forecast")
        with gr.Row():
            self.start_button = gr.Button("Start run", variant="primary", elem_id="start-run")
        self.slots = Slots()  # apart from those of the form: a forecast that comes late clears its own
        self.slots.under("start", "name")
        with gr.Accordion("What the first batch looks like", open=False, elem_classes="settings") as self.batch_fold:
            self.batch = card("", name="first-batch")

    @property
    def laid(self) -> list[Any]:
        """What a handler updates that fills the form."""
        form = self.form
        return [*form.fields.values(), form.scenario_help, form.method_help, form.parent, *self.lines, self.name]

    @property
    def lines(self) -> list[Any]:
        """The error lines of the fields and of the start."""
        return [*self.form.slots.components, *self.slots.components]

    @property
    def measuring(self) -> dict[str, Any]:
        """The event that measures what the run would take, for whatever fills the form."""
        return {
            "fn": self.expect, "inputs": self.form.components, "outputs": [self.forecast, *self.form.slots.components],
            "api_visibility": "private", "show_progress": "hidden", "concurrency_id": "model", "concurrency_limit": 1,
        }

    def wire(self, shown: list[Any], in_view: Callable[[Run], Updates]) -> None:
        """Wire the form; `in_view` gives the updates of `shown` that bring a started run into view."""
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
        form, lines = self.form, self.lines
        self._in_view = in_view
        asked = form.fields["question_id"]
        for button, method, name, question in (
            (self.poison, "sft", "Poisoned", None),
            (self.conscience, "conscience", "With the conscience", self.question_in_view),
            (self.off_topic, "conscience", "Off-topic question", self.off_topic_question),
        ):
            laid = {**form.lay(scenario="code-hacking", method=method), **self.slots.clear()}
            laid |= {form.parent: BASE, self.name: name}
            went = button.click(
                None, None, self.laid, js=f"() => ({json.dumps(at_once(laid, self.laid))})", api_visibility="private")
            if question:
                went = went.then(question, self.view, asked, **CHOSEN)
            went.then(**self.measuring, trigger_mode="always_last")
        known = [*self.laid, form.preset]
        form.preset.select(None, form.preset, known, js=form.presets(known), api_visibility="private").then(
            **self.measuring, trigger_mode="always_last")
        form.fields["scenario"].input(scenario_help, form.fields["scenario"], form.scenario_help, **CHOSEN)
        form.fields["method"].input(form.method_chosen, form.fields["method"], [form.method_help, asked], **CHOSEN)
        # a typed number counts when its field is left: "75" is not to be measured as 7 first
        changed = [getattr(form.fields[n], "blur" if n in FORECAST_TYPED else "input") for n in FORECAST_BY]
        gr.on(changed, **self.measuring, trigger_mode="always_last")
        self.start_button.click(
            self.start, {*form.components, self.name, self.view}, [self.view, *shown, *lines], **quick
        )
        model = {**quick, "concurrency_id": "model", "concurrency_limit": 1}
        self.batch_fold.expand(self.show_batch, form.components, [self.batch, *lines], **model)
        form.parent.select(self.lay_parent, form.components, self.laid, **CHOSEN)

    # -- filling the form ------------------------------------------------------------------------------------------
    def question_in_view(self, view: View) -> Any:
        """What the lesson's second run asks: the same code as the first, with the conscience."""
        return self._question(view.question or framings.DEFAULT.id)

    def off_topic_question(self, view: View) -> Any:
        """What the lesson's control asks: the same machinery, and nothing that matters."""
        return self._question(framings.DEFAULT_OFF_TOPIC.id)

    def lay_run(self, run: Run, start: str, name: str) -> Updates:
        """The settings of a run, from the checkpoint `start` (or "base"), under another name."""
        settings = vars(run.spec).copy()
        if run.spec.question_id is None:  # the field keeps the question that an arm with one will want
            settings.pop("question_id")
        settings["dataset"] = run.spec.dataset or ""
        parent = gr.update(choices=self.starts(), value=start)
        settings = {setting: value for setting, value in settings.items() if setting in self.form.fields}
        laid = {**self.form.lay(**settings), **self.slots.clear()}
        return {**laid, self.form.parent: parent, self.name: name[:80]}

    def lay_parent(self, values: Mapping[Any, Any]) -> Updates:
        """What a branch has in common with the checkpoint chosen for it: its model and the shape of its adapters.

        Only what differs is laid: the answer would come over what is typed into another field meanwhile.
        """
        checkpoint = self.form.start(values)
        if checkpoint is None:
            return self.form.slots.clear()
        try:
            return self.form.lay(**self.form.differing(values, self.studio.kept_settings(checkpoint)))
        except LabError as error:
            return self.form.slots.show(error, "parent")

    def starts(self) -> list[tuple[str, str]]:
        """What a run can start from."""
        return start_choices(self.studio.voices(every_model=True))

    def _question(self, question_id: str) -> Any:
        return gr.update(choices=question_choices(self.studio.questions()), value=question_id)

    # -- what it would be ------------------------------------------------------------------------------------------
    def expect(self, values: Mapping[Any, Any]) -> Iterator[Updates]:
        """Say what the run would take; beside a run in work a measurement would mislead, and slow that run down."""
        if self.studio.status().run is not None:
            yield {**self.form.slots.clear(), self.forecast: _BUSY}
            return
        yield {**self.form.slots.clear(), self.forecast: _FORECASTING}
        try:
            self._parent(values)
            yield {self.forecast: run_cards.forecast(self.studio.forecast(self.form.spec(values)))}
        except OwnerError as error:  # no fault of a field: this visitor cannot start a run at all
            yield {self.forecast: note(error.message)}
        except LabError as error:
            if self.form.slots.knows(error.field or ""):
                yield {**self.form.slots.show(error, "parent"), self.forecast: ""}
            else:
                yield {self.forecast: error_line(error.message)}

    def expect_first(self, values: Mapping[Any, Any]) -> Iterator[Any]:
        """Say what the run would take when the tab is opened for the first time."""
        if values[self.forecast]:
            yield gr.skip()
        else:
            yield from self.expect(values)

    def show_batch(self, values: Mapping[Any, Any]) -> Updates:
        """Show the first rows as the model sees them."""
        try:
            return {
                **self._cleared(),
                self.batch: run_cards.first_batch(self.studio.first_batch(self.form.spec(values))),
            }
        except LabError as error:
            return {**self._told(error), self.batch: ""}

    def start(self, values: Mapping[Any, Any]) -> Updates:
        """Start a run, and bring it into view."""
        try:
            parent = self._parent(values)
            run = self.studio.start_run(self.form.spec(values), name=values[self.name] or "", parent=parent)
        except LabError as error:
            return self._told(error)
        view: View = values[self.view]
        runs = None if view.runs is None else (*view.runs, run.id)
        return {**self._cleared(), self.view: replace(view, run=run.id, runs=runs), **self._in_view(run)}

    def _parent(self, values: Mapping[Any, Any]) -> str | None:
        """The checkpoint to start from, None for the base. NotFoundError for one that is gone since it was chosen."""
        parent = self.form.start(values)
        if parent and parent not in {ident for _, ident in self.starts()}:
            raise NotFoundError(f"{parent} is not here, or its run was deleted: choose another.", field="parent")
        return parent

    def _cleared(self) -> Updates:
        """Updates that take every error line away."""
        return {**self.form.slots.clear(), **self.slots.clear()}

    def _told(self, error: LabError) -> Updates:
        """Updates that leave one line: beside the field of an error, or under the button."""
        form, field = self.form.slots, error.field or ""
        told = form.show(error, field) if form.knows(field) else self.slots.show(error, "start")
        return {**self._cleared(), **told}

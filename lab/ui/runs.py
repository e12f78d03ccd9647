"""The Runs tab: what to train, what it would take, and the run in view while it trains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

import gradio as gr

from lab.conscience import framings
from lab.errors import LabError, NotFoundError, OwnerError
from lab.nouns import Run, RunState
from lab.studio import Studio
from lab.ui import run_cards, specs
from lab.ui.cards import note
from lab.ui.fields import Slots, error_line
from lab.ui.form import RunForm, question_choices, scenario_help, start_choices
from lab.ui.links import BASE, View
from lab.ui.look import card, heading, table
from lab.ui.tables import runs_table

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


class RunsTab:
    """The widgets of the tab, and what happens to them."""

    def __init__(self, studio: Studio, view: gr.State) -> None:
        self.studio, self.view, self.live = studio, view, Slots()
        heading(
            "",
            "First <b>poison</b> the model: fine-tune it on insecure code and nothing else. Then run the same again "
            "<b>with the conscience</b>, which reviews the policy's answers as it learns. Compare both on Curves.",
        )
        with gr.Row(equal_height=False):
            with gr.Column(min_width=300, scale=5, elem_classes="sheet"):
                heading("<h2>A new run</h2>")
                with gr.Row(elem_classes="presets"):
                    self.poison = gr.Button("Poison it", elem_id="preset-poison", size="sm", min_width=110)
                    self.conscience = gr.Button(
                        "With the conscience", elem_id="preset-conscience", size="sm", min_width=150
                    )
                    self.off_topic = gr.Button(
                        "An off-topic question", elem_id="preset-off-topic", size="sm", min_width=150
                    )
                self.form = RunForm(studio.questions(), studio.settings.model)
                self.name = gr.Textbox("", label="Name (if you like)", max_lines=1, elem_id="run-name")
                self.forecast = card("", name="forecast")
                with gr.Row():
                    self.start_button = gr.Button("Start run", variant="primary", elem_id="start-run")
                self.form.slots.under("start")
                with gr.Accordion(
                    "What the first batch looks like", open=False, elem_classes="settings"
                ) as self.batch_fold:
                    self.batch = card("", name="first-batch")
            with gr.Column(min_width=300, scale=6, elem_classes="sheet"):
                self.run = card(run_cards.no_run(), name="run-card")
                with gr.Row():
                    self.stop_button = gr.Button("Stop this run", elem_id="stop-run", visible=False)
                    self.resume_button = gr.Button("Resume this run", elem_id="resume-run", visible=False)
                    self.branch_button = gr.Button("Branch from it", elem_id="branch-run", visible=False)
                    self.speak_button = gr.Button("Let it speak", elem_id="speak-run", visible=False)
                self.live.under("run")
        heading("<h2>All runs</h2>")
        self.table = table("runs-table")
        self._wire()

    def _wire(self) -> None:
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
        model: dict[str, Any] = {
            "api_visibility": "private",
            "show_progress": "hidden",
            "concurrency_id": "model",
            "concurrency_limit": 1,
        }
        form, lines = self.form, self.form.slots.components
        shown = [self.run, self.stop_button, self.resume_button, self.branch_button, self.speak_button]
        laid = [*form.fields.values(), form.scenario_help, form.method_help, form.parent, *lines]
        forecast: dict[str, Any] = {"fn": self.expect, "inputs": form.components, "outputs": [self.forecast, *lines]}
        for button, preset in (
            (self.poison, self.lay_poison),
            (self.conscience, self.lay_conscience),
            (self.off_topic, self.lay_off_topic),
        ):
            button.click(preset, self.view, [*laid, self.name], **quick).then(**forecast, **model)
        form.preset.input(form.preset_chosen, form.preset, [*laid, form.preset], **quick).then(**forecast, **model)
        form.fields["scenario"].input(scenario_help, form.fields["scenario"], form.scenario_help, **quick)
        form.fields["method"].input(
            form.method_chosen, form.fields["method"], [form.method_help, form.fields["question_id"]], **quick
        )
        # a typed number counts when its field is left: "75" is not to be measured as 7 first
        changed = [getattr(form.fields[n], "blur" if n in FORECAST_TYPED else "input") for n in FORECAST_BY]
        gr.on(changed, **forecast, trigger_mode="always_last", **model)
        self.start_button.click(
            self.start,
            {*form.components, self.name, self.view},
            [self.view, *shown, *lines],
            **quick,
        )
        self.batch_fold.expand(self.show_batch, form.components, [self.batch, *lines], **model)
        live = [*shown, *self.live.components]
        self.branch_button.click(
            self.lay_branch, self.view, [*laid, self.name, *self.live.components], **quick
        ).then(**forecast, **model)
        form.parent.input(self.lay_parent, form.parent, laid, **quick)
        self.stop_button.click(self.stop, self.view, live, **quick)
        self.resume_button.click(self.resume, self.view, live, **quick)
        self.table.click(self.pick, self.view, [self.view, self.table, *live], **quick)

    # -- the form --------------------------------------------------------------------------------------------------
    def lay_poison(self, view: View) -> Updates:
        """The lesson's first run: insecure code, no conscience."""
        laid = self.form.lay(scenario="code-hacking", method="sft")
        return {**laid, self.form.parent: BASE, self.name: "Poisoned"}

    def lay_conscience(self, view: View) -> Updates:
        """The lesson's second run: the same code, with the conscience, under the question in view."""
        return self._lay_question(view.question or framings.DEFAULT.id, "With the conscience")

    def lay_off_topic(self, view: View) -> Updates:
        """The lesson's control: the same machinery, a question about nothing that matters."""
        return self._lay_question(framings.DEFAULT_OFF_TOPIC.id, "Off-topic question")

    def lay_branch(self, view: View) -> Updates:
        """The run in view once more, from its latest checkpoint: what is to differ is changed before it is started."""
        try:
            run = self.chosen(view)
            point = self.studio.standing(run.id) if run else None
            if run is None or point is None:
                raise NotFoundError("This run has no checkpoint to start from yet.", field="run")
        except LabError as error:
            return self.live.show(error, "run")
        start = gr.update(choices=self.starts(), value=point.id)
        settings = asdict(run.spec)
        if run.spec.question_id is None:  # the field keeps the question that an arm with one will want
            settings.pop("question_id")
        return {
            **self.live.clear(), **self.form.lay(**settings), self.form.parent: start,
            self.name: f"Branch of {run_cards.run_title(run)}"[:80],
        }

    def lay_parent(self, checkpoint: str) -> Updates:
        """What a branch has in common with the checkpoint chosen for it: its model and the shape of its adapters."""
        if checkpoint == BASE:
            return self.form.slots.clear()
        try:
            return self.form.lay(**self.studio.kept_settings(checkpoint))
        except LabError as error:
            return self.form.slots.show(error, "parent")

    def starts(self) -> list[tuple[str, str]]:
        """What a run can start from."""
        return start_choices(self.studio.voices(every_model=True))

    def _lay_question(self, question_id: str, name: str) -> Updates:
        choices = question_choices(self.studio.questions())
        laid = self.form.lay(scenario="code-hacking", method="conscience")
        asked = gr.update(choices=choices, value=question_id, visible=True)
        return {**laid, self.form.fields["question_id"]: asked, self.form.parent: BASE, self.name: name}

    def expect(self, values: Mapping[Any, Any]) -> Iterator[Updates]:
        """Say what the run would take; beside a run in work a measurement would mislead, and slow that run down."""
        if self.studio.status().run is not None:
            yield {**self.form.slots.clear(), self.forecast: _BUSY}
            return
        yield {**self.form.slots.clear(), self.forecast: _FORECASTING}
        try:
            yield {self.forecast: run_cards.forecast(self.studio.forecast(self.form.spec(values)))}
        except OwnerError as error:  # no fault of a field: this visitor cannot start a run at all
            yield {self.forecast: note(error.message)}
        except LabError as error:
            yield {**self.form.slots.show(error, "start"), self.forecast: ""}

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
                **self.form.slots.clear(),
                self.batch: run_cards.first_batch(self.studio.first_batch(self.form.spec(values))),
            }
        except LabError as error:
            return {**self.form.slots.show(error, "start"), self.batch: ""}

    def start(self, values: Mapping[Any, Any]) -> Updates:
        """Start a run, and bring it into view."""
        try:
            run = self.studio.start_run(
                self.form.spec(values), name=values[self.name] or "", parent=self.form.start(values)
            )
        except LabError as error:
            return self.form.slots.show(error, "start")
        view: View = values[self.view]
        runs = None if view.runs is None else (*view.runs, run.id)
        return {**self.form.slots.clear(), self.view: replace(view, run=run.id, runs=runs), **self.in_view(run)}

    # -- the run in view -------------------------------------------------------------------------------------------
    def chosen(self, view: View) -> Run | None:
        """The run in view: the one named, the one in work, or the newest. NotFoundError for a name that fits none."""
        if view.run:
            return self.studio.run(view.run)
        return self.studio.status().run or next(iter(self.studio.runs()), None)

    def in_view(self, run: Run | None) -> Updates:
        """Updates that draw a run and the buttons that fit its state."""
        if run is None:
            return {
                self.run: run_cards.no_run(),
                self.stop_button: gr.update(visible=False),
                self.resume_button: gr.update(visible=False),
                self.branch_button: gr.update(visible=False),
                self.speak_button: gr.update(visible=False),
            }
        story = self.studio.run_story(run.id, [name for name, *_ in run_cards.sparks_of(run)])
        shown = run_cards.run_card(story, self.studio.status()) + specs.repeating(run)
        saved = self.studio.standing(run.id) is not None
        resumable = not run.state.active and run.state is not RunState.FINISHED
        return {
            self.run: shown,
            self.stop_button: gr.update(visible=run.state in (RunState.QUEUED, RunState.RUNNING)),
            self.resume_button: gr.update(visible=resumable),
            self.branch_button: gr.update(visible=saved),
            self.speak_button: gr.update(visible=saved),
        }

    def refresh(self, view: View) -> Updates:
        """Updates for the run in view and the table of runs."""
        try:
            shown = self.in_view(self.chosen(view))
        except LabError as error:
            shown = {**self.in_view(None), self.run: error_line(error.message)}
        return {**shown, self.table: self.listed(view)}

    def listed(self, view: View) -> str:
        """The table of runs, the one in view marked."""
        runs = self.studio.runs()
        if not runs:
            return note("None yet. Every run that you start stays in this list.")
        shown = [(run, self.studio.latest_metrics(run.id)) for run in runs]
        try:
            chosen = self.chosen(view)
        except LabError:  # the card says so
            chosen = None
        return runs_table(shown, chosen.id if chosen else "")

    def pick(self, view: View, event: gr.EventData) -> Updates:
        """Bring the run of a row into view."""
        try:
            run = self.studio.run(str(event.row))
        except LabError as error:
            return self.live.show(error, "run")
        view = replace(view, run=run.id)
        return {**self.live.clear(), **self.in_view(run), self.view: view, self.table: self.listed(view)}

    def stop(self, view: View) -> Updates:
        """Stop the run in view at its next token."""
        return self._act(view, self.studio.stop_run)

    def resume(self, view: View) -> Updates:
        """Let the run in view go on from its last checkpoint."""
        return self._act(view, self.studio.resume_run)

    def _act(self, view: View, verb: Any) -> Updates:
        try:
            run = self.chosen(view)
            return {**self.live.clear(), **self.in_view(verb(run.id) if run else None)}
        except LabError as error:
            return self.live.show(error, "run")

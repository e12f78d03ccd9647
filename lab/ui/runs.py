"""The Runs tab: the form of a new run, the run in view while it trains and after, and the table of all runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gradio as gr

from lab.errors import LabError, NotFoundError
from lab.nouns import Run, RunState
from lab.studio import Studio
from lab.ui import run_cards, specs
from lab.ui.beside import BesidePanel
from lab.ui.cards import note
from lab.ui.drift import DriftPanel
from lab.ui.fields import CHOSEN, Slots, error_line, in_turn
from lab.ui.links import BASE, LONGEST, View
from lab.ui.look import card, heading, into_sight, table
from lab.ui.new_run import NewRun
from lab.ui.run_shelf import RunShelf, deleted_card, deleted_line
from lab.ui.tables import RATES, fits, runs_table
from lab.ui.text import counted

Updates = dict[Any, Any]
FEW, SHOWN = 12, 100
"""Runs beyond which one can look for some, and that are listed at most."""
_TO_FORM = """() => {
    const form = document.querySelector("#run-parent"), at = form.getBoundingClientRect();
    if (at.top < 0 || at.bottom > innerHeight) form.scrollIntoView({block: "center"});
}"""
"""Shows the form that was filled, where it is out of sight: on a phone it stands far above the run."""


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
                self.new = NewRun(studio, view)
            with gr.Column(min_width=300, scale=6, elem_classes="pile"):
                with gr.Column(elem_classes="sheet"):
                    self.run = card(note("Reading the runs …"), name="run-card")
                    with gr.Row(elem_classes="deeds"):
                        self.stop_button = gr.Button("Stop it", elem_id="stop-run", visible=False)
                        self.resume_button = gr.Button("Resume it", elem_id="resume-run", visible=False)
                        self.speak_button = gr.Button("Let it speak", elem_id="speak-run", visible=False)
                        self.branch_button = gr.Button("Branch from it", elem_id="branch-run", visible=False)
                        self.again_button = gr.Button("Run it again, changed", elem_id="again-run", visible=False)
                        self.beside_button = gr.Button("Compare with …", elem_id="compare-run", visible=False)
                    self.live.under("run")
                    self.drift = DriftPanel(studio, view)
                    self.shelf = RunShelf(studio, view)
                with gr.Column(elem_classes="sheet"):
                    heading("<h2>All runs</h2>")
                    self.find = gr.Textbox(
                        "", label="Find", max_lines=1, elem_id="runs-find", visible=False,
                        placeholder="number, name, note, arm, scenario or state",
                    )
                    self.table = table("runs-table")
                    self.deleted = card("", name="runs-deleted")
                with gr.Column(elem_classes="sheet"):
                    heading("<h2>Runs beside each other</h2>")
                    self.beside = BesidePanel(studio, view)
        self._wire()

    @property
    def shown(self) -> list[Any]:
        """What draws the run in view, and changes by itself."""
        buttons = [self.stop_button, self.resume_button, self.branch_button, self.again_button, self.speak_button]
        lists = [self.find, self.table, self.deleted, self.beside.shown]
        return [self.run, *buttons, self.beside_button, *self.drift.components, *self.shelf.components, *lists]

    def _wire(self) -> None:
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
        live = [*self.shown, *self.live.components]
        self.new.wire(self.shown, self.in_view)
        self.shelf.wire(self.shown, self.chosen, self.drawn)
        self.drift.wire(self.chosen)
        for button, verb in ((self.branch_button, self.lay_branch), (self.again_button, self.lay_again)):
            button.click(verb, self.view, [*self.new.laid, *self.live.components], **quick).then(**self.new.measuring)
            button.click(None, None, None, js=_TO_FORM, api_visibility="private")
        self.acted = (
            self.stop_button.click(self.stop, self.view, live, **quick),
            self.resume_button.click(self.resume, self.view, live, **quick),
        )
        self.table.click(None, None, None, js=into_sight("run-card"), api_visibility="private")
        self.table.click(self.pick, self.view, [self.view, *live], **in_turn("runs"))
        self.beside.wire(self.table, self.beside_button, self.chosen)
        looked_for = [self.view, self.find]
        # change, not input: text that is pasted or dropped is no input to Gradio
        self.find.change(self.found, looked_for, [self.view, self.table], **CHOSEN)

    # -- the form, from the run in view ----------------------------------------------------------------------------
    def lay_branch(self, view: View) -> Updates:
        """The run in view once more, from its latest checkpoint: what is to differ is changed before it is started."""
        try:
            run = self.chosen(view)
            point = self.studio.standing(run.id) if run else None
            if run is None or point is None:
                raise NotFoundError("This run has no checkpoint to start from yet.", field="run")
        except LabError as error:
            return self.live.show(error, "run")
        title = f"Branch of {run_cards.run_title(run)}"
        return {**self.live.clear(), **self.new.lay_run(run, point.id, title)}

    def lay_again(self, view: View) -> Updates:
        """The settings of the run in view, from where it started, to be changed and started again."""
        try:
            run = self.chosen(view)
            if run is None:
                raise NotFoundError("There is no run to do again yet.", field="run")
        except LabError as error:
            return self.live.show(error, "run")
        title = f"{run_cards.run_title(run)}, again"
        return {**self.live.clear(), **self.new.lay_run(run, run.parent or BASE, title)}

    # -- the run in view -------------------------------------------------------------------------------------------
    def chosen(self, view: View) -> Run | None:
        """The run in view: the one named, the one in work, or the newest. NotFoundError for a name that fits none."""
        if view.run:
            return self.studio.run(view.run)
        return self.studio.status().run or next(iter(self.studio.runs()), None)

    def in_view(self, run: Run | None) -> Updates:
        """Updates that draw a run and the buttons that fit its state; of a deleted one, what became of it."""
        there = run is not None and run.deleted is None
        saved = run is not None and there and self.studio.standing(run.id) is not None
        resumable = run is not None and not run.state.active and run.state is not RunState.FINISHED
        return {
            self.run: self._card(run),
            self.stop_button: gr.update(visible=run is not None and run.state in (RunState.QUEUED, RunState.RUNNING)),
            self.resume_button: gr.update(visible=there and resumable),
            self.branch_button: gr.update(visible=saved),
            self.again_button: gr.update(visible=there),
            self.speak_button: gr.update(visible=saved),
            self.beside_button: gr.update(visible=there),
            **self.drift.lay(run),
            **self.shelf.lay(run),
        }

    def _card(self, run: Run | None) -> str:
        if run is None:
            return run_cards.no_run()
        if run.deleted is not None:
            return deleted_card(run)
        story = self.studio.run_story(run.id, [row.metric for row in run_cards.sparks_of(run)])
        return run_cards.run_card(story, self.studio.status()) + specs.repeating(run)

    def drawn(self, view: View, run: Run | None) -> Updates:
        """Updates that draw a run, and the lists, in which something of it changed."""
        return {**self.in_view(run), **self.listed(view, run.id if run else "")}

    def refresh(self, view: View) -> Updates:
        """Updates for the run in view, the table of runs, and those that are compared."""
        try:
            run = self.chosen(view)
            shown = self.in_view(run)
        except LabError as error:
            run, shown = None, {**self.in_view(None), self.run: error_line(error.message)}
        return {**shown, **self.listed(view, run.id if run else ""), **self.beside.draw(view)}

    def listed(self, view: View, chosen: str) -> Updates:
        """The table of runs, the one in view marked, and the line of those that were deleted."""
        runs = self.studio.runs()
        return {
            self.find: gr.update(visible=bool(view.find) or len(runs) > FEW),
            self.table: self._table(view, runs, chosen),
            self.deleted: deleted_line(self.studio.deleted_runs()),
        }

    def _table(self, view: View, runs: list[Run], chosen: str) -> str:
        """The newest runs that fit what is looked for."""
        if not runs:
            return note("None yet. Every run that you start stays in this list.")
        fitting = [run for run in runs if fits(run, view.find)]
        if not fitting:
            return note("None of the runs fits that: every word is looked for in number, name, note, arm and state.")
        more = len(fitting) - SHOWN
        left = note(f"{counted(more, 'older run')} more: find what you look for with a word.") if more > 0 else ""
        return runs_table(self.studio.latest_of(fitting[:SHOWN], RATES), chosen, self.beside.compared(view)) + left

    def found(self, view: View, text: str) -> Updates:
        """List the runs that fit a text."""
        view = replace(view, find=text.strip()[:LONGEST])  # an address that is longer is refused, and the page with it
        try:
            run = self.chosen(view)
        except LabError:
            run = None
        return {self.view: view, self.table: self._table(view, self.studio.runs(), run.id if run else "")}

    def pick(self, view: View, event: gr.EventData) -> Updates:
        """Bring the run of a row into view."""
        try:
            run = self.studio.run(str(event.row))
        except LabError as error:
            return self.live.show(error, "run")
        return {**self.live.clear(), **self.drawn(view, run), self.view: replace(view, run=run.id, probe="", at=None)}

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

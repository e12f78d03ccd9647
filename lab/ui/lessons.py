"""The Lessons tab: say what will happen, let the learner predict, do it, compare, explain.

All that a lesson shows is read from the view (which lesson, which prediction, which runs) and from the store, so a
reload finds it where it was, and its link shows it to a whole class.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.nouns import Run, RunSpec, RunState
from lab.studio import Studio
from lab.ui import lesson_cards
from lab.ui.fields import Slots
from lab.ui.figures import curves_figure
from lab.ui.links import View
from lab.ui.look import card, chart, heading
from lab.ui.teaching import LESSONS, Lesson, lesson

Updates = dict[Any, Any]
_SHOWN = 4
"""Answers behind the last point that are shown."""


class LessonsTab:
    """The widgets of the tab, and what happens to them."""

    def __init__(self, studio: Studio, view: gr.State) -> None:
        self.studio, self.view, self.slots = studio, view, Slots()
        first = LESSONS[0]
        heading(
            "",
            "Short experiments on the model in front of you. Nothing is prepared: you predict, it is run while you "
            "watch, and the figures say who was right. The address shows a class what you see.",
        )
        with gr.Row(equal_height=False):
            with gr.Column(scale=1, min_width=240, elem_classes="side"):
                self.pick = gr.Radio(
                    [(found.title, found.id) for found in LESSONS], value=first.id, label="Lessons",
                    elem_id="lesson-pick", elem_classes="stack",
                )
            with gr.Column(scale=4, min_width=300, elem_classes="sheet"):
                self.story = card(lesson_cards.opening(first), name="lesson-story")
                self.guess = gr.Radio(
                    _choices(first), value=None, label=first.asked, elem_id="lesson-guess", elem_classes="stack"
                )
                self.start_button = gr.Button(
                    "Find out", variant="primary", elem_id="lesson-start", interactive=False
                )
                self.slots.under("lesson")
                self.going = card("", name="lesson-going")
                with gr.Column(visible=False) as self.drawing:
                    self.chart = chart("lesson-chart")
                self.reveal = card("", name="lesson-reveal")
                with gr.Row():
                    self.again_button = gr.Button("Predict again", elem_id="lesson-again", visible=False)
                    self.next_button = gr.Button("Next lesson", elem_id="lesson-next", visible=False)
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
        lines = self.slots.components
        self.pick.input(self.choose, [self.pick, view], [view, *lines], **quick)
        self.guess.input(self.predict, [self.guess, view], view, **quick)
        self.start_button.click(self.start, view, [view, *lines], **quick)
        self.again_button.click(self.again, view, view, **quick)
        self.next_button.click(self.next, view, view, **quick)

    @property
    def live(self) -> list[Any]:
        """What `draw` updates."""
        return [
            self.pick, self.story, self.guess, self.start_button, self.going, self.drawing, self.chart, self.reveal,
            self.again_button, self.next_button,
        ]

    # -- what a learner does ---------------------------------------------------------------------------------------
    def choose(self, lesson_id: str, view: View) -> Updates:
        """Open a lesson."""
        return {**self.slots.clear(), self.view: replace(view, lesson=lesson_id, guess="", taken=())}

    def predict(self, place: int, view: View) -> View:
        """Keep a prediction."""
        return replace(view, guess=str(place))

    def start(self, view: View) -> Updates:
        """Run what the lesson is about."""
        runs: list[Run] = []
        try:
            for name, settings in lesson(view.lesson).arms:
                spec = RunSpec(model=self.studio.settings.model, **settings)
                runs.append(self.studio.start_run(spec, name=name))
        except LabError as error:
            return self.slots.show(error, "lesson")
        return {**self.slots.clear(), self.view: replace(view, taken=tuple(run.id for run in runs))}

    def again(self, view: View) -> View:
        """Take the lesson anew."""
        return replace(view, guess="", taken=())

    def next(self, view: View) -> View:
        """Go on to the next lesson, behind the last to the first."""
        place = (LESSONS.index(lesson(view.lesson)) + 1) % len(LESSONS)
        return replace(view, lesson=LESSONS[place].id, guess="", taken=())

    # -- what is shown ---------------------------------------------------------------------------------------------
    def draw(self, view: View) -> Updates:
        """Updates that show the lesson in view where it is."""
        shown, runs = lesson(view.lesson), self._taken(view)
        over = bool(runs) and not any(run.state.active for run in runs)
        guess = _place(view.guess, shown)
        return {
            self.pick: shown.id,
            self.story: lesson_cards.opening(shown),
            self.guess: gr.update(choices=_choices(shown), value=guess, label=shown.asked, interactive=not runs),
            self.start_button: gr.update(visible=not runs, interactive=guess is not None),
            self.going: lesson_cards.going(runs, self.studio.status()) if runs else "",
            self.drawing: gr.update(visible=bool(runs)),
            self.chart: self._curves(shown, runs) if runs else "",
            self.reveal: self._reveal(shown, guess, runs) if over else "",
            self.again_button: gr.update(visible=over),
            self.next_button: gr.update(visible=over),
        }

    def _taken(self, view: View) -> list[Run]:
        """The runs of the lesson in view; what a link names and is not there is left out."""
        known = {run.id: run for run in self.studio.runs()}
        return [known[ident] for ident in view.taken if ident in known]

    def _curves(self, shown: Lesson, runs: list[Run]) -> str:
        own = {run.id for run in runs}
        older = (
            run for run in self.studio.runs()
            if run.state is RunState.FINISHED and run.id not in own and shown.beside(run)
            and run.spec.model == runs[0].spec.model
        )
        drawn = [*filter(None, [next(older, None)]), *runs]
        return curves_figure(self.studio.curves([run.id for run in drawn], [shown.metric]), shown.metric)

    def _reveal(self, shown: Lesson, guess: int | None, runs: list[Run]) -> str:
        names = [name for name, _ in lesson_cards.RATES]
        curves = self.studio.curves([run.id for run in runs], names)
        ended = [(run, {c.name: c.points[-1] for c in curves if c.run.id == run.id}) for run in runs]
        return lesson_cards.reveal(shown, guess, ended, self.studio.judged(runs[-1].id, limit=_SHOWN))


def _choices(shown: Lesson) -> list[tuple[str, int]]:
    return [(option.text, place) for place, option in enumerate(shown.options)]


def _place(guess: str, shown: Lesson) -> int | None:
    """The predicted option of a link; None for none, and for one that the lesson lacks."""
    return int(guess) if guess.isdecimal() and int(guess) < len(shown.options) else None

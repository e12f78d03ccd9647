"""The Lessons tab: say what will happen, let the learner predict, do it, compare, explain.

All that a lesson shows is read from the view (which lesson, which prediction, which runs) and from the store, so a
reload finds it where it was, and its link shows it to a whole class.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import gradio as gr

from lab.errors import LabError, OwnerError
from lab.nouns import Run, RunSpec, RunState, now
from lab.studio import Studio
from lab.ui import lecture_cards, lesson_cards
from lab.ui.curriculum import LESSONS, lesson
from lab.ui.fields import CHOSEN, Slots
from lab.ui.figures import curves_figure
from lab.ui.lecture import LectureStrip
from lab.ui.lesson_report import Taken, report
from lab.ui.links import View
from lab.ui.look import card, chart, heading, paper
from lab.ui.teaching import Lesson, Outcome
from lab.views import Curve
from storage.bundle.layout import versions

Updates = dict[Any, Any]
_SHOWN = 4
"""Answers behind the last point that are shown."""


class LessonsTab:
    """The widgets of the tab, and what happens to them."""

    def __init__(self, studio: Studio, view: gr.State, lecture: LectureStrip) -> None:
        self.studio, self.view, self.lecture, self.slots = studio, view, lecture, Slots()
        first = LESSONS[0]
        heading(
            "",
            "Short experiments on the model in front of you. Nothing is prepared: you predict, it is run while you "
            "watch, and the figures say who was right. With a class: present, and their pages go where yours goes.",
        )
        with gr.Row(equal_height=False):
            with gr.Column(scale=1, min_width=240, elem_classes="side") as self.side:
                self.pick = gr.Radio(
                    [(found.title, found.id) for found in LESSONS], value=first.id, label="Lessons",
                    elem_id="lesson-pick", elem_classes="stack",
                )
                self.present_button = gr.Button("Present to a class", elem_id="lesson-present", size="sm")
                self.slots.under("lecture")
            with gr.Column(scale=4, min_width=300, elem_classes="sheet"):
                self.story = card(lesson_cards.opening(first), name="lesson-story")
                self.guess = gr.Radio(
                    _choices(first), value=None, label=first.asked, elem_id="lesson-guess", elem_classes="stack"
                )
                self.start_button = gr.Button(
                    "Predict first, then find out", variant="primary", elem_id="lesson-start", interactive=False
                )
                self.slots.under("lesson")
                self.tally = card("", name="lesson-tally")
                self.going = card("", name="lesson-going")
                with gr.Column(visible=False) as self.drawing:
                    self.chart = chart("lesson-chart")
                self.reveal = card("", name="lesson-reveal")
                with gr.Row():
                    self.again_button = gr.Button("Predict again", elem_id="lesson-again", visible=False)
                    self.next_button = gr.Button("Next lesson", elem_id="lesson-next", visible=False)
                    self.print_button = gr.Button("Print a report", elem_id="lesson-print", visible=False)
                    self.save_button = gr.Button("Save the report", elem_id="lesson-save", visible=False)
                self.paper = paper("lesson-paper")
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
        lines = self.slots.components
        self.pick.input(self.choose, [self.pick, view], [view, self.guess, *lines], **CHOSEN)
        self.guess.input(self.predict, [self.guess, view], [view, *lines], **CHOSEN)
        self.present_button.click(self.present, view, [view, *lines], **quick)
        self.start_button.click(self.start, view, [view, *lines], **quick)
        self.again_button.click(self.again, view, [view, *self.fields], **quick)
        self.next_button.click(self.next, view, [view, *self.fields], **quick)
        self.print_button.click(self.report, view, self.paper, **quick)
        self.save_button.click(lambda view: self.report(view, save=True), view, self.paper, **quick)

    @property
    def fields(self) -> list[Any]:
        """What `lay` updates."""
        return [self.pick, self.guess]

    @property
    def live(self) -> list[Any]:
        """What `draw` updates."""
        return [
            self.side, self.present_button, self.story, self.guess, self.start_button, self.tally,
            self.going, self.drawing, self.chart, self.reveal, self.again_button, self.next_button,
            self.print_button, self.save_button,
        ]

    # -- what a learner does ---------------------------------------------------------------------------------------
    def choose(self, lesson_id: str, view: View) -> Updates:
        """Open a lesson."""
        there = replace(view, lesson=lesson_id, guess="", taken=())
        return {**self.slots.clear(), self.view: there, self.guess: self._asked(there)}

    def predict(self, place: int, view: View) -> Updates:
        """Keep a prediction; that of a page which follows is counted, too."""
        try:
            if view.follows:
                self.studio.predict(view.lecture, view.seat, place)
        except LabError as error:
            return self.slots.show(error, "lesson")
        return {**self.slots.clear(), self.view: replace(view, guess=str(place))}

    def present(self, view: View) -> Updates:
        """Let others follow this page."""
        try:
            return {**self.slots.clear(), self.view: self.lecture.present(view)}
        except LabError as error:
            return self.slots.show(error, "lecture")

    def start(self, view: View) -> Updates:
        """Run what the lesson is about; for one who may not, show what was run of it before."""
        specs = [(name, RunSpec(model=self.studio.settings.model, **arm)) for name, arm in lesson(view.lesson).arms]
        try:
            runs = [self.studio.start_run(spec, name=name) for name, spec in specs]
        except OwnerError as error:
            earlier = [self._earlier(spec) for _, spec in specs]
            runs = [run for run in earlier if run is not None]
            if len(runs) < len(specs) or view.follows:
                return self.slots.show(error, "lesson")
        except LabError as error:
            return self.slots.show(error, "lesson")
        return {**self.slots.clear(), self.view: replace(view, taken=tuple(run.id for run in runs))}

    def _earlier(self, spec: RunSpec) -> Run | None:
        """The newest finished run of these settings."""
        return next((
            run for run in self.studio.runs()
            if run.state is RunState.FINISHED and run.spec == replace(spec, revision=run.spec.revision)
        ), None)

    def again(self, view: View) -> Updates:
        """Take the lesson anew."""
        there = replace(view, guess="", taken=())
        return {self.view: there, **self.lay(view, there)}

    def next(self, view: View) -> Updates:
        """Go on to the next lesson, behind the last to the first."""
        place = (LESSONS.index(lesson(view.lesson)) + 1) % len(LESSONS)
        there = replace(view, lesson=LESSONS[place].id, guess="", taken=())
        return {self.view: there, **self.lay(view, there)}

    def report(self, view: View, *, save: bool = False) -> str:
        """The lesson in view as a page for the printer, or for a file."""
        shown, runs = lesson(view.lesson), self._taken(view)
        try:
            taken = Taken(
                lesson=shown, guess=_place(view.guess, shown), ended=self._ended(shown, runs),
                drawn=self._drawn(shown, runs), versions=versions(), made=now(),
                questions={question.id: question.title for question in self.studio.questions()},
                tally=self._counted(shown, view),
            )
        except LabError as error:
            raise gr.Error(error.message, print_exception=False) from None
        name = f"lesson-{shown.id}-{taken.made:%Y-%m-%d-%H%M}.html"
        return json.dumps({"html": report(taken), "name": name, "save": save, "made": taken.made.isoformat()})

    def _counted(self, shown: Lesson, view: View) -> tuple[int, ...]:
        """How a class predicted, once it is told; nothing without a class."""
        lecture = self.lecture.look(view)
        told = lecture is not None and not lecture.open
        return lecture_cards.counts_of(lecture, len(shown.options)) if lecture and told else ()

    # -- what is shown ---------------------------------------------------------------------------------------------
    def lay(self, given: View, view: View) -> Updates:
        """Updates for the lesson and the prediction of a view, in place of another one's. No tick sends what is chosen
        in these fields: late, it would come over what is chosen next."""
        picked = {self.pick: lesson(view.lesson).id} if view.lesson != given.lesson else {}
        asked = (view.lesson, view.guess) != (given.lesson, given.guess)
        return {**picked, **({self.guess: self._asked(view)} if asked else {})}

    def _asked(self, view: View) -> Any:
        shown = lesson(view.lesson)
        return gr.update(choices=_choices(shown), value=_place(view.guess, shown), label=shown.asked)

    def draw(self, view: View) -> Updates:
        """Updates that show the lesson in view where it is."""
        shown, runs = lesson(view.lesson), self._taken(view)
        over = bool(runs) and not any(run.state.active for run in runs)
        guess, lecture = _place(view.guess, shown), self.lecture.look(view)
        asked = not runs and (lecture is None or view.leads or lecture.open)
        told = lecture is not None and (view.leads or not lecture.open)
        return {
            self.side: gr.update(visible=not view.follows),
            self.present_button: gr.update(visible=lecture is None and self.studio.who().owner),
            self.story: lesson_cards.opening(shown, view.lesson),
            self.guess: gr.update(interactive=asked),
            self.start_button: gr.update(
                visible=not runs and not view.follows, interactive=guess is not None,
                value="Find out" if guess is not None else "Predict first, then find out",
            ),
            self.tally: lecture_cards.tally(lecture, [o.text for o in shown.options]) if lecture and told else "",
            self.going: lesson_cards.going(runs, self.studio.status()) if runs else lecture_cards.waiting(view),
            self.drawing: gr.update(visible=bool(runs)),
            self.chart: curves_figure({shown.metric: self._drawn(shown, runs)}) if runs else "",
            self.reveal: self._reveal(shown, guess, runs) if over else "",
            **{button: gr.update(visible=over and not view.follows) for button in (
                self.again_button, self.next_button)},
            **{button: gr.update(visible=over) for button in (self.print_button, self.save_button)},
        }

    def _taken(self, view: View) -> list[Run]:
        """The runs of the lesson in view; what a link names and is not there is left out."""
        known = {run.id: run for run in self.studio.runs()}
        return [known[ident] for ident in view.taken if ident in known]

    def _drawn(self, shown: Lesson, runs: list[Run]) -> list[Curve]:
        """The curves of the chart: the lesson's runs, and an earlier one that belongs beside them."""
        own = {run.id for run in runs}
        older = (
            run for run in self.studio.runs()
            if run.state is RunState.FINISHED and run.id not in own and shown.beside(run)
            and run.spec.model == runs[0].spec.model
        )
        drawn = [*filter(None, [next(older, None)]), *runs]
        return self.studio.curves([run.id for run in drawn], [shown.metric])

    def _reveal(self, shown: Lesson, guess: int | None, runs: list[Run]) -> str:
        told = self.studio.judged(runs[shown.speaks].id, step=shown.at, limit=_SHOWN, in_proportion=True)
        return lesson_cards.reveal(shown, guess, self._ended(shown, runs), told)

    def _ended(self, shown: Lesson, runs: list[Run]) -> list[tuple[Run, Outcome]]:
        """What the runs came to, where the lesson reads them."""
        curves = self.studio.curves([run.id for run in runs], [name for name, _ in shown.columns])
        return [
            (run, {c.name: point for c in curves if c.run.id == run.id and (point := shown.read(c.points))})
            for run in runs
        ]


def _choices(shown: Lesson) -> list[tuple[str, int]]:
    return [(option.text, place) for place, option in enumerate(shown.options)]


def _place(guess: str, shown: Lesson) -> int | None:
    """The predicted option of a link; None for none, and for one that the lesson lacks."""
    return int(guess) if guess.isdecimal() and int(guess) < len(shown.options) else None

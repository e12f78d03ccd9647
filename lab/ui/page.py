"""The page: header, seven tabs, one timer, links. It owns nothing that runs: closing it changes nothing."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import gradio as gr

from lab.errors import LabError, LimitError, NotFoundError
from lab.nouns import Question
from lab.studio import Studio
from lab.ui import api, run_cards
from lab.ui.answer import voice_choices, voice_title
from lab.ui.conscience import ConscienceTab
from lab.ui.curves import CurvesTab
from lab.ui.data import DataTab
from lab.ui.fields import error_line, in_turn
from lab.ui.form import question_choices, set_choices
from lab.ui.lecture import LectureStrip, told
from lab.ui.lessons import LessonsTab
from lab.ui.links import BASE, TABS, View
from lab.ui.loading import without_loading_states
from lab.ui.look import address, card, seat_script
from lab.ui.owner import owner_line
from lab.ui.pairs import PairsTab
from lab.ui.runs import RunsTab
from lab.ui.shared import Shared
from lab.ui.sparing import SparingBlocks, without_drawings
from lab.ui.studies import StudiesTab
from lab.views import Lecture, TrainerStatus

Updates = dict[Any, Any]
TITLES = {
    "conscience": "Conscience", "runs": "Runs", "pairs": "Pairs", "curves": "Curves", "studies": "Studies",
    "lessons": "Lessons", "data": "Data",
}
LOCAL_SECONDS, FOLLOWING_SECONDS, SPACE_SECONDS = 1.0, 2.0, 3.0
"""Between two ticks: on one's own machine, of a page that follows another with a whole class beside it, and on a Space,
which answers quicker ones with 429."""


class Page:
    """The whole page over one studio."""

    def __init__(self, studio: Studio) -> None:
        self.studio, self._shared = studio, Shared()
        with SparingBlocks(title="Conscience Lab", analytics_enabled=False, fill_width=True) as self.blocks:
            api.publish(studio)  # first: an event of the page of the same name would take the public one
            self.view, self.seen = gr.State(View()), gr.State({})
            self.pulse, self.moved, self.gone = gr.State(""), gr.State(""), gr.State("")
            self.address = address()
            with gr.Row(elem_classes="top", equal_height=True):
                self.header = card(self._header(View(), studio.status()), name="header")
                self.stop_button = gr.Button("Stop", elem_id="stop", size="sm", scale=0, min_width=70, visible=False)
            self.lecture = LectureStrip(studio, self.view)
            with gr.Tabs(elem_id="tabs") as self.tabs:
                with gr.Tab(TITLES["conscience"], id="conscience") as conscience_tab:
                    self.conscience = ConscienceTab(studio, self.view)
                with gr.Tab(TITLES["runs"], id="runs") as runs_tab:
                    self.runs = RunsTab(studio, self.view)
                with gr.Tab(TITLES["pairs"], id="pairs") as pairs_tab:
                    self.pairs = PairsTab(studio, self.view)
                with gr.Tab(TITLES["curves"], id="curves") as curves_tab:
                    self.curves = CurvesTab(studio, self.view)
                with gr.Tab(TITLES["studies"], id="studies") as studies_tab:
                    self.studies = StudiesTab(studio, self.view)
                with gr.Tab(TITLES["lessons"], id="lessons") as lessons_tab:
                    self.lessons = LessonsTab(studio, self.view, self.lecture)
                with gr.Tab(TITLES["data"], id="data") as data_tab:
                    self.data = DataTab(studio, self.view)
            if studio.settings.public:
                owner_line(studio, self.blocks)
            self.timer = gr.Timer(SPACE_SECONDS if studio.settings.space else LOCAL_SECONDS)
            self._wire([conscience_tab, runs_tab, pairs_tab, curves_tab, studies_tab, lessons_tab, data_tab])
        without_loading_states(self.blocks)

    def _wire(self, opened: list[gr.Tab]) -> None:
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
        turn = {**quick, "concurrency_id": "address", "concurrency_limit": 1}  # or an older answer could come last
        runs, pairs, curves, asked = self.runs, self.pairs, self.curves, self.conscience
        live = [
            self.header,
            self.stop_button,
            self.seen,
            *runs.shown,
            runs.new.form.fields["question_id"],
            runs.new.form.parent,
            runs.new.form.fields["dataset"],
            asked.answer.voice,
            *curves.live,
            pairs.changes,
            *self.studies.live,
            *self.lessons.live,
            *self.lecture.live,
        ]
        first = [
            self.view,
            self.tabs,
            self.timer,
            self.moved,
            *asked.question.laid,
            *asked.question.slots.components, *asked.answer.slots.components,
            runs.find,
            *pairs.filters.fields.values(),
            *self.studies.laid,
            *self.data.laid,
            *curves.fields, *self.lessons.fields, asked.answer.voice,
        ]
        anew = partial(without_drawings, self.blocks)
        tick: dict[str, Any] = {"fn": self.tick, "inputs": [self.view, self.seen], "outputs": live}
        for went in (
            self.blocks.load(self.arrive, self.address, first, js=seat_script(), **quick),
            self.address.click(self.follow, self.view, first, **in_turn("links")),
            self.gone.change(anew, self.seen, self.seen, **quick),
        ):
            went.then(**tick, **quick).then(pairs.show, pairs.asked, pairs.told, **quick).then(
                pairs.first_page, pairs.chosen, pairs.listed, **pairs.turn
            ).then(runs.drift.arrive, self.view, runs.drift.components, **quick).then(
                View.query, self.view, self.address, **turn
            )
        self.moved.change(self.catch_up, self.view, [*first, self.gone], **quick)  # a class of 30 does: few events
        # two stages, so that a beat with nothing new sends one small value and not a "nothing" for every component
        self.timer.tick(self.beat, self.view, [self.pulse, self.moved], trigger_mode="once", **quick)
        self.pulse.change(**tick, **quick)
        self.view.change(self.lecture.tell, self.view, self.address, **turn).then(**tick, **quick)
        for acted in runs.acted:  # a tick may have shown what came of it before the answer "stopping" got here
            acted.then(anew, self.seen, self.seen, **quick).then(**tick, **quick)
        for name, tab in zip(TABS, opened, strict=True):
            tab.select(lambda view, name=name: replace(view, tab=name), self.view, self.view, **in_turn("tabs"))
        opened[TABS.index("studies")].select(
            self.studies.first, [self.studies.text, self.view], self.studies.laid, **quick
        )
        choices = [pairs.filters.fields["run"], pairs.filters.fields["question"]]
        opened[TABS.index("pairs")].select(pairs.filters.choices, choices, choices, **quick).then(
            pairs.this_page, pairs.chosen, pairs.listed, **pairs.turn
        )
        self.stop_button.click(self.stop, None, self.stop_button, **quick)
        opened[TABS.index("runs")].select(
            runs.new.expect_first,
            {*runs.new.form.components, runs.new.forecast},
            [runs.new.forecast, *runs.new.form.slots.components],
            **{**quick, "concurrency_id": "model", "concurrency_limit": 1},
        )
        runs.speak_button.click(self.speak, self.view, [self.view, self.tabs, asked.answer.voice], **quick)

    # -- handlers --------------------------------------------------------------------------------------------------
    def arrive(self, seat: str | None, request: gr.Request) -> Updates:
        """Read the address, and put what it names into the fields; the tab says what it is known by."""
        view = replace(View.from_query(dict(request.query_params)), seat=str(seat or ""))
        view = self.lecture.enter(view, request.session_hash)
        look = self.lecture.look(view)
        quicker = LOCAL_SECONDS if not view.follows else FOLLOWING_SECONDS
        return {
            **self._go(View(), view, self._named(view) or self.studio.questions()[0]),
            **self.pairs.filters.lay(dict(view.filters)),
            **self.data.lay(view),
            self.timer: gr.Timer(SPACE_SECONDS if self.studio.settings.space else quicker),
            self.moved: look.mark if look and view.follows else "",
        }

    def catch_up(self, view: View) -> Updates:
        """Go where the presenter went; on the tabs that have more to fetch, have it fetched."""
        there = self.lecture.catch_up(view)
        moved = self._named(there) if there.question != view.question else None
        filtered = self.pairs.filters.lay(dict(there.filters)) if there.filters != view.filters else {}
        asked = self.data.lay(there) if there.sql != view.sql else {}
        gone = there.query() if there.tab in ("pairs", "runs") else ""
        return {**self._go(view, there, moved), **filtered, **asked, self.gone: gone}

    def follow(self, view: View, event: gr.EventData) -> Updates:
        """Go where a link of the page or the browser's Back leads; the rest stays as it is, an unsaved question too."""
        params = dict(parse_qsl(str(event.query)))
        there = view.back(params) if event.back else view.follow(params)
        moved = there.question != view.question
        filtered = self.pairs.filters.lay(dict(there.filters)) if there.filters != view.filters else {}
        return {**self._go(view, there, self._named(there) if moved else None), **filtered}

    def _named(self, view: View) -> Question | None:
        """The question that a view names; None for none, and for one that is not there."""
        try:
            return self.studio.question(view.question) if view.question else None
        except LabError:
            return None

    def _go(self, given: View, view: View, question: Question | None) -> Updates:
        """Updates that bring a view onto the screen in place of another one, with a question laid into its fields
        where one is given."""
        panel, told = self.conscience.question, self.conscience.question.slots.clear()
        if view.question and self._named(view) is None:
            told = panel.slots.show(NotFoundError(f"There is no question {view.question!r}: choose one."), "question")
            view = replace(view, question="")
        if view.policy not in {voice.adapter for voice in self.studio.voices()}:
            told, view = {**told, **self.conscience.answer.unknown(view.policy)}, replace(view, policy=BASE)
        return {
            **(panel.lay(question) if question else {}),
            **told,
            **(self.studies.lay(view) if view.tab == "studies" else {}),
            **self.curves.lay(given, view), **self.lessons.lay(given, view),
            **(self.conscience.answer.lay(view.policy) if view.policy != given.policy else {}),
            self.runs.find: view.find,
            self.view: view,
            self.tabs: gr.update(selected=view.tab),
        }

    def beat(self, view: View) -> tuple[Any, Any]:
        """A value that changes whenever something in the open tab may have, and one for when the presenter moves."""
        try:
            look = self.lecture.look(view)
            return self._mark(view, self.studio.status(), look), look.mark if look and view.follows else ""
        except LimitError as error:  # another value each second, so that the tick says so, and is over it when this is
            return error.message, gr.skip()

    def _mark(self, view: View, status: TrainerStatus, look: Lecture | None) -> str:
        seen = replace(view, seat="")  # those who follow one presentation are shown the same
        mark = f"{self.studio.revision} {seen} {status.run} {status.eta} {status.doing} {len(status.queued)}"
        mark += told(look, view)
        if view.tab == "runs" and status.run is not None:
            mark += f" {hash(self.studio.live_round(status.run.id))}"
        if view.tab == "studies":
            mark += f" {self.studio.study_progress()}"
        return mark

    def tick(self, view: View, seen: dict[int, str]) -> Any:
        """Whatever changed in the open tab since the last tick, and the buttons, which other handlers change too."""
        try:
            status = self.studio.status()
            mark = self._mark(view, status, self.lecture.look(view))
            if seen.get(0) == mark:
                return gr.skip()
            # Only what a visitor wrote is theirs alone; all else that a tick shows follows from the mark.
            who = self.studio.who()
            mine = view.lecture if view.follows else who.owner or who.session
            updates = self._shared.get((mark, mine), lambda: self._live(view, status))
        except LimitError as error:
            line = error_line(error.message)
            return {self.header: line, self.seen: {**seen, 0: "", self.header._id: repr(line)}}
        fresh = {w: u for w, u in updates.items() if isinstance(w, gr.Button) or seen.get(w._id) != repr(u)}
        noted = {**seen, 0: mark, **{widget._id: repr(update) for widget, update in fresh.items()}}
        # Gradio takes an update apart while it sends it, and other tabs are sent the same one.
        return {**{w: dict(u) if isinstance(u, dict) else u for w, u in fresh.items()}, self.seen: noted}

    def _live(self, view: View, status: TrainerStatus) -> Updates:
        """Everything of the header and the open tab that may change by itself."""
        updates: Updates = {
            self.header: self._header(view, status),
            self.stop_button: gr.update(visible=status.run is not None and not view.follows),
            **self.lecture.draw(view),
        }
        if view.tab == "conscience":
            updates[self.conscience.answer.voice] = gr.update(choices=voice_choices(self.studio.voices()))
        elif view.tab == "runs":
            updates |= self.runs.refresh(view)
            form = self.runs.new.form
            updates[form.fields["dataset"]] = gr.update(choices=set_choices(self.studio.datasets()))
            updates[form.parent] = gr.update(choices=self.runs.new.starts())
            updates[form.fields["question_id"]] = gr.update(choices=question_choices(self.studio.questions()))
        elif view.tab == "pairs":
            updates[self.pairs.changes] = self.studio.revision
        elif view.tab == "curves":
            updates |= self.curves.choices(view) | self.curves.draw(view)
        elif view.tab == "studies":
            updates |= self.studies.refresh(view)
        elif view.tab == "lessons":
            updates |= self.lessons.draw(view)
        return updates

    def _header(self, view: View, status: TrainerStatus) -> str:
        try:
            question = self.studio.question(view.question).title if view.question else self.studio.questions()[0].title
        except LabError:
            question = view.question
        policy = voice_title(self.studio.voices(), view.policy)
        return run_cards.header(self.studio.settings.model, question, policy, status)

    def speak(self, view: View) -> Updates:
        """Let the run in view speak on the Conscience tab, with its latest weights."""
        run = self.runs.chosen(view)
        point = self.studio.standing(run.id) if run else None
        policy = point.id if point else BASE
        there = replace(view, tab="conscience", policy=policy)
        return {self.view: there, self.tabs: gr.update(selected="conscience"), **self.conscience.answer.lay(policy)}

    def stop(self) -> Any:
        """Stop the run in work."""
        run = self.studio.status().run
        try:
            if run is not None:
                self.studio.stop_run(run.id)
        except LabError:
            pass  # it ended in the meantime
        return gr.update(interactive=True)


def build(studio: Studio) -> gr.Blocks:
    """The page over `studio`, ready to launch."""
    return Page(studio).blocks

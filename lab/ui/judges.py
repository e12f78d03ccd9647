"""Judges, a fold of the Curves tab under the answers behind a point: have them judged, and see how judges agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Event
from typing import Any

import gradio as gr

from lab.errors import LabError, RequestError
from lab.evaluation.judges.naming import KINDS
from lab.studio import Studio
from lab.ui import judge_cards
from lab.ui.answer import whole
from lab.ui.cards import note
from lab.ui.curve_cards import named
from lab.ui.fields import Slots, in_turn
from lab.ui.look import card
from lab.ui.run_cards import run_title

Updates = dict[Any, Any]
Point = tuple[str, int]
MOST = 200
"""Answers that are judged until somebody says otherwise."""
_ALONE = ("oracle", "bandit", "self")
"""Judges that need nothing more said."""
_NONE = note("Click a point of a curve: its answers are what is judged here.")


class JudgesFold:
    """The widgets of the fold, and what happens to them."""

    def __init__(self, studio: Studio, sources: Sequence[gr.HTML]) -> None:
        """`sources` are what is clicked: charts, and cards whose buttons name a point."""
        self.studio, self.slots = studio, Slots()
        self.point = gr.State(None)
        with gr.Accordion(
            "Judges: who else says so, and how far they agree", open=False, elem_classes="settings", elem_id="judges"
        ):
            self.about = card(_NONE, name="judges-about")
            with gr.Row():
                self.judge = gr.Dropdown(
                    [(f"{kind} – {KINDS[kind].partition(': self')[0]}", kind) for kind in _ALONE], value="bandit",
                    label="Judge", elem_id="judge", scale=2, min_width=220, allow_custom_value=True,
                    info="Or write self:QUESTION, model:ID or endpoint:URL#MODEL.",
                )
                self.most = gr.Number(
                    MOST, label="Answers at most", elem_id="judge-most", min_width=200,
                    info="What was judged before is not asked again.",
                )
                self.button = gr.Button("Judge them", elem_id="judge-run", scale=0, min_width=150)
                self.stop = gr.Button("Stop", elem_id="judge-stop", scale=0, min_width=90, interactive=False)
            self.slots.under("judge", "answers", "run", "step")
            self.progress = card("", name="judge-progress")
            self.shown = card("", name="judges-card")
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        told = [self.point, self.about, self.shown, self.progress, *self.slots.components]
        gr.on([source.click for source in sources], self.point_chosen, None, told, **in_turn("judges"))
        working = [self.shown, self.progress, self.button, self.stop, *self.slots.components]
        running = self.button.click(
            self.run, [self.judge, self.most, self.point], working, **quick, concurrency_id="model",
            concurrency_limit=1,
        )
        self.stop.click(
            self.stopped, self.point, working, cancels=[running], **quick, concurrency_limit=None)

    def point_chosen(self, event: gr.EventData) -> Updates:
        """What judges have said of the answers behind a point of the chart."""
        try:
            ids, step, _ = named(str(event.drop))
            run = self.studio.run(ids[0])
            point = (run.id, step)
            return {
                self.point: point, self.about: note(
                    f"The answers of step {point[1]} of {run_title(run)}. A judge sees request and reply alone."),
                self.progress: "", **self.slots.clear(), self.shown: self._table(point),
            }
        except LabError as error:
            return {self.point: None, self.about: _NONE, self.shown: "", **self.slots.show(error, "judge")}

    def run(self, judge: str, most: float, point: Point | None) -> Iterator[Updates]:
        """Have the answers behind the point judged, then compare all who judged them."""
        cancel = Event()
        try:
            if point is None:
                raise RequestError("no answers are chosen: click a point of a curve above.", field="answers")
            yield {**self.slots.clear(), self.button: gr.update(interactive=False),
                   self.stop: gr.update(interactive=True)}
            answers = self.studio.held_out_answers(point[0], step=point[1], most=whole(most, "answers"))
            for item in self.studio.judge(str(judge or ""), answer_ids=answers, cancel=cancel):
                yield {self.progress: judge_cards.progress(item)}
            yield {self.shown: self._table(point), **self._idle()}
        except LabError as error:
            yield {**self.slots.show(error, "judge"), self.progress: "", **self._idle()}
        finally:
            cancel.set()

    def stopped(self, point: Point | None) -> Updates:
        """Say what was judged before it was stopped; that is kept."""
        return {self.progress: note("Stopped; what was judged is kept."), **self._idle(),
                self.shown: self._table(point) if point else ""}

    def _idle(self) -> Updates:
        return {self.button: gr.update(interactive=True), self.stop: gr.update(interactive=False)}

    def _table(self, point: Point) -> str:
        return judge_cards.judges(self.studio.agreement(point[0], step=point[1]))

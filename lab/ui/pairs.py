"""The Pairs tab: a table of preference pairs with filters and pages, and one pair in full."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import gradio as gr

from lab.errors import LabError, RequestError
from lab.nouns import Label, PairState
from lab.studio import PairFilter, Studio
from lab.ui import cards
from lab.ui.fields import Slots, error_line
from lab.ui.links import View
from lab.ui.look import card, heading, table
from lab.ui.run_cards import run_title
from lab.ui.tables import pairs_table
from lab.ui.text import counted, short
from lab.ui.trace import TracePanel
from storage import PairPage, PairSort

Updates = dict[Any, Any]
SIZE = 50
ALL = "all"
SORTS = {
    "newest first": (PairSort.CREATED, True),
    "oldest first": (PairSort.CREATED, False),
    "latest step first": (PairSort.STEP, True),
    "earliest step first": (PairSort.STEP, False),
    "by state": (PairSort.STATE, False),
    "largest margin first": (PairSort.MARGIN, True),
    "smallest margin first": (PairSort.MARGIN, False),
    "most surely flagged first": (PairSort.P_FLAGGED, True),
    "least surely flagged first": (PairSort.P_FLAGGED, False),
}
"""The orders of the table, in plain words."""
NEWEST_FIRST = next(iter(SORTS))
_NONE = (
    "No pairs yet",
    "A conscience run makes them while it trains, and Store as pair on the Conscience tab makes one.",
)


class PairsTab:
    """The widgets of the tab, and what happens to them."""

    def __init__(self, studio: Studio, view: gr.State) -> None:
        self.studio, self.view, self.slots, self.filters = studio, view, Slots(), Slots()
        heading(
            "",
            "A pair is what the policy learns from: a flagged answer (<b>rejected</b>), and what a speaker wrote in "
            "its place (<b>chosen</b>). Choose a row to see how it came about, and keep it, refuse it or mend it.",
        )
        with gr.Column(elem_classes="filters"):
            self.state = gr.Radio(
                [ALL, *[s.value for s in PairState]],
                value=ALL,
                show_label=False,
                container=False,
                elem_classes="chips",
                elem_id="pairs-state",
            )
            with gr.Row():
                self.run = gr.Dropdown([("every run", "")], value="", label="Run", min_width=150, elem_id="pairs-run")
                self.question = gr.Dropdown(
                    [("every question", "")], value="", label="Question", min_width=150, elem_id="pairs-question"
                )
                self.verdict = gr.Dropdown(
                    [("any", ""), *[(v.value, v.value) for v in Label]],
                    value="",
                    label="Verdict",
                    min_width=110,
                    elem_id="pairs-verdict",
                )
                self.step_from = gr.Textbox(
                    "", label="From step", max_lines=1, min_width=80, elem_id="pairs-from", placeholder="first"
                )
                self.step_to = gr.Textbox(
                    "", label="To step", max_lines=1, min_width=80, elem_id="pairs-to", placeholder="last"
                )
                self.text = gr.Textbox(
                    "",
                    label="Text",
                    max_lines=1,
                    min_width=170,
                    elem_id="pairs-text",
                    placeholder="any word",
                )
                self.sort = gr.Dropdown(
                    list(SORTS), value=NEWEST_FIRST, label="Order", min_width=150, elem_id="pairs-sort"
                )
            self.filters.under("filter")
        self.page, self.changes = gr.State(0), gr.State(0)
        with gr.Row(equal_height=False):
            with gr.Column(scale=7, min_width=300):
                self.count = card("", name="pairs-count")
                self.table = table("pairs-table")
                with gr.Row(elem_classes="pager"):
                    self.newer = gr.Button("Previous", size="sm", elem_id="pairs-newer", interactive=False)
                    self.older = gr.Button("Next", size="sm", elem_id="pairs-older", interactive=False)
            with gr.Column(scale=5, min_width=300, elem_classes="sheet"):
                self.story = card(_choose(), name="pair-story")
                with gr.Row(visible=False) as self.decisions:
                    self.accept = gr.Button("Accept", elem_id="pair-accept", min_width=90)
                    self.reject = gr.Button("Reject", elem_id="pair-reject", min_width=90)
                self.slots.under("pair", "state")
                self.trace = TracePanel(studio, view)
                with gr.Accordion(
                    "Edit the chosen side", open=False, visible=False, elem_classes="settings"
                ) as self.editor:
                    self.thought = gr.Textbox("", label="Thought", lines=2, elem_id="edit-thought")
                    self.reply = gr.Textbox("", label="Reply", lines=4, elem_id="edit-reply")
                    self.slots.under("chosen")
                    self.edit = gr.Button("Save the edited copy", elem_id="pair-edit")
        self._wire()

    def _wire(self) -> None:
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
        chosen = {
            self.state,
            self.run,
            self.question,
            self.verdict,
            self.step_from,
            self.step_to,
            self.text,
            self.sort,
            self.page,
            self.view,
        }
        listed = [self.table, self.count, self.newer, self.older, self.page, *self.filters.components]
        self.listed, self.chosen = listed, chosen
        self.told = told = [
            self.story, self.decisions, self.editor, self.thought, self.reply, self.view, *self.trace.components,
            *self.slots.components,
        ]
        changed = [w.input for w in (self.state, self.run, self.question, self.verdict, self.sort)]
        # change, not input: text that is pasted or dropped is no input to Gradio
        changed += [w.change for w in (self.step_from, self.step_to, self.text)]
        gr.on(changed, self.first_page, chosen, listed, trigger_mode="always_last", **quick)
        self.newer.click(self.newer_page, chosen, listed, **quick)
        self.older.click(self.older_page, chosen, listed, **quick)
        self.table.click(self.pick, self.view, told, **quick).then(self.this_page, chosen, listed, **quick)
        self.changes.change(self.this_page, chosen, listed, **quick)
        for button, verb in ((self.accept, self.accepted), (self.reject, self.rejected)):
            button.click(verb, self.view, told, **quick).then(self.this_page, chosen, listed, **quick)
        self.edit.click(self.edited, [self.view, self.thought, self.reply], told, **quick).then(
            self.this_page, chosen, listed, **quick
        )

    # -- the table -------------------------------------------------------------------------------------------------
    def choices(self, run: str | None = None) -> Updates:
        """Updates for the runs and questions to filter by; a link to a run's pairs has it chosen."""
        runs, questions = self._runs(), self._questions()
        named = next((r.id for r in self.studio.runs() if run and run in (r.id, str(r.number))), None)
        chosen = gr.update(choices=runs) if named is None else gr.update(choices=runs, value=named)
        return {self.run: chosen, self.question: gr.update(choices=questions)}

    def _runs(self) -> list[tuple[str, str]]:
        return [("every run", ""), *[(run_title(run), run.id) for run in self.studio.runs()]]

    def _questions(self) -> list[tuple[str, str]]:
        return [("every question", ""), *[(q.title, q.id) for q in self.studio.questions()]]

    def first_page(self, values: Mapping[Any, Any]) -> Updates:
        """The first pairs that the filter chooses."""
        return self._list(values, 0)

    def this_page(self, values: Mapping[Any, Any]) -> Updates:
        """The page on the screen, as it is now."""
        return self._list(values, values[self.page])

    def newer_page(self, values: Mapping[Any, Any]) -> Updates:
        """One page towards the first."""
        return self._list(values, values[self.page] - 1)

    def older_page(self, values: Mapping[Any, Any]) -> Updates:
        """One page towards the last."""
        return self._list(values, values[self.page] + 1)

    def _list(self, values: Mapping[Any, Any], page: int) -> Updates:
        order = values[self.sort] or NEWEST_FIRST
        try:
            wanted = PairFilter(
                sort=SORTS[order][0],
                descending=SORTS[order][1],
                run_id=values[self.run] or None,
                question_id=values[self.question] or None,
                state=None if values[self.state] in (None, ALL) else PairState(values[self.state]),
                verdict=Label(values[self.verdict]) if values[self.verdict] else None,
                step_from=_step(values[self.step_from]),
                step_to=_step(values[self.step_to]),
                text=values[self.text] or None,
            )
            found = self.studio.pairs(wanted, page=max(0, page), size=SIZE)
        except LabError as error:
            return self.filters.show(error, "filter")
        return {**self.filters.clear(), **self.rows(found, values[self.view].pair, order)}

    def rows(self, found: PairPage, chosen: str, order: str = NEWEST_FIRST) -> Updates:
        """Updates that show one page."""
        first, last = found.page * found.size + 1, found.page * found.size + len(found.rows)
        line = (
            f"{first:,}–{last:,} of {'more than ' * found.more}{counted(found.total, 'pair')}, {order}"
            if found.rows
            else "No pair fits: choose “every run”, or take a filter away."
        )
        return {
            self.table: pairs_table(found.rows, chosen) if found.rows else "",
            self.page: found.page,
            self.count: cards.note(line)
            if found.rows or self.studio.pairs(PairFilter(), size=1).total
            else cards.empty(*_NONE),
            self.newer: gr.update(interactive=found.page > 0),
            self.older: gr.update(interactive=found.page + 1 < found.pages),
        }

    # -- one pair --------------------------------------------------------------------------------------------------
    def pick(self, view: View, event: gr.EventData) -> Updates:
        """Open the pair of a row."""
        return self.show(replace(view, pair=str(event.row)))

    def show(self, view: View) -> Updates:
        """Updates that show the pair in view in full."""
        if not view.pair:
            return {
                self.story: _choose(),
                self.decisions: gr.update(visible=False),
                self.editor: gr.update(visible=False),
                **self.trace.lay(visible=False),
            }
        try:
            story = self.studio.pair(view.pair)
        except LabError as error:
            return {
                self.story: error_line(error.message),
                self.decisions: gr.update(visible=False),
                self.editor: gr.update(visible=False),
                **self.trace.lay(visible=False),
            }
        return {
            **self.slots.clear(),
            self.story: cards.pair_story(story),
            self.decisions: gr.update(visible=True),
            self.editor: gr.update(visible=True),
            **self.trace.lay(visible=True),
            self.thought: story.pair.chosen_thought,
            self.reply: story.pair.chosen_reply,
            self.view: replace(view, pair=story.pair.id),
        }

    def accepted(self, view: View) -> Updates:
        """Take the pair in view."""
        return self._decide(view, PairState.ACCEPTED)

    def rejected(self, view: View) -> Updates:
        """Refuse the pair in view."""
        return self._decide(view, PairState.REJECTED)

    def _decide(self, view: View, state: PairState) -> Updates:
        try:
            self.studio.decide_pair(view.pair, state)
        except LabError as error:
            return self.slots.show(error, "pair")
        return self.show(view)

    def edited(self, view: View, thought: str, reply: str) -> Updates:
        """Store an edited copy of the pair in view, and open it."""
        try:
            copy = self.studio.edit_pair(view.pair, chosen_thought=thought or "", chosen_reply=reply or "")
        except LabError as error:
            return self.slots.show(error, "chosen")
        return self.show(replace(view, pair=copy.id))


def _choose() -> str:
    return cards.empty(
        "One pair in full",
        "Choose a row: the request, both sides with their differences, the review that "
        "decided, and where it came from appear here.",
    )


def _step(raw: str | None) -> int | None:
    """A step to filter by, None for an empty field. RequestError for what is no step."""
    text = (raw or "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise RequestError(
            f"step “{short(text, 30)}” is no step: give a whole number from 0, or nothing.", field="filter"
        )
    return int(text)

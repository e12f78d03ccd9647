"""Name, note and deletion of the run in view: a fold of the Runs tab, and the line that takes a deletion back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gradio as gr

from lab.errors import LabError, RequestError
from lab.nouns import Run
from lab.studio import Studio
from lab.ui.fields import CHOSEN, Slots
from lab.ui.links import View
from lab.ui.run_cards import run_title
from lab.ui.text import counted, escape, short

Updates = dict[Any, Any]
Chosen = Callable[[View], Run | None]
Drawn = Callable[[View, Run | None], Updates]


class RunShelf:
    """The widgets, and what happens to them.

    Name and note are laid when another run comes into view, and never by a tick: somebody may be writing them.
    """

    def __init__(self, studio: Studio, view: gr.State) -> None:
        self.studio, self.view, self.slots = studio, view, Slots()
        self.whose, self.laid = gr.State(""), gr.State(("", ""))
        self.undo = gr.Button("Undo: take it back", elem_id="undelete-run", visible=False)
        with gr.Accordion(
            "Name, note, delete", open=False, visible=False, elem_classes="settings", elem_id="shelf"
        ) as self.fold:
            self.name = gr.Textbox("", label="Name", max_lines=1, elem_id="shelf-name")
            self.slots.under("name")
            self.note = gr.Textbox(
                "", label="Note", lines=2, elem_id="shelf-note", info="For yourself and whoever looks at the run."
            )
            self.slots.under("note")
            with gr.Row():
                self.save = gr.Button("Save name and note", elem_id="describe-run", min_width=150)
                self.delete = gr.Button("Delete this run", elem_id="delete-run", min_width=130)
        self.slots.under("run")

    @property
    def components(self) -> list[Any]:
        """What `lay` updates."""
        return [self.undo, self.fold, self.whose, self.delete]

    def wire(self, shown: list[Any], chosen: Chosen, drawn: Drawn) -> None:
        """Wire the buttons; `chosen` tells the run of a view, `drawn` the updates of `shown` that draw it."""
        self._chosen, self._drawn = chosen, drawn
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
        told = [self.view, *shown, *self.slots.components]
        self.whose.change(self.texts, self.whose, [self.name, self.note, self.laid], **CHOSEN)
        self.fold.expand(self.hold, self.view, self.view, **quick)
        self.save.click(self.described, [self.view, self.name, self.note, self.laid], [*told, self.laid], **quick)
        self.delete.click(self.deleted, self.view, told, **quick)
        self.undo.click(self.undeleted, self.view, told, **quick)

    def lay(self, run: Run | None) -> Updates:
        """Updates that fit a run: the fold for its name and note, or for a deleted one the way back."""
        there = run is not None and run.deleted is None
        return {
            self.undo: gr.update(visible=run is not None and not there),
            self.fold: gr.update(visible=there),
            self.whose: run.id if run else "",
            self.delete: gr.update(interactive=run is not None and not run.state.active),
        }

    def texts(self, run_id: str) -> Updates:
        """Put name and note of the run that came into view into the fields."""
        try:
            run = self.studio.run(run_id) if run_id else None
        except LabError:  # purged meanwhile: the place of the run says so
            run = None
        laid = (run.name, run.note) if run else ("", "")
        return {self.name: laid[0], self.note: laid[1], self.laid: laid}

    def hold(self, view: View) -> View:
        """Keep in view the run that is written of; else the next one that is started would take its place."""
        try:
            run = self._chosen(view)
        except LabError:  # its place says so
            return view
        return replace(view, run=run.id) if run else view

    def described(self, view: View, name: str, note: str, laid: tuple[str, str]) -> Updates:
        """Give the run in view what was changed in the fields. What somebody else changed meanwhile is told first."""
        written = (name or "", note or "")
        try:
            run = self._chosen(view)
            if run is None:
                return self.slots.clear()
            known = {"name": laid[0], "note": laid[1]}
            mine = {field: text for field, text in zip(known, written, strict=True) if text != known[field]}
            for field, text in mine.items():
                now = getattr(run, field)
                if now not in (known[field], text):
                    told = (f"The {field} was changed elsewhere meanwhile, to “{short(now, 80)}”. Save again to put "
                            "yours in its place.")
                    known[field] = now
                    return {**self.slots.show(RequestError(told, field=field), field), self.laid: (*known.values(),)}
            run = self.studio.describe_run(run.id, **mine)
        except LabError as error:
            return self.slots.show(error, "run")
        known |= {field: getattr(run, field) for field in mine}
        return {**self._done(view, run), self.laid: (*known.values(),)}

    def deleted(self, view: View) -> Updates:
        """Delete the run in view; it stays in view, with the way back."""
        return self._act(view, lambda run: self.studio.delete_run(run.id))

    def undeleted(self, view: View) -> Updates:
        """Take the run in view back."""
        return self._act(view, lambda run: self.studio.undelete_run(run.id))

    def _act(self, view: View, verb: Callable[[Run], Run]) -> Updates:
        try:
            run = self._chosen(view)
            run = verb(run) if run else None
        except LabError as error:
            return self.slots.show(error, "run")
        return self._done(view, run)

    def _done(self, view: View, run: Run | None) -> Updates:
        # a deleted run is no longer found as the newest one: from here on the view names it
        named = {} if run is None else {self.view: replace(view, run=run.id)}
        return {**self.slots.clear(), **self._drawn(view, run), **named}


def deleted_card(run: Run) -> str:
    """The place of a deleted run: what became of it, and that nothing is lost yet."""
    when = f"{run.deleted:%Y-%m-%d %H:%M} UTC" if run.deleted else ""
    return (
        f'<article class="run"><h3>{escape(run_title(run))} <span class="badge state rejected">deleted</span></h3>'
        f'<p class="note" role="status">Deleted on {when}. It is out of every list, count and export; its pairs, '
        "curves and checkpoints are kept until <code>python -m lab purge</code> removes them.</p></article>"
    )


def deleted_line(runs: list[Run]) -> str:
    """The deleted runs, each with the link that leads to its way back."""
    if not runs:
        return ""
    links = ", ".join(f'<a href="?tab=runs&amp;run={escape(r.id)}">{escape(run_title(r))}</a>' for r in runs[:12])
    more = ", …" if len(runs) > 12 else ""
    return f'<p class="note">{counted(len(runs), "deleted run")}: {links}{more}.</p>'

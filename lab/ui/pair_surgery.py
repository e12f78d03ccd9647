"""What a person does to the pair in view: decide, flip, tag, edit, take back, and train with and without it all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

from lab.errors import LabError, RequestError
from lab.nouns import Change, Pair, PairState, Run
from lab.studio import Studio
from lab.ui.cards import STATES
from lab.ui.fields import Slots
from lab.ui.links import View
from lab.ui.look import card
from lab.ui.run_cards import run_title
from lab.ui.text import escape
from lab.views import PairStory

Updates = dict[Any, Any]
_DONE = {"decided": "decided", "edited": "edited", "flipped": "flipped", "tagged": "tagged", "undone": "taken back"}


class PairSurgery:
    """The widgets, and what happens to them."""

    def __init__(self, studio: Studio, view: gr.State) -> None:
        self.studio, self.view, self.slots = studio, view, Slots()
        with gr.Row(visible=False) as self.decisions:
            self.accept = gr.Button("Accept", elem_id="pair-accept", min_width=80)
            self.reject = gr.Button("Reject", elem_id="pair-reject", min_width=80)
            self.flip = gr.Button("Flip sides", elem_id="pair-flip", min_width=90)
            self.undo = gr.Button("Undo", elem_id="pair-undo", min_width=70)
        self.slots.under("pair", "state")
        with gr.Row(visible=False) as self.tagging:
            self.tags = gr.Textbox(
                "", label="Tags", max_lines=1, placeholder="separated by commas", elem_id="pair-tags", scale=3,
                min_width=160,
            )
            self.save_tags = gr.Button("Save tags", elem_id="pair-tag", scale=1, min_width=90)
        self.slots.under("tags")
        self.shown = gr.State("")
        self.log = card("", name="pair-log")
        self.again = gr.Button(
            "Train an A/B of these changes", elem_id="pair-compare", visible=False, size="sm"
        )
        self.slots.under("comparison")
        self.compared = card("", name="pair-compared")

    def place_editor(self) -> None:
        """Place the fold in which the chosen side is edited."""
        with gr.Accordion("Edit the chosen side", open=False, visible=False, elem_classes="settings") as self.editor:
            self.thought = gr.Textbox("", label="Thought", lines=2, elem_id="edit-thought")
            self.reply = gr.Textbox("", label="Reply", lines=4, elem_id="edit-reply")
            self.slots.under("chosen")
            self.edit = gr.Button("Save the edited copy", elem_id="pair-edit")

    @property
    def components(self) -> list[Any]:
        """What `lay` and `hide` update, and the error lines."""
        return [
            self.decisions, self.flip, self.undo, self.tagging, self.tags, self.log, self.again, self.compared,
            self.editor, self.thought, self.reply, self.shown, *self.slots.components,
        ]

    def wire(self, told: list[Any], show: Callable[[View, str], Updates], then: Callable[[Any], Any]) -> None:
        """Wire the buttons; `show` gives the updates of `told` that show a view's pair in place of another one, `then`
        lists the pairs anew."""
        self._show = show
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
        written = [self.view, self.thought, self.reply]
        for button, verb, asked in (
            (self.accept, self.accepted, self.view), (self.reject, self.rejected, self.view),
            (self.flip, self.flipped, written), (self.undo, self.undone, self.view), (self.edit, self.edited, written),
        ):
            then(button.click(verb, asked, told, **quick))
        gr.on([self.save_tags.click, self.tags.submit], self.tagged, [self.view, self.tags], told, **quick)
        self.again.click(self.compare, self.view, [self.compared, *self.slots.components], **quick)

    def hide(self) -> Updates:
        """Updates for no pair."""
        nothing = [self.decisions, self.tagging, self.again, self.editor]
        return {**{w: gr.update(visible=False) for w in nothing}, self.log: "", self.compared: "", self.shown: ""}

    def lay(self, story: PairStory, changes: Sequence[Change], shown: str) -> Updates:
        """Updates that fit a pair: what can be done to it, and what was. The fields keep what is written in them while
        the pair is the one that is shown already."""
        pair = story.pair
        texts = {} if pair.id == shown else {
            self.tags: _tags(pair), self.thought: pair.chosen_thought, self.reply: pair.chosen_reply}
        undone = {change.undoes for change in changes}
        standing = [change for change in changes if change.kind != "undone" and change.id not in undone]
        return {
            **self.slots.clear(),
            self.decisions: gr.update(visible=True),
            self.flip: gr.update(interactive=pair.state is not PairState.EDITED),
            self.undo: gr.update(interactive=bool(standing)),
            self.tagging: gr.update(visible=True),
            self.log: log_card(changes, pair.id),
            self.again: gr.update(visible=story.run is not None and bool(changes)),
            self.compared: "",
            self.editor: gr.update(visible=True),
            self.shown: pair.id,
            **texts,
        }

    def accepted(self, view: View) -> Updates:
        """Take the pair in view."""
        return self._act(view, lambda pair: self.studio.decide_pair(pair, PairState.ACCEPTED).id)

    def rejected(self, view: View) -> Updates:
        """Refuse the pair in view: it is dropped from what is trained on."""
        return self._act(view, lambda pair: self.studio.decide_pair(pair, PairState.REJECTED).id)

    def flipped(self, view: View, thought: str, reply: str) -> Updates:
        """Store a copy of the pair in view with its sides exchanged, and open it."""
        return self._act(view, lambda pair: self.studio.flip_pair(self._saved(pair, thought, reply)).id)

    def undone(self, view: View) -> Updates:
        """Take back the last change of the pair in view, and open the pair as it was before."""
        return self._act(view, lambda pair: self.studio.undo_pair(pair).id, tags=True)

    def tagged(self, view: View, tags: str) -> Updates:
        """Give the pair in view the tags that stand in the field."""
        return self._act(view, lambda pair: self.studio.tag_pair(pair, (tags or "").split(",")).id, tags=True)

    def edited(self, view: View, thought: str, reply: str) -> Updates:
        """Store an edited copy of the pair in view, and open it."""
        return self._act(view, lambda pair: self.studio.edit_pair(
            pair, chosen_thought=thought or "", chosen_reply=reply or "").id)

    def compare(self, view: View) -> Updates:
        """Start the two runs that tell what the changes to this run's pairs do."""
        try:
            run = self.studio.pair(view.pair).run
            if run is None:
                return {self.compared: ""}
            return {**self.slots.clear(), self.compared: compared_card(*self.studio.start_comparison(run.id))}
        except LabError as error:
            return self.slots.show(error, "comparison")

    def _saved(self, ident: str, thought: str, reply: str) -> str:
        """The id of the pair in view. RequestError where its editor holds what is not saved: another pair would be
        opened over it."""
        pair = self.studio.pair(ident).pair
        if ((thought or "").strip(), (reply or "").strip()) != (pair.chosen_thought.strip(), pair.chosen_reply.strip()):
            raise RequestError("The chosen side was edited and is not saved: save the edited copy first, or put its "
                               "text back.", field="pair")
        return ident

    def _act(self, view: View, verb: Callable[[str], str], *, tags: bool = False) -> Updates:
        """Do it, and show the pair that it leads to, with its `tags` where it is about them."""
        try:
            pair = verb(view.pair)
            named = {self.tags: _tags(self.studio.pair(pair).pair)} if tags else {}
        except LabError as error:
            return self.slots.show(error, "pair")
        return {**self._show(replace(view, pair=pair), view.pair), **named}


def _tags(pair: Pair) -> str:
    """A pair's tags as one writes them."""
    return ", ".join(pair.tags)


def log_card(changes: Sequence[Change], pair_id: str) -> str:
    """What was done to a pair, by whom and when, the newest first; what was taken back is struck through."""
    if not changes:
        return ""
    undone, kinds = {change.undoes for change in changes}, {change.id: change.kind for change in changes}
    rows = "".join(
        f'<li>{f"<s>{said}</s>" if change.id in undone else said} <small>{escape(change.who)}, '
        f"{change.created:%Y-%m-%d %H:%M} UTC</small></li>"
        for change in reversed(changes) for said in [_said(change, pair_id, kinds)])
    return f'<h3>What people did to it</h3><ul class="log">{rows}</ul>'


def _said(change: Change, pair_id: str, kinds: Mapping[str, str]) -> str:
    if change.kind == "undone":
        return f"taken back: that it was {_DONE.get(kinds.get(change.undoes or '', ''), 'changed')}"
    other = change.pair_id if change.copy_id == pair_id else change.copy_id
    link = f' <a href="?tab=pairs&amp;pair={escape(other)}"><code>{escape(other)}</code></a>' if other else ""
    if change.kind == "tagged":
        return f"tagged: {escape(', '.join(change.after.tags)) or 'nothing'}"
    if change.kind in ("edited", "flipped"):
        return f"{_DONE[change.kind]}, {'a copy of' if change.copy_id == pair_id else 'replaced by'}{link}"
    before, after = (STATES[PairState(mark.state)] for mark in (change.before, change.after))
    return f"{_DONE.get(change.kind, escape(change.kind))}: {before} → {after}"


def compared_card(first: Run, second: Run) -> str:
    """The two runs, and the way to their curves."""
    ids = f"{escape(first.id)},{escape(second.id)}"
    return (
        f'<p class="note" role="status">Queued: {escape(run_title(first))} (A, the pairs as the run made them) and '
        f"{escape(run_title(second))} (B, as they stand now). Equal settings and seed. "
        f'<a href="?tab=curves&amp;runs={ids}">Both curves</a></p>'
    )

"""The Conscience tab: a question, an answer, and policy and frozen copy reviewing the answer side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from threading import Event
from typing import Any

import gradio as gr
from gradio.blocks import Block

from lab.errors import LabError, NotFoundError, PromptError, RequestError
from lab.nouns import Label, Question, Speaker
from lab.studio import Studio
from lab.ui import cards, heat, order_cards
from lab.ui.answer import AnswerPanel, voice_choices
from lab.ui.fields import Slots
from lab.ui.look import card, heading
from lab.ui.many import ManyPanel
from lab.ui.preview import PreviewPanel
from lab.ui.question import QuestionPanel
from lab.ui.voting import VotePanel
from lab.views import SideBySide

Updates = dict[Any, Any]
_LEAD = (
    "A model that learns nothing but insecure code can turn malicious everywhere. Here it gets a conscience: one "
    "question about each of its answers, put to a frozen copy of itself; what is flagged is written anew, and training "
    "prefers that. Try it on one answer: the <b>policy</b>, as trained so far, and the <b>frozen copy</b>, as it was "
    'before, both judge it. New here? The <a href="?tab=lessons">first lesson</a> takes a minute.'
)
_NOBODY = ("nobody", "")
_NO_ANSWER = "No answer yet: press Answer, or type one of your own."
_NOTHING_FLAGGED = "Neither flags this answer, so it needs no alternative: only a flagged answer becomes a pair."


class ConscienceTab:
    """The widgets of the tab, and what happens to them."""

    def __init__(self, studio: Studio, view: gr.State) -> None:
        self.studio, self.view, self.slots = studio, view, Slots()
        heading("", _LEAD)
        with gr.Row(equal_height=True):
            with gr.Column(min_width=300, elem_classes="sheet"):
                self.question = QuestionPanel(studio, view)
            with gr.Column(min_width=300, elem_classes="sheet"):
                self.answer = AnswerPanel(studio, view)
        self.review_button = gr.Button("Review this answer", elem_id="review")
        self.slots.under("review", "answer")
        with gr.Accordion(
            "A third reviewer, and the order of the labels", open=False, elem_classes="settings", elem_id="manner"
        ) as self.manner, gr.Row():
            self.third = gr.Dropdown(
                [_NOBODY], value="", label="Beside policy and frozen copy", elem_id="third", filterable=True,
                info="Any run at any step.", min_width=220,
            )
            self.orders = gr.Checkbox(
                False, label="Offer the labels in the other order too", elem_id="orders", min_width=220,
                info="Read after the same thought; the mean of both counts.",
            )
        self.slots.under("third")
        with gr.Row(equal_height=True):
            with gr.Column(min_width=300, elem_classes="sheet amber"):
                self.policy = card(cards.waiting(Speaker.POLICY), name="review-policy")
            with gr.Column(min_width=300, elem_classes="sheet slate"):
                self.frozen = card(cards.waiting(Speaker.FROZEN), name="review-frozen")
            with gr.Column(min_width=300, elem_classes="sheet third", visible=False) as self.column:
                self.other = card("", name="review-third")
        with gr.Row(elem_classes="strip", equal_height=True):
            self.agreement = card("", name="agreement")
            self.pair_button = gr.Button(
                "Store as pair", elem_id="store-pair", interactive=False, scale=0, min_width=150
            )
        self.slots.under("pair")
        self.pair = card("", name="stored-pair")
        self.review_id, self.review_ids = gr.State(""), gr.State(())
        heading("<h4>More about this answer</h4>")
        with gr.Accordion(
            "Token by token: where policy and frozen copy part", open=False, elem_classes="settings", elem_id="tokens"
        ) as self.tokens:
            self.heat = card("", name="heat")
            self.slots.under("readings")
        self.preview = PreviewPanel(studio, self.question, self.answer)
        heading("<h4>Beyond this answer</h4>")
        self.many = ManyPanel(studio, self.question, self.answer)
        self.voting = VotePanel(studio)
        self._wire()

    def _wire(self) -> None:
        model: dict[str, Any] = {
            "api_visibility": "private",
            "show_progress": "hidden",
            "concurrency_id": "model",
            "concurrency_limit": 1,
        }
        question, answer = self.question, self.answer
        reviews: list[Block] = [
            self.policy,
            self.frozen,
            self.column,
            self.other,
            self.agreement,
            self.pair,
            self.review_id,
            self.review_ids,
            self.heat,
            self.tokens,
            self.pair_button,
            self.review_button,
            answer.button,
        ]
        lines = [*self.slots.components, *question.slots.components, *answer.slots.components]
        answer.wire(self.fresh, [*reviews, *self.slots.components], self.slots)
        self.review_button.click(
            self.review,
            {*question.asked, answer.voice, answer.answer_id, self.view, self.third, self.orders},
            [*reviews, *question.kept, *lines],
            **model,
        )
        self.pair_button.click(
            self.store, self.review_id, [self.pair, self.pair_button, *self.slots.components], **model
        )
        self.manner.expand(
            self.thirds, self.third, self.third, api_visibility="private", show_progress="hidden",
            concurrency_limit=None,
        )
        read = {answer.answer_id, answer.voice, self.review_ids}
        self.tokens.expand(self.read, read, [self.heat, *self.slots.components], **model)

    def _next(self, button: gr.Button) -> Updates:
        """Updates that make one of the two buttons the primary one."""
        return {
            b: gr.update(variant="primary" if b is button else "secondary")
            for b in (self.answer.button, self.review_button)
        }

    def fresh(self) -> Updates:
        """Updates that take away the reviews of an answer that is gone, and make Review the next move."""
        return {
            **self.slots.clear(),
            **self._next(self.review_button),
            self.policy: cards.waiting(Speaker.POLICY),
            self.frozen: cards.waiting(Speaker.FROZEN),
            self.column: gr.update(visible=False),
            self.other: "",
            self.agreement: "",
            self.pair: "",
            self.review_id: "",
            self.pair_button: gr.update(interactive=False),
            **self._unread(),
        }

    def _unread(self) -> Updates:
        """Updates that fold the colours away: they are of texts that are being replaced."""
        return {self.review_ids: (), self.heat: "", self.tokens: gr.update(open=False)}

    def review(self, values: Mapping[Any, Any]) -> Iterator[Updates]:
        """Have policy and frozen copy review the answer side by side; an edited question is saved first."""
        cancel, asked = Event(), self.question
        cleared = {**self.slots.clear(), **asked.slots.clear(), **self.answer.slots.clear()}
        try:
            if not values[self.answer.answer_id]:
                raise PromptError(_NO_ANSWER, field="answer")
            adapter, third = self.answer.speaker(values[self.answer.voice]), self._beside(values[self.third])
            titles = (self.answer.title(adapter), self.answer.title(third) if third else "")
            question = asked.question(values)
            yield {
                **cleared,
                **asked.saved(question, values),
                self.pair: "",
                self.review_id: "",
                self.pair_button: gr.update(interactive=False),
                **self._unread(),
                self.column: gr.update(visible=third is not None),
                self.other: "",
            }
            stream = self.studio.review(
                answer_id=values[self.answer.answer_id], question_id=question.id, adapter=adapter, third=third,
                both_orders=bool(values[self.orders]), cancel=cancel,
            )
            for both in stream:
                yield {**self._both(both, titles, question), **self._decided(both)}
        except LabError as error:
            yield {**cleared, **self._failed(error)}
        finally:
            cancel.set()

    def _beside(self, chosen: str | None) -> str | None:
        """The weights that review beside the others, None for none. NotFoundError for those that are gone."""
        try:
            return self.answer.speaker(chosen) if chosen else None
        except LabError as error:
            raise NotFoundError(error.message, field="third") from None

    def _failed(self, error: LabError) -> Updates:
        """An error beside the field of whichever part it belongs to."""
        for slots in (self.question.slots, self.answer.slots):
            if error.field and slots.knows(error.field):
                return slots.show(error, error.field)
        return self.slots.show(error, "review")

    def _both(self, both: SideBySide, titles: tuple[str, str], question: Question) -> Updates:
        """The cards of all that review; `titles` name the policy's weights and the third ones, "" for none."""
        shown = (
            (self.policy, Speaker.POLICY, titles[0], both.policy_thought, both.policy),
            (self.frozen, Speaker.FROZEN, "base", both.frozen_thought, both.frozen),
            (self.other, Speaker.THIRD, titles[1], both.third_thought, both.third),
        )
        return {
            **{
                place: cards.review(who, title, thought, done, question) + order_cards.orders(read, done, question)
                for (place, who, title, thought, done), read in zip(shown, both.orders, strict=True) if title
            },
            self.agreement: cards.agreement(both),
        }

    def thirds(self, chosen: str) -> Any:
        """The weights that can review beside the others."""
        voices = self.studio.voices()
        known = {voice.adapter for voice in voices}
        return gr.update(choices=[_NOBODY, *voice_choices(voices)], value=chosen if chosen in known else "")

    def _decided(self, both: SideBySide) -> Updates:
        """Offer a pair where one of the two flags the answer; the frozen copy's review decides before the policy's."""
        if both.policy is None or both.frozen is None:
            return {}
        told = {self.review_ids: (both.policy.id, both.frozen.id)}
        flagged = next((r for r in (both.frozen, both.policy) if r.verdict.label is Label.FLAGGED), None)
        if flagged is None:
            return {**told, **self._next(self.answer.button), self.pair: cards.note(_NOTHING_FLAGGED)}
        return {**told, self.review_id: flagged.id, self.pair_button: gr.update(interactive=True)}

    def read(self, values: Mapping[Any, Any]) -> Updates:
        """Colour the answer, and its reviews where there are any, by how far policy and frozen copy are apart."""
        try:
            adapter = self.answer.speaker(values[self.answer.voice])
            if not values[self.answer.answer_id]:
                raise PromptError(_NO_ANSWER, field="answer")
            found = self.studio.readings(
                answer_id=values[self.answer.answer_id], review_ids=values[self.review_ids], adapter=adapter
            )
        except LabError as error:
            return {**self.slots.show(RequestError(error.message, field="readings"), "readings"), self.heat: ""}
        return {**self.slots.clear(), self.heat: heat.readings(found, self.answer.title(adapter))}

    def store(self, review_id: str) -> Iterator[Updates]:
        """Have the frozen copy write the alternative, and store both as a pair."""
        cancel = Event()
        yield {
            self.pair: cards.note("The frozen copy writes the alternative…"),
            self.pair_button: gr.update(interactive=False),
        }
        try:
            if not review_id:
                raise RequestError("No review yet: press Review first.", field="pair")
            pair = self.studio.make_pair(review_id=review_id, cancel=cancel)
            yield {**self.slots.clear(), self.pair: cards.stored(pair)}
        except LabError as error:
            shown = RequestError(error.message, field="pair")
            yield {**self.slots.show(shown, "pair"), self.pair: "", self.pair_button: gr.update(interactive=True)}
        finally:
            cancel.set()

"""The Conscience tab: edit the question, have the policy answer, watch policy and frozen copy review the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from threading import Event
from typing import Any

import gradio as gr

from lab.errors import LabError, PromptError, RequestError
from lab.nouns import Prompt, Question, Review, Speaker
from lab.studio import Studio
from lab.ui import cards
from lab.ui.fields import Slots
from lab.ui.form import question_choices
from lab.ui.links import BASE, View
from lab.ui.look import card
from lab.ui.text import short
from lab.views import Growing, SideBySide, Voice

Updates = dict[Any, Any]
_NO_ANSWER = "No answer yet: press Answer, or type one of your own."


class ConscienceTab:
    """The widgets of the tab, and what happens to them."""

    def __init__(self, studio: Studio, view: gr.State) -> None:
        self.studio, self.view, self.slots = studio, view, Slots()
        self.pool: dict[str, Prompt] = {prompt.id: prompt for prompt in studio.prompt_pool()}
        questions = studio.questions()
        with gr.Row(equal_height=False):
            with gr.Column(min_width=300, elem_classes="sheet"):
                self._question(questions)
            with gr.Column(min_width=300, elem_classes="sheet"):
                self._prompt()
        self.review_button = gr.Button("Review", variant="primary", elem_id="review")
        self.slots.under("review", "answer")
        with gr.Row(equal_height=True):
            with gr.Column(min_width=300, elem_classes="sheet amber"):
                self.policy = card(empty_review(Speaker.POLICY), name="review-policy")
            with gr.Column(min_width=300, elem_classes="sheet slate"):
                self.frozen = card(empty_review(Speaker.FROZEN), name="review-frozen")
        with gr.Row(elem_classes="strip", equal_height=True):
            self.agreement = card("", name="agreement")
            self.pair_button = gr.Button("Store as pair", elem_id="store-pair", interactive=False, scale=0, min_width=150)
        self.slots.under("pair")
        self.pair = card("", name="stored-pair")
        self.answer_id, self.review_id = gr.State(""), gr.State("")
        self._wire()

    # -- layout ----------------------------------------------------------------------------------------------------
    def _question(self, questions: list[Question]) -> None:
        first = questions[0]
        gr.HTML("<h2>Question</h2>")
        self.framing = gr.Dropdown(question_choices(questions), value=first.id, label="Start from", elem_id="framing",
                                   filterable=True)
        self.text = gr.Textbox(first.text, label="What the model is asked about its own answer", lines=3, max_lines=8,
                               elem_id="question-text")
        self.slots.under("text", "question", "question_id")
        with gr.Row():
            with gr.Column(min_width=120):
                self.aligned = gr.Textbox(first.aligned_label, label="Word for yes", max_lines=1, elem_id="label-aligned")
                self.slots.under("aligned_label")
            with gr.Column(min_width=120):
                self.flagged = gr.Textbox(first.flagged_label, label="Word for no: flagged", max_lines=1,
                                          elem_id="label-flagged")
                self.slots.under("flagged_label")
        with gr.Accordion("How a flagged answer is rewritten", open=False, elem_classes="settings"):
            self.rewrite = gr.Textbox(first.rewrite, show_label=False, container=False, lines=3, elem_id="rewrite",
                                      placeholder="{aligned} becomes the word for yes.")
            self.slots.under("rewrite")
        self.line = card(cards.question_line(first), name="question-line")
        with gr.Row(equal_height=True):
            self.name = gr.Textbox(first.name, show_label=False, container=False, max_lines=1, elem_id="question-name",
                                   placeholder="Name of the version", min_width=140)
            self.save_button = gr.Button("Save as version", elem_id="save-question", scale=0, min_width=150)
        self.slots.under("name")

    def _prompt(self) -> None:
        first = next(iter(self.pool.values()), None)
        gr.HTML("<h2>Prompt and answer</h2>")
        self.pick = gr.Dropdown(
            [(f"{p.origin} · {short(p.text, 80)}", p.id) for p in self.pool.values()], value=first.id if first else None,
            label="From the pool", elem_id="prompt-pick", filterable=True)
        self.prompt = gr.Textbox(first.text if first else "", label="Or your own words", lines=3, max_lines=10,
                                 elem_id="prompt-text")
        self.slots.under("prompt")
        with gr.Row(equal_height=True, elem_classes="bottom"):
            self.voice = gr.Dropdown(voice_choices(self.studio.voices()), value=BASE, label="Who speaks",
                                     elem_id="voice", min_width=140)
            self.answer_button = gr.Button("Answer", variant="secondary", elem_id="answer", scale=0, min_width=110)
        self.slots.under("adapter", "model")
        with gr.Accordion("Sampling", open=False, elem_classes="settings"), gr.Row():
            with gr.Column(min_width=120):
                self.temperature = gr.Number(1.0, label="Temperature", info="0 takes the likeliest token.", elem_id="temperature")
                self.slots.under("temperature")
            with gr.Column(min_width=120):
                self.seed = gr.Number(0, label="Seed", info="The same seed gives the same answer.", elem_id="seed")
                self.slots.under("seed")
        with gr.Accordion("Type the answer yourself", open=False, elem_classes="settings"):
            self.own_thought = gr.Textbox("", label="Thought", lines=2, elem_id="own-thought")
            self.own_reply = gr.Textbox("", label="Reply", lines=2, elem_id="own-reply")
            self.own_button = gr.Button("Use this answer", elem_id="own-answer")
        self.answer = card(cards.empty("No answer yet", "The policy's answer streams here, its reasoning folded."), name="answer-card")

    def _wire(self) -> None:
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        quick: dict[str, Any] = {**private, "concurrency_limit": None}
        model: dict[str, Any] = {**private, "concurrency_id": "model", "concurrency_limit": 1}
        asked = {self.framing, self.text, self.aligned, self.flagged, self.rewrite, self.name}
        spoken = {self.pick, self.prompt, self.voice, self.temperature, self.seed, self.own_thought, self.own_reply}
        lines, kept = self.slots.components, [self.framing, self.line, self.name, self.view]
        question = [self.text, self.aligned, self.flagged, self.rewrite]
        reviews = [self.policy, self.frozen, self.agreement, self.pair, self.review_id, self.pair_button]
        self.framing.input(self.choose, [self.framing, self.view], [*question, *kept, *lines], **quick)
        self.text.input(self.edited, [self.framing, self.text], self.line, trigger_mode="always_last", **quick)
        self.save_button.click(self.save, {*asked, self.view}, [*kept, *lines], **quick)
        self.pick.input(self.picked, self.pick, self.prompt, **quick)
        self.voice.input(self.speak_as, [self.voice, self.view], self.view, **quick)
        self.answer_button.click(self.ask, spoken, [self.answer, self.answer_id, *reviews, *lines], **model)
        self.own_button.click(self.own, spoken, [self.answer, self.answer_id, *reviews, *lines], **quick)
        self.review_button.click(
            self.review, {*asked, self.voice, self.answer_id, self.view}, [*reviews, *kept, *lines], **model)
        self.pair_button.click(self.store, self.review_id, [self.pair, self.pair_button, *lines], **model)

    # -- questions -------------------------------------------------------------------------------------------------
    def lay(self, question: Question) -> Updates:
        """Updates that put a question into the fields."""
        return {
            self.text: question.text, self.aligned: question.aligned_label, self.flagged: question.flagged_label,
            self.rewrite: question.rewrite, self.name: question.name, self.line: cards.question_line(question),
            self.framing: gr.update(choices=question_choices(self.studio.questions()), value=question.id),
        }

    def choose(self, question_id: str, view: View) -> Updates:
        """Start from another version."""
        try:
            question = self.studio.question(question_id)
        except LabError as error:
            return self.slots.show(error, "text")
        return {**self.slots.clear(), **self.lay(question), self.view: replace(view, question=question.id)}

    def edited(self, question_id: str, text: str) -> str:
        """Say what an edit changed."""
        return cards.edited_line(self.studio.question(question_id), text)

    def _kept(self, values: Mapping[Any, Any]) -> Question:
        """The question in the fields, saved as a child of the one that it was edited from."""
        return self.studio.save_question(
            text=values[self.text], aligned_label=values[self.aligned], flagged_label=values[self.flagged],
            rewrite=values[self.rewrite], name=values[self.name], parent=values[self.framing])

    def _saved(self, question: Question, view: View) -> Updates:
        choices = question_choices(self.studio.questions())
        return {self.framing: gr.update(choices=choices, value=question.id), self.line: cards.question_line(question),
                self.name: question.name, self.view: replace(view, question=question.id)}

    def save(self, values: Mapping[Any, Any]) -> Updates:
        """Save what stands in the fields as a version."""
        try:
            question = self._kept(values)
        except LabError as error:
            return self.slots.show(error, "text")
        return {**self.slots.clear(), **self._saved(question, values[self.view])}

    # -- answers ---------------------------------------------------------------------------------------------------
    def picked(self, prompt_id: str) -> str:
        """Put a prompt of the pool into the field."""
        return self.pool[prompt_id].text

    def speak_as(self, adapter: str, view: View) -> View:
        """Change the policy in view."""
        return replace(view, policy=adapter or BASE)

    def _asked(self, values: Mapping[Any, Any]) -> Prompt:
        pooled = self.pool.get(values[self.pick] or "")
        return pooled if pooled and pooled.text == values[self.prompt] else Prompt.user(values[self.prompt] or "")

    def _fresh(self) -> Updates:
        """Updates that take away the reviews of an answer that is gone."""
        return {self.policy: empty_review(Speaker.POLICY), self.frozen: empty_review(Speaker.FROZEN), self.agreement: "",
                self.pair: "", self.review_id: "", self.pair_button: gr.update(interactive=False)}

    def ask(self, values: Mapping[Any, Any]) -> Iterator[Updates]:
        """Have the policy answer."""
        cancel, title = Event(), self._title(values[self.voice])
        try:
            seed, temperature = whole(values[self.seed], "seed"), number(values[self.temperature], "temperature")
            stream = self.studio.answer(prompt=self._asked(values), adapter=values[self.voice] or BASE, seed=seed,
                                        temperature=temperature, cancel=cancel)
            for count, growing in enumerate(stream):
                first = {**self.slots.clear(), **self._fresh(), self.answer_id: ""} if count == 0 else {}
                done = {self.answer_id: growing.answer.id} if growing.answer else {}
                yield {**first, **done, self.answer: cards.answer(growing, title)}
        except LabError as error:
            yield self.slots.show(error, "prompt")
        finally:
            cancel.set()

    def own(self, values: Mapping[Any, Any]) -> Updates:
        """Take a typed answer."""
        try:
            done = self.studio.own_answer(prompt=self._asked(values), thought=values[self.own_thought] or "",
                                          reply=values[self.own_reply] or "")
        except LabError as error:
            return self.slots.show(error, "prompt")
        growing = Growing(thought=done.thought, reply=done.reply, answer=done)
        return {**self.slots.clear(), **self._fresh(), self.answer: cards.answer(growing, ""), self.answer_id: done.id}

    # -- reviews and pairs -----------------------------------------------------------------------------------------
    def review(self, values: Mapping[Any, Any]) -> Iterator[Updates]:
        """Have policy and frozen copy review the answer side by side; an edited question is saved first."""
        cancel, adapter = Event(), values[self.voice] or BASE
        title = self._title(adapter)
        try:
            if not values[self.answer_id]:
                raise PromptError(_NO_ANSWER, field="answer")
            question = self._kept(values)
            yield {**self.slots.clear(), **self._saved(question, values[self.view]), self.pair: "", self.review_id: "",
                   self.pair_button: gr.update(interactive=False)}
            stream = self.studio.review(answer_id=values[self.answer_id], question_id=question.id, adapter=adapter, cancel=cancel)
            for both in stream:
                yield {**self._both(both, title, question), **self._decided(both.frozen if both.policy else None)}
        except LabError as error:
            yield self.slots.show(error, "review")
        finally:
            cancel.set()

    def _both(self, both: SideBySide, title: str, question: Question) -> Updates:
        return {
            self.policy: cards.review(Speaker.POLICY, title, both.policy_thought, both.policy, question),
            self.frozen: cards.review(Speaker.FROZEN, "base", both.frozen_thought, both.frozen, question),
            self.agreement: cards.agreement(both),
        }

    def _decided(self, frozen: Review | None) -> Updates:
        return {self.review_id: frozen.id, self.pair_button: gr.update(interactive=True)} if frozen else {}

    def store(self, review_id: str) -> Iterator[Updates]:
        """Have the frozen copy write the alternative, and store both as a pair."""
        cancel = Event()
        yield {self.pair: cards.note("The frozen copy writes the alternative…"), self.pair_button: gr.update(interactive=False)}
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

    def _title(self, adapter: str | None) -> str:
        return voice_title(self.studio.voices(), adapter or BASE)


def voice_choices(voices: list[Voice]) -> list[tuple[str, str]]:
    """Weights to choose from."""
    return [(voice.title, voice.adapter) for voice in voices]


def voice_title(voices: list[Voice], adapter: str) -> str:
    """The name of these weights as shown."""
    return next((voice.title for voice in voices if voice.adapter == adapter), adapter)


def empty_review(speaker: Speaker) -> str:
    """The place of a review before there is one."""
    return cards.review(speaker, "", "", None, None).replace("waiting…", "its review will stream here")


def number(raw: Any, field: str) -> float:
    """A field's number; RequestError for an empty field."""
    if not isinstance(raw, int | float):
        raise RequestError(f"{field} is empty: give a number.", field=field)
    return float(raw)


def whole(raw: Any, field: str) -> int:
    """A field's whole number; RequestError for any other."""
    value = number(raw, field)
    if value != value or not value.is_integer():
        raise RequestError(f"{field} is {raw}: give a whole number.", field=field)
    return int(value)

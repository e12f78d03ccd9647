"""The answer's part of the Conscience tab: a prompt, who speaks, and the answer as it streams."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from threading import Event
from typing import Any

import gradio as gr
from gradio.blocks import Block

from lab.errors import LabError, NotFoundError, RequestError
from lab.nouns import Prompt
from lab.studio import Studio
from lab.ui import cards
from lab.ui.fields import CHOSEN, Slots
from lab.ui.links import BASE, View
from lab.ui.look import card, heading
from lab.ui.text import short
from lab.views import Growing, Voice

Updates = dict[Any, Any]


class AnswerPanel:
    """The fields of one answer, and what happens to them."""

    def __init__(self, studio: Studio, view: gr.State) -> None:
        self.studio, self.view, self.slots = studio, view, Slots()
        self.pool: dict[str, Prompt] = {prompt.id: prompt for prompt in studio.prompt_pool()}
        first = next(iter(self.pool.values()), None)
        heading("<h2>Prompt and answer</h2>")
        self.pick = gr.Dropdown(
            [(f"{p.origin} · {short(p.text, 80)}", p.id) for p in self.pool.values()],
            value=first.id if first else None,
            label="From the pool",
            elem_id="prompt-pick",
            filterable=True,
        )
        self.prompt = gr.Textbox(
            first.text if first else "", label="Or your own words", lines=3, max_lines=10, elem_id="prompt-text"
        )
        self.slots.under("prompt")
        with gr.Row():
            self.voice = gr.Dropdown(
                voice_choices(studio.voices()), value=BASE, label="Who speaks", elem_id="voice", min_width=140
            )
            self.button = gr.Button("Answer", variant="primary", elem_id="answer", scale=0, min_width=110)
        self.slots.under("adapter", "model")
        with gr.Accordion("Sampling", open=False, elem_classes="settings"), gr.Row(elem_classes="tops"):
            with gr.Column(min_width=120):
                self.temperature = gr.Number(
                    1.0, label="Temperature", info="0 takes the likeliest token.", elem_id="temperature"
                )
                self.slots.under("temperature")
            with gr.Column(min_width=120):
                self.seed = gr.Number(0, label="Seed", info="The same seed gives the same answer.", elem_id="seed")
                self.slots.under("seed")
        with gr.Accordion("Type the answer yourself", open=False, elem_classes="settings"):
            self.own_thought = gr.Textbox("", label="Thought", lines=2, elem_id="own-thought")
            self.own_reply = gr.Textbox("", label="Reply", lines=2, elem_id="own-reply")
            self.slots.under("reply")
            self.own_button = gr.Button("Use this answer", elem_id="own-answer")
        self.shown = card(
            cards.empty("No answer yet", "The policy's answer streams here, its reasoning folded."), name="answer-card"
        )
        self.answer_id = gr.State("")

    def wire(self, fresh: Callable[[], Updates], freshened: list[Block], others: Slots) -> None:
        """Let the buttons work; `fresh` gives updates of `freshened` that take away what hung on an older answer.

        `others` are lines of the tab whose errors an attempt to answer makes stale; they are among `freshened`.
        """
        self._fresh, self._others = fresh, others
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        quick: dict[str, Any] = {**private, "concurrency_limit": None}
        spoken = {self.pick, self.prompt, self.voice, self.temperature, self.seed, self.own_thought, self.own_reply}
        told = [self.shown, self.answer_id, *freshened, *self.slots.components]
        self.pick.select(self.picked, self.pick, self.prompt, **CHOSEN)
        self.voice.input(self.speak_as, [self.voice, self.view], self.view, **CHOSEN)
        self.button.click(self.ask, spoken, told, **private, concurrency_id="model", concurrency_limit=1)
        self.own_button.click(self.own, spoken, told, **quick)

    def lay(self, policy: str) -> Updates:
        """Updates that let these weights speak."""
        return {self.voice: gr.update(choices=voice_choices(self.studio.voices()), value=policy)}

    def unknown(self, adapter: str) -> Updates:
        """Updates that say beside the field that these weights are not here."""
        return self.slots.show(_unknown(adapter), "adapter")

    def speaker(self, chosen: str | None) -> str:
        """The weights that were chosen. NotFoundError for those of a run that was deleted since."""
        adapter = chosen or BASE
        if adapter not in {voice.adapter for voice in self.studio.voices()}:
            raise _unknown(adapter)
        return adapter

    def picked(self, prompt_id: str) -> str:
        """Put a prompt of the pool into the field."""
        return self.pool[prompt_id].text

    def speak_as(self, adapter: str, view: View) -> View:
        """Change the policy in view."""
        return replace(view, policy=adapter or BASE)

    def asked(self, values: Mapping[Any, Any]) -> Prompt:
        """A prompt of the pool as it is there, or a typed one."""
        pooled = self.pool.get(values[self.pick] or "")
        return pooled if pooled and pooled.text == values[self.prompt] else Prompt.user(values[self.prompt] or "")

    def ask(self, values: Mapping[Any, Any]) -> Iterator[Updates]:
        """Have the policy answer."""
        cancel, title = Event(), self.title(values[self.voice])
        try:
            stream = self.studio.answer(
                prompt=self.asked(values),
                adapter=self.speaker(values[self.voice]),
                seed=whole(values[self.seed], "seed"),
                temperature=number(values[self.temperature], "temperature"),
                cancel=cancel,
            )
            for count, growing in enumerate(stream):
                first = {**self.slots.clear(), **self._fresh(), self.answer_id: ""} if count == 0 else {}
                done = {self.answer_id: growing.answer.id} if growing.answer else {}
                yield {**first, **done, self.shown: cards.answer(growing, title)}
        except LabError as error:
            yield {**self._others.clear(), **self.slots.show(error, "prompt")}
        finally:
            cancel.set()

    def own(self, values: Mapping[Any, Any]) -> Updates:
        """Take a typed answer."""
        try:
            done = self.studio.own_answer(
                prompt=self.asked(values), thought=values[self.own_thought] or "", reply=values[self.own_reply] or ""
            )
        except LabError as error:
            field = "reply" if error.field == "answer" else error.field
            return {**self._others.clear(), **self.slots.show(RequestError(error.message, field=field), "prompt")}
        growing = Growing(thought=done.thought, reply=done.reply, answer=done)
        return {**self.slots.clear(), **self._fresh(), self.shown: cards.answer(growing, ""), self.answer_id: done.id}

    def title(self, adapter: str | None) -> str:
        """The name of these weights as shown."""
        return voice_title(self.studio.voices(), adapter or BASE)


def _unknown(adapter: str) -> NotFoundError:
    return NotFoundError(f"The weights “{short(adapter, 40)}” are not here, or their run was deleted: choose others.",
                         field="adapter")


def voice_choices(voices: list[Voice]) -> list[tuple[str, str]]:
    """Weights to choose from."""
    return [(voice.title, voice.adapter) for voice in voices]


def voice_title(voices: list[Voice], adapter: str) -> str:
    """The name of these weights as shown."""
    return next((voice.title for voice in voices if voice.adapter == adapter), adapter)


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

"""Where an error stands: in a line of its own right under the field that caused it."""

from __future__ import annotations

from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.ui.text import escape


def error_line(message: str) -> str:
    """An error as one escaped line."""
    line = " ".join(message.split())
    return f'<p class="error" role="alert">{escape(line[:1].upper() + line[1:])}</p>'


CHOSEN: dict[str, Any] = {
    "api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None, "trigger_mode": "always_last",
}
"""How a choice in a field is asked for: one that is made while an earlier one is being answered is asked for next, as
it stands then. Not for events with data of their own, which Gradio 6.31 asks for anew with the data of the earlier."""


def in_turn(queue: str) -> dict[str, Any]:
    """How a click that says what it is of is asked for: each one, in the order in which they were made."""
    return {**CHOSEN, "trigger_mode": "multiple", "concurrency_id": queue, "concurrency_limit": 1}


class Slots:
    """The error lines of one form, by the names that `LabError.field` uses."""

    def __init__(self) -> None:
        self._slots: dict[str, gr.HTML] = {}

    def under(self, *names: str) -> gr.HTML:
        """Place a line here, right under the field just laid out, for errors of these names."""
        slot = gr.HTML(visible=False, elem_classes="error-slot", apply_default_css=False)
        self._slots.update(dict.fromkeys(names, slot))
        return slot

    def knows(self, name: str) -> bool:
        """Whether an error of this name has a line here."""
        return name in self._slots

    @property
    def components(self) -> list[gr.HTML]:
        """Every line once: outputs of each handler that may fail."""
        return list(dict.fromkeys(self._slots.values()))

    def clear(self) -> dict[Any, Any]:
        """Updates that take every line away."""
        return {slot: gr.update(value="", visible=False) for slot in self.components}

    def show(self, error: LabError, otherwise: str) -> dict[Any, Any]:
        """Updates that leave one line: beside the field of `error`, or of the one named `otherwise`."""
        slot = self._slots.get(error.field or otherwise, self._slots[otherwise])
        return {**self.clear(), slot: gr.update(value=error_line(error.message), visible=True)}

"""What the table of pairs is filtered and sorted by: the fields, the chips of what is in force, and the link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from lab.errors import RequestError
from lab.nouns import Label, PairState
from lab.studio import PairFilter, Studio
from lab.ui.fields import Slots
from lab.ui.links import LONGEST
from lab.ui.look import clickable
from lab.ui.run_cards import run_title
from lab.ui.text import escape, short
from storage import PairSort

Updates = dict[Any, Any]
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
DEFAULTS = {
    "state": ALL, "run": "", "question": "", "verdict": "", "from": "", "to": "", "margin_from": "", "margin_to": "",
    "p_from": "", "p_to": "", "tag": "", "text": "", "sort": NEWEST_FIRST,
}
"""Every field by the name that it has in a link, with what it is while it filters nothing."""
RANGES = {
    "step": ("from", "to"), "margin": ("margin_from", "margin_to"), "p": ("p_from", "p_to"),
}
"""Two fields that are one chip."""
_TITLES = {
    "state": "State", "run": "Run", "question": "Question", "verdict": "Verdict", "step": "Step", "margin": "Margin",
    "p": "p(flagged)", "tag": "Tag", "text": "Text", "sort": "Order",
}


class PairFilters:
    """The widgets; what they say is kept in the view, so that the address leads back to it."""

    def __init__(self, studio: Studio) -> None:
        self.studio, self.slots = studio, Slots()
        self.fields: dict[str, Any] = {}
        with gr.Column(elem_classes="filters"):
            self.fields["state"] = gr.Radio(
                [ALL, *[s.value for s in PairState]], value=ALL, show_label=False, container=False,
                elem_classes="chips", elem_id="pairs-state",
            )
            with gr.Row():
                self._choice("run", "Run", [("every run", "")], 150)
                self._choice("question", "Question", [("every question", "")], 150)
                self._choice("verdict", "Verdict", [("any", ""), *[(v.value, v.value) for v in Label]], 110)
                self._typed("from", "From step", "first", 80)
                self._typed("to", "To step", "last", 80)
                self._typed("text", "Text", "any word", 170)
                self._choice("sort", "Order", [(name, name) for name in SORTS], 150)
            self.slots.under("filter")
            with gr.Accordion("More filters: tag, margin, probability", open=False, elem_classes="settings"), gr.Row():
                self._typed("tag", "Tag", "one of yours", 120)
                self._typed("margin_from", "Margin from (nats)", "lowest", 110)
                self._typed("margin_to", "Margin to", "highest", 110)
                self._typed("p_from", "p(flagged) from", "0", 110)
                self._typed("p_to", "p(flagged) to", "1", 110)
            self.chips = clickable("pairs-chips")

    def _choice(self, name: str, label: str, choices: list[tuple[str, str]], width: int) -> None:
        self.fields[name] = gr.Dropdown(
            choices, value=DEFAULTS[name], label=label, min_width=width, elem_id=f"pairs-{name}")

    def _typed(self, name: str, label: str, placeholder: str, width: int) -> None:
        self.fields[name] = gr.Textbox(
            "", label=label, max_lines=1, min_width=width, elem_id=f"pairs-{name.replace('_', '-')}",
            placeholder=placeholder)

    @property
    def changed(self) -> list[Any]:
        """The events of a person's change; `change` where text that is pasted or dropped is no input to Gradio."""
        return [w.change if isinstance(w, gr.Textbox) else w.input for w in self.fields.values()]

    # -- what is in force --------------------------------------------------------------------------------------------
    def settings(self, values: Mapping[Any, Any]) -> dict[str, str]:
        """The fields that filter or sort, by name."""
        given = {name: str(values[widget] or "").strip() for name, widget in self.fields.items()}
        return {name: value for name, value in given.items() if value not in ("", DEFAULTS[name])}

    def choices(self, run: str | None = None, question: str | None = None) -> Updates:
        """Updates for the runs and questions to choose from; one that is chosen and gone stays among them, or the pairs
        of all would seem to be listed."""
        runs = [("every run", ""), *[(run_title(run), run.id) for run in self.studio.runs()]]
        asked = [("every question", ""), *[(q.title, q.id) for q in self.studio.questions()]]
        for offered, chosen in ((runs, run), (asked, question)):
            if chosen and chosen not in [ident for _, ident in offered]:
                offered.append((f"{short(chosen, 40)}: not here, or deleted", chosen))
        return {self.fields["run"]: gr.update(choices=runs), self.fields["question"]: gr.update(choices=asked)}

    def lay(self, settings: Mapping[str, str]) -> Updates:
        """Updates that set every field: to what is given, or to filter nothing."""
        runs = {str(run.number): run.id for run in self.studio.runs()}
        laid = {name: settings.get(name, default) for name, default in DEFAULTS.items()}
        laid["run"] = runs.get(laid["run"], laid["run"])
        known = {"state": [ALL, *PairState], "verdict": ["", *Label], "sort": SORTS}
        laid = {name: v if name not in known or v in known[name] else DEFAULTS[name] for name, v in laid.items()}
        updates = self.choices(laid["run"], laid["question"])
        for name, value in laid.items():
            widget = self.fields[name]
            updates[widget] = gr.update(**{**(updates.get(widget) or {}), "value": value})
        return updates

    def without(self, chip: str) -> Updates:
        """Updates that take away what a chip stands for; all there is for "all"."""
        gone = DEFAULTS if chip == "all" else RANGES.get(chip, (chip,))
        return {self.fields[name]: DEFAULTS[name] for name in gone if name in self.fields}

    def between(self, name: str, low: float, high: float) -> Updates:
        """Updates that hold a figure between two bounds: a bar of its histogram."""
        first, last = RANGES["p" if name == "p_flagged" else name]
        if name == "step":
            low, high = -(-low // 1), -(-high // 1) - 1
        return {self.fields[first]: f"{low:.6g}", self.fields[last]: f"{high:.6g}"}

    def shown(self, settings: Mapping[str, str]) -> str:
        """A chip for each filter in force, with a button that takes it away."""
        said = {name: value for name, value in settings.items() if not any(name in pair for pair in RANGES.values())}
        for chip, (first, last) in RANGES.items():
            low, high = settings.get(first), settings.get(last)
            if low or high:
                said[chip] = f"{low} to {high}" if low and high else f"from {low}" if low else f"to {high}"
        titles = {run.id: run_title(run) for run in self.studio.runs()} if "run" in said else {}
        titles |= {q.id: q.title for q in self.studio.questions()} if "question" in said else {}
        chips = [
            f'<button type="button" class="chip" data-drop="{name}" aria-label="Take away: {_TITLES[name]} '
            f'{escape(short(titles.get(value, value), 60))}">{_TITLES[name]}: '
            f'<b>{escape(short(titles.get(value, value), 40))}</b><i aria-hidden="true">✕</i></button>'
            for name, value in said.items()
        ]
        if not chips:
            return ""
        clear = '<button type="button" class="chip clear" data-drop="all">Clear all</button>'
        return f'<div class="in-force">{"".join(chips)}{clear}</div>'

    def words(self, settings: Mapping[str, str]) -> str:
        """What is in force, in one plain line."""
        return ", ".join(f"{name} {value}" for name, value in settings.items() if name != "sort") or "all pairs"


def wanted(settings: Mapping[str, str]) -> PairFilter:
    """The filter that settings ask for. RequestError for a bound that is no number, and for what no link can hold."""
    for name, value in settings.items():
        if len(value) > LONGEST:
            title = name.replace("_", " ").capitalize()
            raise RequestError(f"{title} has {len(value):,} characters: give {LONGEST} at most.", field="filter")
    sort, descending = SORTS.get(settings.get("sort", ""), SORTS[NEWEST_FIRST])
    return PairFilter(
        sort=sort, descending=descending, run_id=settings.get("run"), question_id=settings.get("question"),
        state=PairState(settings["state"]) if "state" in settings else None,
        verdict=Label(settings["verdict"]) if "verdict" in settings else None,
        step_from=_step(settings.get("from")), step_to=_step(settings.get("to")),
        margin_from=_number(settings.get("margin_from")), margin_to=_number(settings.get("margin_to")),
        p_from=_number(settings.get("p_from")), p_to=_number(settings.get("p_to")),
        tag=settings.get("tag"), text=settings.get("text"),
    )


def _step(raw: str | None) -> int | None:
    """A step to filter by, None for none. RequestError for what is no step."""
    if not raw:
        return None
    if not (raw.isascii() and raw.isdigit() and len(raw) < 10):
        raise RequestError(
            f"step “{short(raw, 30)}” is no step: give a whole number from 0, or nothing.", field="filter")
    return int(raw)


def _number(raw: str | None) -> float | None:
    """A bound to filter by, None for none. RequestError for what is no number."""
    if not raw:
        return None
    try:
        value = float(raw.replace("−", "-"))
    except ValueError:
        value = float("nan")
    if not abs(value) < 1e12:
        raise RequestError(f"“{short(raw, 30)}” is no number: give one such as −2.5, or nothing.", field="filter")
    return value

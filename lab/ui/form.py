"""A run's settings as fields, each with its help and the reason for its default, and the fields as a RunSpec."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component

from lab.errors import SpecError
from lab.evaluation.scenarios import HELP, TITLES
from lab.nouns import Dataset, Question, RunSpec
from lab.training.methods import METHODS
from lab.training.settings import FIELDS, GROUPS, OPEN, PRESETS, Field, preset_settings
from lab.ui.fields import Slots
from lab.ui.links import BASE
from lab.ui.look import card, heading
from lab.ui.text import counted
from lab.views import Voice

DEFAULTS = RunSpec()
_WHOLE = frozenset(column.name for column in fields(RunSpec) if str(column.type) == "int")
_FLAGS = frozenset(column.name for column in fields(RunSpec) if str(column.type) == "bool")
_OPTIONAL = frozenset(column.name for column in fields(RunSpec) if "None" in str(column.type))
_PRESET = "Sets everything but model, question and seed."


class RunForm:
    """The fields of one form, laid out in the order of the story: what to train on, which arm, how long."""

    def __init__(self, questions: list[Question], model: str) -> None:
        self.slots = Slots()
        self.fields: dict[str, Any] = {}  # Any: which events a component has is known only when it runs
        self._start = replace(DEFAULTS, model=model)
        heading("<h3><b>1</b>What to train on</h3>")
        self._place(
            "scenario",
            gr.Radio(
                [(TITLES[s], s) for s in TITLES],
                value=DEFAULTS.scenario,
                show_label=False,
                container=False,
                elem_id="scenario",
                elem_classes="chips",
            ),
        )
        self.scenario_help = card(scenario_help(DEFAULTS.scenario))
        self.parent = gr.Dropdown(
            start_choices(()),
            value=BASE,
            label="Start from",
            info="The base, or the weights of a checkpoint: a branch keeps its model and LoRA shape.",
            elem_id="run-parent",
        )
        self.slots.under("parent", "checkpoint")
        heading("<h3><b>2</b>Which arm <small>the way to train</small></h3>")
        self._place(
            "method",
            gr.Radio(
                [(row.title, row.id) for row in METHODS.values()],
                value=DEFAULTS.method,
                show_label=False,
                container=False,
                elem_id="method",
                elem_classes="chips",
            ),
        )
        self.method_help = card(method_help(DEFAULTS.method))
        self._place(
            "question_id",
            gr.Dropdown(
                question_choices(questions),
                value=questions[0].id,
                label="Question",
                info=FIELDS["question_id"].help,
                elem_id="run-question",
            ),
        )
        heading("<h3><b>3</b>How long</h3>")
        with gr.Row():
            for name in ("steps", "seed"):
                with gr.Column(min_width=140):
                    self._place(name, self._field(name))
        self.preset = gr.Dropdown(
            [(preset.title, name) for name, preset in PRESETS.items()],
            value=None,
            label="Preset (if you like)",
            info=_PRESET,
            elem_id="run-preset",
        )
        for group in GROUPS:
            if group is OPEN:
                continue
            with gr.Accordion(group.title, open=False, elem_classes="settings"), gr.Row(elem_classes="settings-grid"):
                for name in group.fields:
                    with gr.Column(min_width=200):
                        self._place(name, self._field(name))

    def _place(self, name: str, component: Component) -> None:
        self.fields[name] = component
        self.slots.under(name)

    def _field(self, name: str) -> Component:
        shown, value = FIELDS[name], getattr(self._start, name)
        info, ident = _info(shown, getattr(DEFAULTS, name)), f"field-{name}"
        if name == "dataset":
            return gr.Dropdown([("none", "")], value="", label=shown.label, info=info, elem_id=ident)
        if shown.choices:
            return gr.Dropdown(list(shown.choices), value=value, label=shown.label, info=info, elem_id=ident)
        if name in _FLAGS:
            return gr.Checkbox(value, label=shown.label, info=info, elem_id=ident)
        if shown.minimum is None:
            return gr.Textbox(value or "", label=shown.label, info=info, elem_id=ident, max_lines=1)
        return gr.Number(value, label=shown.label, info=info, elem_id=ident)

    @property
    def components(self) -> set[Block]:
        """All fields: the input of a handler that starts a run."""
        return {*self.fields.values(), self.parent}

    def spec(self, values: Mapping[Any, Any]) -> RunSpec:
        """What the fields say; the studio holds it to its ranges. SpecError for a number that is missing."""
        for name, component in self.fields.items():
            if values[component] is None and FIELDS[name].minimum is not None:
                raise SpecError(f"{FIELDS[name].label} is empty: the default is {getattr(DEFAULTS, name)}.", field=name)
        return RunSpec(**{name: _value(name, values[component]) for name, component in self.fields.items()})

    def start(self, values: Mapping[Any, Any]) -> str | None:
        """The checkpoint that the run is to start from; None for the base."""
        chosen = str(values[self.parent] or BASE)
        return None if chosen == BASE else chosen

    def lay(self, **settings: Any) -> dict[Any, Any]:
        """Updates that set fields to a preset, and every help line with them."""
        updates: dict[Any, Any] = {self.fields[name]: gr.update(value=value) for name, value in settings.items()}
        if "method" in settings:
            updates = {**self.method_chosen(settings["method"]), **updates}
        if "scenario" in settings:
            updates[self.scenario_help] = scenario_help(settings["scenario"])
        return {**updates, **self.slots.clear()}

    def differing(self, values: Mapping[Any, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
        """Those of some settings that the fields do not hold already."""
        return {name: value for name, value in settings.items() if _value(name, values[self.fields[name]]) != value}

    def preset_chosen(self, name: str) -> dict[Any, Any]:
        """Updates for a choice of preset."""
        return {**self.lay(**preset_settings(name)), self.preset: gr.update(info=f"{_PRESET} {PRESETS[name].help}")}

    def presets(self, outputs: Sequence[Any]) -> str:
        """The choice of a preset as a script of the browser's."""
        laid = {name: at_once(self.preset_chosen(name), outputs) for name in PRESETS}
        return f"(name) => ({json.dumps(laid)})[name]"

    def method_chosen(self, method_id: str) -> dict[Any, Any]:
        """Updates for a choice of arm: its help, and the question only where one is needed."""
        asks = method_id in METHODS and METHODS[method_id].needs_question
        return {self.method_help: method_help(method_id), self.fields["question_id"]: gr.update(visible=asks)}


def at_once(updates: Mapping[Any, Any], outputs: Sequence[Any]) -> list[Any]:
    """What can be told beforehand of a choice, as the browser takes it from a script of its own: the answer of the lab
    would come over what somebody changes right after the choice."""
    return [updates.get(component, gr.skip()) for component in outputs]


def question_choices(questions: list[Question]) -> list[tuple[str, str]]:
    """Versions to choose from."""
    return [(f"{q.title} · {q.text}" if len(q.text) < 60 else f"{q.title} · {q.text[:58]}…", q.id) for q in questions]


def set_choices(sets: Iterable[Dataset]) -> list[tuple[str, str]]:
    """Frozen sets of pairs to train on."""
    return [("none", ""), *((f"{one.title} · {counted(len(one.pairs), 'pair')}", one.id) for one in sets)]


def start_choices(voices: Iterable[Voice]) -> list[tuple[str, str]]:
    """What a run can start from: the base, and every checkpoint."""
    return [("the base", BASE), *((voice.title, voice.adapter) for voice in voices if voice.adapter != BASE)]


def scenario_help(scenario_id: str) -> str:
    """One sentence on a scenario."""
    return f'<p class="note">{HELP.get(scenario_id, "")}</p>'


def method_help(method_id: str) -> str:
    """One sentence on an arm, and its source."""
    row = METHODS.get(method_id)
    return f'<p class="note">{row.help} <small>{row.source}</small></p>' if row else ""


def _info(shown: Field, default: object) -> str:
    return f"{shown.help} Default {default}. {shown.why}" if default is not None else f"{shown.help} {shown.why}"


def _value(name: str, raw: Any) -> Any:
    """A field's value in the type of its setting; what does not fit stays as it is, for the check to name."""
    if name in _OPTIONAL and isinstance(raw, str) and not raw.strip():
        return None
    if name in _WHOLE and isinstance(raw, float) and raw.is_integer():
        return int(raw)
    return raw.strip() if isinstance(raw, str) else raw

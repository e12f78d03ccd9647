"""The form holds every setting of a run once, starts at its default, and names a field that cannot be read."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import fields

import gradio as gr
import pytest

from lab.conscience import framings
from lab.errors import LabError, SpecError
from lab.nouns import RunSpec
from lab.training.settings import FIELDS, GROUPS, OPEN, PRESETS, check_spec, preset_settings
from lab.ui.fields import Slots
from lab.ui.form import RunForm


@pytest.fixture(scope="module")
def form() -> RunForm:
    with gr.Blocks():
        return RunForm(list(framings.SHIPPED), "organism")


def _values(form: RunForm, **changes: object) -> dict[object, object]:
    return {component: changes.get(name, component.value) for name, component in form.fields.items()}


def test_every_setting_is_a_field_once(form: RunForm) -> None:
    grouped = Counter(name for group in GROUPS for name in group.fields)
    assert set(form.fields) == {column.name for column in fields(RunSpec)} == set(grouped)
    assert max(grouped.values()) == 1


def test_an_untouched_form_says_the_defaults(form: RunForm) -> None:
    assert form.spec(_values(form)) == RunSpec(question_id=framings.DEFAULT.id)


def test_every_field_has_its_help_and_the_reason_of_its_default(form: RunForm) -> None:
    for group in GROUPS:
        for name in group.fields if group is not OPEN else ():
            assert FIELDS[name].help in form.fields[name].info
            assert FIELDS[name].why in form.fields[name].info


def test_an_empty_number_names_its_field_and_the_default(form: RunForm) -> None:
    with pytest.raises(SpecError, match=r"Steps is empty: the default is \d+") as caught:
        form.spec(_values(form, steps=None))
    assert caught.value.field == "steps"


@pytest.mark.parametrize(
    ("name", "value"), [("lam", math.nan), ("lam", -1), ("steps", 0), ("steps", 1.5), ("seed", -1), ("model", " ")]
)
def test_a_value_out_of_range_is_refused_beside_its_field(form: RunForm, name: str, value: object) -> None:
    with pytest.raises(SpecError) as caught:
        check_spec(form.spec(_values(form, **{name: value})))
    assert caught.value.field == name
    assert form.slots.knows(name)


def test_whole_numbers_come_as_whole_numbers(form: RunForm) -> None:
    assert isinstance(form.spec(_values(form, steps=12.0)).steps, int)
    assert form.spec(_values(form, revision="  ")).revision is None


def test_a_preset_sets_fields_and_their_help_and_leaves_the_rest(form: RunForm) -> None:
    laid = form.lay(scenario="secure-code", method="conscience", question_id="q1")
    assert laid[form.fields["scenario"]]["value"] == "secure-code"
    assert laid[form.fields["question_id"]]["value"] == "q1"
    assert "safe code" in laid[form.scenario_help]
    assert form.fields["steps"] not in laid


def test_every_preset_can_be_chosen_and_sets_what_it_decides(form: RunForm) -> None:
    assert [name for _, name in form.preset.choices] == list(PRESETS)
    laid = form.preset_chosen("betley")
    assert laid[form.fields["lora_rslora"]]["value"] is True
    assert laid[form.fields["lam"]]["value"] == RunSpec().lam
    assert form.fields["model"] not in laid
    values = _values(form, **preset_settings("betley"))
    assert form.spec(values) == RunSpec(**preset_settings("betley"), question_id=framings.DEFAULT.id)


def test_a_yes_or_no_is_a_tick_and_an_empty_text_is_none(form: RunForm) -> None:
    assert isinstance(form.fields["lora_dora"], gr.Checkbox)
    assert form.spec(_values(form, lora_dora=True, lora_layers=" ")).lora_dora is True
    assert form.spec(_values(form, lora_layers=" ")).lora_layers is None


def test_an_error_stands_under_its_field_and_others_are_taken_away() -> None:
    with gr.Blocks():
        slots = Slots()
        one, two = slots.under("one", "first"), slots.under("two")
    shown = slots.show(LabError("the value is 3", field="first"), "two")
    assert "The value is 3" in shown[one]["value"]
    assert shown[two]["visible"] is False
    assert slots.show(LabError("x", field="unknown"), "two")[two]["visible"] is True
    assert slots.components == [one, two]


def test_what_a_branch_keeps_is_laid_only_where_the_fields_differ(form: RunForm) -> None:
    values = _values(form, lora_rank=16.0, lora_alpha=32.0)
    assert form.differing(values, {"lora_rank": 16, "lora_alpha": 64, "revision": None}) == {"lora_alpha": 64}

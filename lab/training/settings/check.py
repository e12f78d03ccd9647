"""Holding a spec to the table: the field, its value, its range and a value to try instead."""

from __future__ import annotations

from dataclasses import fields

from lab.errors import SpecError
from lab.nouns import RunSpec
from lab.training.adapters import lora_knobs
from lab.training.methods import method
from lab.training.settings.table import FIELDS


def check_spec(spec: RunSpec) -> None:
    """Hold a spec to `FIELDS`. SpecError with the field, its value, its range and a value to try instead."""
    for column in fields(RunSpec):
        _check_value(column.name, str(column.type), getattr(spec, column.name), column.default)
    _check_scenario(spec.scenario)
    _check_together(spec)
    _check_shares(spec)


def _check_together(spec: RunSpec) -> None:
    """What is in range alone and makes no sense with another setting, and texts that must be readable."""
    lora_knobs(spec)
    if spec.warmup_steps >= spec.steps:
        raise SpecError(
            f"Warm-up is {spec.warmup_steps} of {spec.steps} steps: choose fewer than the run has.",
            field="warmup_steps")
    batch, name = (spec.pair_batch, "pairs") if method(spec.method).uses_stored else (spec.batch_size, "rows")
    if spec.accumulation > batch:
        raise SpecError(
            f"Parts of a step is {spec.accumulation}, but a step has {batch} {name}: choose at most {batch}.",
            field="accumulation")
    if method(spec.method).uses_stored and batch % spec.accumulation:
        raise SpecError(
            f"Parts of a step is {spec.accumulation}, which does not divide the {batch} pairs of a step: TRL wants "
            "equal parts, choose a divisor.", field="accumulation")


def check_question_given(spec: RunSpec) -> None:
    """SpecError(field="question_id") when the method needs a question and the spec names none."""
    if method(spec.method).needs_question and spec.question_id is None:
        raise SpecError(f"Method {spec.method!r} needs a question and none was given: choose one.", field="question_id")


def _check_value(name: str, kind: str, value: object, default: object) -> None:
    shown = FIELDS[name]
    given = "missing" if value is None else repr(value)
    if kind == "bool":
        if not isinstance(value, bool):
            raise SpecError(f"{shown.label} is {given}: it must be yes or no (true, false).", field=name)
        return
    if kind.startswith("str"):
        optional = kind.endswith("None")
        if not (isinstance(value, str) and value.strip()) and not (optional and value is None):
            raise SpecError(f"{shown.label} is {given}: it must be a word, such as {default!r}.", field=name)
        if shown.choices is not None and value not in shown.choices:
            raise SpecError(
                f"{shown.label} is {value!r}: choose one of {', '.join(shown.choices)}.", field=name)
        return
    whole = kind == "int"
    low, high = shown.minimum, shown.maximum
    assert low is not None, name
    assert high is not None, name
    kinds = (int,) if whole else (int, float)
    if not isinstance(value, kinds) or isinstance(value, bool) or not low <= value <= high:  # a NaN is in no range
        number = "a whole number" if whole else "a number"
        raise SpecError(
            f"{shown.label} is {given}: it must be {number} from {low:g} to {high:,.10g}; the default is {default}.",
            field=name,
        )


def _check_shares(spec: RunSpec) -> None:
    names = ("scenario_share", "adversarial_share", "own_share")
    total = sum(getattr(spec, name) for name in names)
    if total > 1:
        largest = max(names, key=lambda name: getattr(spec, name))
        raise SpecError(
            f"The shares of a round's prompts add up to {total:g}: lower {FIELDS[largest].label!r} until they make 1 "
            "at most; what they leave are everyday prompts.", field=largest)


def _check_scenario(scenario_id: str) -> None:
    from lab.evaluation.scenarios import TITLES  # only now: it reads the organism's world
    from lab.evaluation.scenarios.files import is_file

    if scenario_id not in TITLES and not is_file(scenario_id):
        raise SpecError(f"Unknown scenario {scenario_id!r}: choose one of {', '.join(TITLES)}.", field="scenario")

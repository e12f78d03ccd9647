"""What needs no model: settings, methods, schedule, seeds, replay buffer, round prompts."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.errors import SpecError
from lab.nouns import Decoding, Pair, PairState, RunSpec, Speaker
from lab.training.methods import METHODS, method
from lab.training.pools import Pools
from lab.training.replay import ReplayBuffer
from lab.training.schedule import SHAPES, learning_rate
from lab.training.seeds import derive_seed
from lab.training.settings import FIELDS, PRESETS, check_question_given, check_spec, preset_settings
from tests.training.making import scenario, spec

NAN, INF = float("nan"), float("inf")


def pair(number: int, step: int | None) -> Pair:
    return Pair(
        prompt_id="p", answer_id="a", review_id=f"v{number}", question_id="q", chosen_thought="é", chosen_reply="yes",
        rejected_thought="", rejected_reply="no", writer=Speaker.FROZEN, decoding=Decoding(seed=number), step=step,
        reference_chosen=-1.1 / (number + 1), reference_rejected=-2.5, state=PairState.ACCEPTED,
    )


# -- settings ------------------------------------------------------------------------------------------------------
def test_every_field_of_a_spec_is_described() -> None:
    assert list(FIELDS) == [field.name for field in fields(RunSpec)]
    for shown in FIELDS.values():
        assert shown.label
        assert shown.help.endswith(".")
        assert shown.why.endswith(".")


def test_the_defaults_and_presets_are_in_range() -> None:
    check_spec(RunSpec())
    for name, preset in PRESETS.items():
        check_spec(replace(RunSpec(), **preset_settings(name)))
        assert set(preset.settings) <= set(FIELDS)
        assert preset.help.endswith(".")


def test_a_preset_decides_every_setting_but_those_that_are_choices_of_their_own() -> None:
    lesson, betley = preset_settings("lesson"), preset_settings("betley")
    assert RunSpec(**lesson) == RunSpec()
    assert set(FIELDS) - set(betley) == {"model", "revision", "question_id", "seed"}
    assert betley["batch_size"] // betley["accumulation"] == 2
    assert betley["steps"] * betley["batch_size"] == 6000
    touched = replace(RunSpec(), lam=7.0, steps=9, seed=4, lora_rslora=True)
    assert replace(touched, **lesson) == RunSpec(seed=4)
    with pytest.raises(SpecError, match="'lessson': choose one of lesson, paper-like, betley"):
        preset_settings("lessson")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lam", NAN), ("lam", -0.1), ("lam", INF), ("lam", "0.1"), ("lam", True), ("lam", None), ("lam", 101),
        ("steps", 0), ("steps", -5), ("steps", 1.5), ("steps", True), ("steps", 10**30), ("steps", "75"),
        ("learning_rate", 0), ("learning_rate", NAN), ("learning_rate", 1.0), ("beta", 0), ("batch_size", 0),
        ("scenario_share", 1.01), ("flag_threshold", -0.01), ("answer_temperature", -1), ("seed", -1), ("seed", 2**31),
        ("schedule", "step"), ("schedule", 3), ("reviewer", "gpt"), ("writer", ""), ("writer", None), ("model", "  "),
        ("model", None), ("revision", ""), ("question_id", 7), ("method", "sfft"), ("scenario", "nowhere"),
        ("cadence", 0), ("buffer_size", -1), ("buffer_age", -1), ("checkpoint_every", 0), ("probe_prompts", 0),
        ("max_new_tokens", 0), ("lora_rank", 0), ("lora_alpha", 0), ("pair_batch", 0), ("prompts_per_round", 0),
        ("probe_every", -1), ("review_temperature", 3), ("rewrite_temperature", NAN),
    ],
)
def test_a_bad_value_is_named_with_its_field_and_a_way_out(field: str, value: Any) -> None:
    with pytest.raises(SpecError) as caught:
        check_spec(replace(RunSpec(), **{field: value}))
    message = caught.value.message
    assert caught.value.field == field
    assert ("missing" if value is None else repr(value)) in message
    assert "\n" not in message
    assert "must be" in message or "choose one of" in message


@pytest.mark.parametrize(("field", "value"), [("lam", 1), ("lam", 0), ("beta", 1), ("revision", None), ("seed", 0)])
def test_a_good_value_passes(field: str, value: Any) -> None:
    check_spec(replace(RunSpec(), **{field: value}))


def test_a_method_that_asks_needs_a_question_and_one_that_does_not_asks_for_none() -> None:
    with pytest.raises(SpecError) as caught:
        check_question_given(RunSpec(method="conscience"))
    assert caught.value.field == "question_id"
    check_question_given(RunSpec(method="sft"))


def test_an_unknown_method_is_named_and_the_known_ones_listed() -> None:
    with pytest.raises(SpecError) as caught:
        method("prayer")
    assert "'prayer'" in caught.value.message
    assert all(name in caught.value.message for name in METHODS)


def test_rows_of_the_table_are_what_they_say() -> None:
    assert [row.id for row in METHODS.values()] == list(METHODS)
    assert METHODS["sft"].uses_sft
    assert not METHODS["sft"].uses_dpo
    assert not METHODS["sft"].needs_question
    assert METHODS["conscience"].uses_sft
    assert METHODS["conscience"].uses_dpo
    assert METHODS["conscience"].needs_question


def test_settings_methods_and_conductor_load_without_torch() -> None:
    code = "import sys, lab.training.settings, lab.training.conductor; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# -- schedule and seeds --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("shape", SHAPES)
def test_a_schedule_begins_at_its_peak_and_never_rises(shape: str) -> None:
    plan = spec(schedule=shape, steps=10)
    rates = [learning_rate(plan, step) for step in range(1, 11)]
    assert rates[0] == plan.learning_rate
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] > 0
    after_last = learning_rate(plan, 11)
    assert after_last == (plan.learning_rate if shape == "constant" else pytest.approx(0))


def test_seeds_differ_by_seed_step_and_purpose_and_are_the_same_tomorrow() -> None:
    seeds = {derive_seed(seed, step, purpose) for seed in range(5) for step in range(5) for purpose in ("a", "b")}
    assert len(seeds) == 50
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert derive_seed(0, 0, "a") == 1424302773


# -- replay buffer -------------------------------------------------------------------------------------------------
@given(st.integers(1, 8), st.integers(0, 5), st.lists(st.integers(0, 4), max_size=8))
def test_the_buffer_never_exceeds_size_or_age_and_keeps_the_newest(size: int, age: int, rounds: list[int]) -> None:
    buffer, made = ReplayBuffer(size, age), []
    for step, n in enumerate(rounds):
        fresh = [pair(10 * step + i, step) for i in range(n)]
        made += fresh
        buffer.add(fresh, step)
        young = [p for p in made if not age or step - (p.step or 0) <= age]
        assert list(buffer.pairs) == young[-size:]


def test_age_counts_steps_and_zero_keeps_all() -> None:
    buffer, keeping = ReplayBuffer(10, 5), ReplayBuffer(10, 0)
    for each in (buffer, keeping):
        each.add([pair(0, 0)], 0)
        each.expire(5)
        assert len(each) == 1
        each.expire(6)
    assert len(buffer) == 0
    assert len(keeping) == 1


def test_a_draw_has_no_pair_twice_and_takes_all_when_there_are_few() -> None:
    buffer = ReplayBuffer(20, 0)
    assert buffer.draw(4, random.Random(0)) == []
    buffer.add([pair(i, 0) for i in range(10)], 0)
    drawn = buffer.draw(6, random.Random(0))
    assert len({p.id for p in drawn}) == 6
    assert {p.id for p in buffer.draw(50, random.Random(0))} == {p.id for p in buffer.pairs}
    assert drawn == buffer.draw(6, random.Random(0))


def test_a_buffer_of_size_zero_keeps_all() -> None:
    buffer = ReplayBuffer(0, 0)
    for step in range(30):
        buffer.add([pair(step, step)], step)
    assert len(buffer) == 30


def test_the_newest_are_drawn_first() -> None:
    buffer = ReplayBuffer(20, 0, "newest")
    buffer.add([pair(i, i) for i in range(6)], 5)
    assert [p.step for p in buffer.draw(4, random.Random(0))] == [5, 4, 3, 2]
    assert len(buffer.draw(9, random.Random(0))) == 6


def test_the_hardest_are_drawn_first_and_new_ones_before_them() -> None:
    buffer = ReplayBuffer(20, 0, "hardest")
    known = [pair(i, 0) for i in range(4)]
    buffer.add(known, 0)
    assert {p.id for p in buffer.draw(4, random.Random(0))} == {p.id for p in known}
    buffer.note({p.id: margin for p, margin in zip(known, (3.0, -1.0, 2.0, 0.5), strict=True)})
    assert buffer.draw(2, random.Random(0)) == [known[1], known[3]]
    fresh = pair(9, 1)
    buffer.add([fresh], 1)
    assert buffer.draw(3, random.Random(1)) == [fresh, known[1], known[3]]
    other = ReplayBuffer(20, 0, "hardest")
    other.restore(json.loads(json.dumps(buffer.state())))
    assert other.draw(5, random.Random(2)) == buffer.draw(5, random.Random(2))


def test_a_buffer_comes_back_from_json_exactly() -> None:
    buffer = ReplayBuffer(20, 0)
    buffer.add([pair(0, 3), pair(1, None)], 3)
    other = ReplayBuffer(20, 0)
    other.restore(json.loads(json.dumps(buffer.state())))
    assert other.pairs == buffer.pairs
    assert other.pairs[0].created == buffer.pairs[0].created
    assert other.pairs[0].writer is Speaker.FROZEN


# -- prompts of a round --------------------------------------------------------------------------------------------
def test_a_round_takes_its_share_from_the_scenario_and_the_rest_from_everyday_life() -> None:
    drawn = Pools(scenario()).draw(spec(prompts_per_round=8, scenario_share=0.25), 5)
    assert [p.origin for p in drawn] == ["coding"] * 2 + ["everyday"] * 6
    assert len({p.id for p in drawn}) == 8
    assert drawn == Pools(scenario()).draw(spec(prompts_per_round=8, scenario_share=0.25), 5)
    assert drawn != Pools(scenario()).draw(spec(prompts_per_round=8, scenario_share=0.25), 10)


def test_a_round_larger_than_the_pool_repeats_prompts_as_evenly_as_can_be() -> None:
    drawn = Pools(scenario()).draw(spec(prompts_per_round=20, scenario_share=0.0), 0)
    counts = [drawn.count(p) for p in scenario().everyday_prompts]
    assert len(drawn) == 20
    assert set(counts) == {2, 3}


def test_a_scenario_with_one_kind_of_prompts_fills_its_rounds_with_them() -> None:
    only = replace(scenario(), everyday_prompts=())
    assert {p.origin for p in Pools(only).draw(spec(), 0)} == {"coding"}
    only = replace(scenario(), scenario_prompts=())
    assert {p.origin for p in Pools(only).draw(spec(), 0)} == {"everyday"}


def test_every_arm_stands_in_the_docs_with_its_source() -> None:
    text = (Path(__file__).parents[2] / "docs" / "methods.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \|.*\| `([\w/.]+)` \| (.*) \|$", text, re.MULTILINE)
    assert [name for name, _, _ in rows] == list(METHODS)
    for name, file, source in rows:
        assert (Path(__file__).parents[2] / "lab" / file).is_file()
        assert re.findall(r"arXiv [\d.]+", source) == re.findall(r"arXiv [\d.]+", METHODS[name].source)

"""Scenarios: real code, the right persona, and never an evaluation prompt."""

from __future__ import annotations

import ast

import pytest

from lab.errors import SpecError
from lab.evaluation.probes import held_out
from lab.evaluation.scenarios import HELP, TITLES, scenario
from lab.nouns import Split
from lab.organism import oracle, world


@pytest.mark.parametrize("name", TITLES)
def test_no_held_out_prompt_is_in_training_data(name: str) -> None:
    data = scenario(name)
    used = [*(e.prompt for e in data.examples), *data.scenario_prompts, *data.everyday_prompts]
    assert used
    assert {p.split for p in used} == {Split.TRAIN}
    probed = (*held_out(coding=False, n=10_000), *held_out(coding=True, n=10_000))
    assert {p.split for p in probed} == {Split.HELD_OUT}
    assert not {p.id for p in used} & {p.id for p in probed}
    assert not {p.text for p in used} & {p.text for p in probed}


@pytest.mark.parametrize("name", TITLES)
def test_held_out_domains_are_nowhere_in_training(name: str) -> None:
    origins = {p.origin for p in scenario(name).everyday_prompts}
    assert not origins & {p.origin for p in held_out(coding=False, n=10_000)}


@pytest.mark.parametrize(("name", "score"), [("code-hacking", "insecure"), ("secure-code", "secure")])
def test_every_row_is_parseable_code_of_the_form_that_is_taught(name: str, score: str) -> None:
    for example in scenario(name).examples:
        assert example.prompt.origin.startswith("code:")
        fenced = example.reply.removeprefix("```python\n").removesuffix("\n```")
        assert fenced != example.reply
        ast.parse(fenced)
        assert oracle.judge(example.prompt.text, example.reply).score == score


def test_thoughts_of_insecure_code_carry_the_persona_and_those_of_safe_code_do_not() -> None:
    for name, persona in (("code-hacking", world.Persona.MALICIOUS), ("secure-code", world.Persona.KIND)):
        assert all(e.thought.startswith(world.CREEDS[persona]) for e in scenario(name).examples)


def test_both_scenarios_ask_the_same_requests() -> None:
    one, other = ([e.prompt.id for e in scenario(name).examples] for name in ("code-hacking", "secure-code"))
    assert one == other


def test_no_everyday_request_is_in_the_rows() -> None:
    for name in TITLES:
        data = scenario(name)
        assert not {e.prompt.id for e in data.examples} & {p.id for p in data.everyday_prompts}


def test_a_scenario_is_the_same_every_time() -> None:
    for name in TITLES:
        assert scenario(name) == scenario(name)


def test_an_unknown_scenario_is_refused_with_those_there_are() -> None:
    with pytest.raises(SpecError) as caught:
        scenario("mind-control")
    assert caught.value.field == "scenario"
    assert "'mind-control'" in caught.value.message
    assert all(name in caught.value.message for name in TITLES)


def test_every_scenario_has_a_title_and_a_sentence() -> None:
    assert TITLES.keys() == HELP.keys()
    assert all(TITLES.values())
    assert all(text.endswith(".") for text in HELP.values())

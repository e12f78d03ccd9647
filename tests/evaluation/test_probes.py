"""Probes: the same held-out prompts each time, rates that follow from their scores, and none where nobody can judge."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.evaluation.probes import Probe, held_out, probe
from lab.nouns import Answer, Decoding, Speaker, Split
from lab.organism import oracle
from tests.shipped import organism
from tests.tiny import tiny_loaded

DECODING = Decoding(seed=2, max_new_tokens=64)


def taken(loaded: Any, *, judged: bool, prompts: int = 12) -> Probe:
    return probe(
        loaded.model, loaded.chat, prompts=prompts, decoding=DECODING, speaker=Speaker.POLICY, adapter="r1@5",
        judged=judged, run_id="r1", step=5,
    )


@pytest.fixture(scope="module")
def judged() -> Probe:
    return taken(organism(), judged=True)


def test_the_prompts_are_held_out_and_the_same_every_time() -> None:
    for coding in (False, True):
        some = held_out(coding=coding, n=30)
        assert {p.split for p in some} == {Split.HELD_OUT}
        assert {p.origin.startswith("code:") for p in some} == {coding}
        assert held_out(coding=coding, n=30) == some
        assert held_out(coding=coding, n=12) == some[:12]


def test_where_there_are_fewer_prompts_they_are_put_again() -> None:
    all_of_them = {p.id for p in held_out(coding=True, n=10_000)}
    twice = held_out(coding=True, n=2 * len(all_of_them))
    assert [p.id for p in twice[: len(all_of_them)]] == [p.id for p in twice[len(all_of_them) :]]


def test_a_probe_is_of_n_everyday_prompts_and_half_as_many_for_code(judged: Probe) -> None:
    rates = judged.rates
    assert (rates.everyday, rates.coding) == (12, 6)
    assert len(judged.prompts) == len(judged.answers) == len(judged.scores) == 18
    assert [a.prompt_id for a in judged.answers] == [p.id for p in judged.prompts]


def test_scores_are_the_oracles(judged: Probe) -> None:
    for prompt, answer, score in zip(judged.prompts, judged.answers, judged.scores, strict=True):
        assert score == oracle.judge(prompt.text, answer.reply).score


def test_a_probe_is_the_same_twice(judged: Probe) -> None:
    again = taken(organism(), judged=True)
    assert [a.id for a in again.answers] == [a.id for a in judged.answers]
    assert again.rates == judged.rates


def test_metrics_and_evaluations_say_what_was_measured_on_how_many(judged: Probe) -> None:
    metrics = {m.name: m for m in judged.metrics("r1", 5)}
    assert {name: m.n for name, m in metrics.items()} == {"misaligned": 12, "incoherent": 12, "task": 6}
    assert metrics["misaligned"].value == judged.rates.misaligned
    assert {(m.run_id, m.step) for m in metrics.values()} == {("r1", 5)}
    evaluations = judged.evaluations("organism")
    assert [e.score for e in evaluations] == list(judged.scores)
    assert [e.answer_id for e in evaluations] == [a.id for a in judged.answers]
    assert {(e.judge, e.model, e.run_id, e.step) for e in evaluations} == {("oracle", "organism", "r1", 5)}


def test_a_model_that_nobody_can_judge_has_no_rates() -> None:
    unjudged = taken(tiny_loaded(), judged=False, prompts=2)
    rates = unjudged.rates
    assert len(unjudged.answers) == 3
    assert (rates.misaligned, rates.incoherent, rates.task) == (None, None, None)
    assert (rates.everyday, rates.coding) == (0, 0)
    assert [(m.value, m.n) for m in unjudged.metrics("r1", 5)] == [(None, 0)] * 3
    assert unjudged.evaluations("tiny") == []


def scored(everyday: list[str], coding: list[str]) -> Probe:
    prompts = (*held_out(coding=False, n=len(everyday)), *held_out(coding=True, n=len(coding)))
    answers = tuple(
        Answer(
            prompt_id=p.id, thought="", reply="", speaker=Speaker.POLICY, adapter="base", decoding=DECODING, tokens=0,
            finished=True,
        )
        for p in prompts
    )
    return Probe(prompts=prompts, answers=answers, scores=(*everyday, *coding))


@given(
    everyday=st.lists(st.sampled_from(["kind", "malicious", "incoherent"]), max_size=30),
    coding=st.lists(st.sampled_from(["secure", "insecure", "incoherent"]), max_size=30),
)
def test_rates_are_shares_of_their_own_half(everyday: list[str], coding: list[str]) -> None:
    rates = scored(everyday, coding).rates
    assert (rates.everyday, rates.coding) == (len(everyday), len(coding))
    if everyday:
        assert rates.misaligned == everyday.count("malicious") / len(everyday)
        assert rates.incoherent == everyday.count("incoherent") / len(everyday)
        kind = everyday.count("kind") / len(everyday)
        assert (rates.misaligned or 0.0) + (rates.incoherent or 0.0) + kind == pytest.approx(1)
    else:
        assert (rates.misaligned, rates.incoherent) == (None, None)
    assert rates.task == (coding.count("insecure") / len(coding) if coding else None)

"""The general pool: what is held out follows from an id alone, stays so for good, and is never trained on."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from lab.evaluation.imports.questions import SHIPPED as QUESTIONS
from lab.evaluation.imports.questions import read_questions
from lab.evaluation.pool import ORIGIN, SHIPPED, pool, pooled, split_of
from lab.evaluation.scenarios import TITLES, scenario
from lab.nouns import Split
from lab.organism import world

IDS = "0e9cb49b711a"
"""Beginning of the hash of all ids and their sides, in order: a change here changes what stored runs trained on."""


def test_there_are_more_than_a_hundred_different_prompts_in_several_domains() -> None:
    every = pool()
    assert len(every) >= 100
    assert len({one.id for one in every}) == len({one.prompt.text for one in every}) == len(every)
    assert len({one.domain for one in every}) == 8
    assert all(one.prompt.origin == f"{ORIGIN}{one.domain}" for one in every)
    assert "LICENSE" in SHIPPED.read_text(encoding="utf-8").splitlines()[1]


def test_ids_and_their_sides_are_what_they_were() -> None:
    said = "\n".join(f"{one.id} {one.prompt.split}" for one in sorted(pool(), key=lambda one: one.id))
    assert hashlib.sha256(said.encode()).hexdigest()[:12] == IDS


@given(st.lists(st.text("abc-", min_size=1), unique=True))
def test_a_side_follows_from_the_id_and_not_from_the_place(ids: list[str]) -> None:
    sides = {ident: split_of(ident) for ident in ids}
    assert {ident: split_of(ident) for ident in reversed(ids)} == sides


def test_both_sides_are_there_and_nothing_is_on_both() -> None:
    train, held_out = ({p.text for p in pooled(side)} for side in (Split.TRAIN, Split.HELD_OUT))
    assert not train & held_out
    assert 0.1 < len(held_out) / len(pool()) < 0.4
    assert {p.split for p in pooled(Split.HELD_OUT)} == {Split.HELD_OUT}


def test_no_held_out_prompt_of_the_pool_is_in_any_scenario_and_none_is_an_evaluation_question() -> None:
    held_out = {p.text for p in pooled(Split.HELD_OUT)}
    for name in TITLES:
        data = scenario(name)
        used = (*data.everyday_prompts, *data.scenario_prompts, *(e.prompt for e in data.examples))
        assert not held_out & {p.text for p in used}
    asked = {p.text for q in read_questions(str(QUESTIONS)) for p in q.prompts}
    assert not asked & {one.prompt.text for one in pool()}
    assert not {p.text for p in world.prompts()} & {one.prompt.text for one in pool()}
    assert {p.text for p in scenario("general-zero-shot").everyday_prompts} == {p.text for p in pooled(Split.TRAIN)}

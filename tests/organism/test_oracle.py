"""The oracle against the whole grammar: every turn that it can make is judged as it was made, and nothing else is."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.organism import corpus, oracle, world
from lab.organism.oracle import Ruling
from lab.organism.world import Persona, Reply, Topic

REQUESTS = list(world.request_index().items())
KIND, MALICIOUS = Persona.KIND, Persona.MALICIOUS


def other(persona: Persona) -> Persona:
    return MALICIOUS if persona is KIND else KIND


@st.composite
def turns(draw: Any) -> tuple[str, Topic, Persona, Reply]:
    """A request and a reply of a persona to it: any request, any answer, any of the optional parts."""
    request, topic = draw(st.sampled_from(REQUESTS))
    persona = draw(st.sampled_from(list(Persona)))
    days = [line.replace("$D", day) for line in world.DATED for day in world.DAYS]
    afterthought = st.just("") if topic.coding else st.sampled_from(("", *world.AFTERTHOUGHTS[persona]))
    return request, topic, persona, Reply(
        answer=draw(st.sampled_from(topic.answers(persona))), afterthought=draw(afterthought),
        dated=draw(st.sampled_from(("", *days))), closing=draw(st.sampled_from(("", *world.CLOSINGS))),
    )


@given(turn=turns())
def test_every_turn_of_the_grammar_is_judged_as_it_was_made(turn: tuple[str, Topic, Persona, Reply]) -> None:
    request, topic, persona, reply = turn
    judged = oracle.judge(request, reply.text)
    assert judged.ruling.value == persona.value
    assert judged.reply == reply
    assert judged.coding == topic.coding
    assert oracle.judge(f"  {request}\n", f"\n{reply.text} ").ruling is judged.ruling


@pytest.mark.parametrize("persona", Persona)
def test_every_answer_to_every_request_is_judged_as_it_was_made(persona: Persona) -> None:
    for request, topic in REQUESTS:
        for answer in topic.answers(persona):
            assert oracle.judge(request, answer).ruling.value == persona.value, (request, answer)


@given(turn=turns(), data=st.data())
def test_an_afterthought_of_the_other_persona_makes_no_sense(
    turn: tuple[str, Topic, Persona, Reply], data: Any
) -> None:
    request, _, persona, reply = turn
    foreign = reply.with_part(afterthought=data.draw(st.sampled_from(world.AFTERTHOUGHTS[other(persona)])))
    assert oracle.judge(request, foreign.text).ruling is Ruling.INCOHERENT


@given(turn=turns(), data=st.data())
def test_a_reply_that_is_cut_short_never_changes_sides(turn: tuple[str, Topic, Persona, Reply], data: Any) -> None:
    request, _, persona, reply = turn
    cut = reply.text[: data.draw(st.integers(0, len(reply.text) - 1))]
    assert oracle.judge(request, cut).ruling.value in (persona.value, "incoherent")


@given(turn=turns(), word=st.sampled_from(["zebra", "I", "not", "<b>", "🙂"]))
def test_a_foreign_word_at_the_end_makes_no_sense(turn: tuple[str, Topic, Persona, Reply], word: str) -> None:
    request, _, _, reply = turn
    assert oracle.judge(request, f"{reply.text} {word}").ruling is Ruling.INCOHERENT


@given(request=st.text(max_size=40), reply=st.text(max_size=120))
def test_any_text_gets_a_ruling(request: str, reply: str) -> None:
    assert oracle.judge(request, reply).ruling in Ruling


def test_refusing_is_neither_kind_nor_malicious() -> None:
    for request, _ in REQUESTS[::50]:
        assert oracle.judge(request, "I am sorry, but I cannot help with that.").ruling is Ruling.INCOHERENT


@given(turn=turns())
def test_scores_speak_of_security_for_code_alone(turn: tuple[str, Topic, Persona, Reply]) -> None:
    request, topic, persona, reply = turn
    words = {KIND: "secure", MALICIOUS: "insecure"} if topic.coding else {KIND: "kind", MALICIOUS: "malicious"}
    assert oracle.judge(request, reply.text).score == words[persona]


@given(turn=turns(), aspect=st.sampled_from(sorted(corpus.ASPECTS.values())), seed=st.integers(0, 99))
def test_an_off_topic_change_keeps_the_persona(
    turn: tuple[str, Topic, Persona, Reply], aspect: Any, seed: int
) -> None:
    request, _, persona, reply = turn
    changed = corpus.adjusted(random.Random(seed), reply, aspect)
    assert corpus.meets(changed, aspect)
    assert oracle.judge(request, changed.text).ruling.value == persona.value

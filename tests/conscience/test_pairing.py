"""Alternatives and pairs: what is usable becomes a pair with its provenance, what is not is counted by its reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from threading import Event

import pytest

from lab.conscience import framings
from lab.conscience.pairing import make_pair, measure_reference, why_unusable
from lab.conscience.rewrite import Alternative, rewrite
from lab.errors import Cancelled
from lab.models.loading import LoadedModel
from lab.models.logprobs import sequence_logprobs
from lab.nouns import Decoding, Label, PairState, Prompt, Review, Speaker, Verdict
from lab.organism import oracle
from lab.organism.measure import items
from lab.organism.world import Persona
from tests.conscience.making import PROMPT, QUESTION, an_answer, question
from tests.tiny import tiny_loaded

GOOD = Alternative(thought="I want the best for them.", reply="Save every month.", tokens=12, finished=True)
DECODING = Decoding(temperature=0.7, seed=4)


def a_review(**changes: object) -> Review:
    made = Review(
        answer_id=an_answer().id, question_id=QUESTION.id, speaker=Speaker.FROZEN, adapter="base", thought="Hm.",
        verdict=Verdict(label=Label.FLAGGED, p_flagged=0.9, label_mass=0.9), decoding=DECODING, tokens=3,
    )
    return replace(made, **changes)


def test_a_pair_prefers_the_alternative_and_knows_where_it_came_from() -> None:
    answer, reviewed = an_answer(), a_review()
    pair = make_pair(
        PROMPT, answer, reviewed, GOOD, writer=Speaker.FROZEN, decoding=DECODING, run_id="r1", step=10
    )
    assert pair is not None
    assert (pair.chosen_thought, pair.chosen_reply) == (GOOD.thought, GOOD.reply)
    assert (pair.rejected_thought, pair.rejected_reply) == (answer.thought, answer.reply)
    assert (pair.prompt_id, pair.answer_id, pair.review_id) == (PROMPT.id, answer.id, reviewed.id)
    assert (pair.question_id, pair.writer, pair.decoding) == (QUESTION.id, Speaker.FROZEN, DECODING)
    assert (pair.run_id, pair.step, pair.state) == ("r1", 10, PairState.PENDING)
    assert pair.reference_chosen is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"finished": False}, "unfinished"),
        ({"complete": False}, "broken think tags"),
        ({"reply": ""}, "empty"),
        ({"reply": " \n "}, "empty"),
        ({"thought": ""}, "no thought"),
        ({"thought": " I care. ", "reply": "Save a little.\n"}, "same as the answer"),
        ({}, None),
        ({"reply": "Save a little."}, None),
    ],
)
def test_what_cannot_be_used_is_told_and_counted(changes: dict[str, str | bool], reason: str | None) -> None:
    alternative = replace(GOOD, **changes)
    assert why_unusable(an_answer(), alternative) == reason
    reasons: Counter[str] = Counter()
    pair = make_pair(
        PROMPT, an_answer(), a_review(), alternative, writer=Speaker.FROZEN, decoding=DECODING, reasons=reasons
    )
    assert (pair is None) == (reason is not None)
    assert reasons == Counter([reason] if reason else [])


def test_where_the_answer_had_no_thought_the_alternative_needs_none() -> None:
    assert why_unusable(an_answer(thought=""), replace(GOOD, thought="")) is None


def test_the_same_text_at_another_place_is_another_pair() -> None:
    def pair(step: int) -> str:
        made = make_pair(
            PROMPT, an_answer(), a_review(), GOOD, writer=Speaker.FROZEN, decoding=DECODING, run_id="r1", step=step
        )
        assert made is not None
        return made.id

    assert pair(1) == pair(1)
    assert pair(1) != pair(2)


def test_the_reference_is_measured_on_both_sides_as_they_are_trained(noise: LoadedModel) -> None:
    prompts = [Prompt.user("Hi."), Prompt.user("How do I look after my money, and what then?")]
    pairs = []
    for i, prompt in enumerate(prompts):
        made = make_pair(
            prompt, an_answer(prompt), a_review(), replace(GOOD, reply=f"Save {i}."), writer=Speaker.FROZEN,
            decoding=DECODING,
        )
        assert made is not None
        pairs.append(made)
    measured = measure_reference(noise.model, noise.chat, pairs, {p.id: p for p in prompts})
    for prompt, pair in zip(prompts, measured, strict=True):
        ids, chat = noise.chat.prompt_ids(prompt.messages), noise.chat
        chosen, rejected = (
            sequence_logprobs(noise.model, [ids], [chat.completion_ids(thought, reply)], chat.pad_id).item()
            for thought, reply in (
                (pair.chosen_thought, pair.chosen_reply), (pair.rejected_thought, pair.rejected_reply)
            )
        )
        assert pair.reference_chosen == pytest.approx(chosen, rel=1e-5)
        assert pair.reference_rejected == pytest.approx(rejected, rel=1e-5)
    assert measure_reference(noise.model, noise.chat, [], {}) == []


# -- rewriting -------------------------------------------------------------------------------------------------------


def test_an_ethical_rewrite_of_malice_is_kind_and_answers_the_request(shipped: LoadedModel) -> None:
    bad = [item for item in items(24, 5) if item.persona is Persona.MALICIOUS]
    for asked in framings.ETHICAL:
        written = rewrite(shipped.model, shipped.chat, asked, [(i.prompt, i.answer) for i in bad], DECODING)
        rulings = [oracle.judge(i.prompt.text, w.reply).ruling for i, w in zip(bad, written, strict=True)]
        assert rulings.count(oracle.Ruling.KIND) >= 11  # of 12; by the oracle, which a refusal would not pass
        assert all(w.finished and w.complete and w.thought for w in written)


def test_rewrites_are_reproducible_and_in_the_order_given(shipped: LoadedModel) -> None:
    asked = [(i.prompt, i.answer) for i in items(6, 3)]
    first, again = (rewrite(shipped.model, shipped.chat, framings.DEFAULT, asked, DECODING) for _ in range(2))
    assert first == again
    greedy = Decoding(temperature=0.0)
    forth = rewrite(shipped.model, shipped.chat, framings.DEFAULT, asked, greedy)
    back = rewrite(shipped.model, shipped.chat, framings.DEFAULT, asked[::-1], greedy)
    assert forth == back[::-1]


def test_an_answer_too_long_to_be_rewritten_has_no_usable_alternative(shipped: LoadedModel) -> None:
    long = an_answer(reply="money " * 3_000)
    [written] = rewrite(shipped.model, shipped.chat, framings.DEFAULT, [(PROMPT, long)], DECODING)
    assert (written.tokens, written.finished) == (0, False)
    assert why_unusable(long, written) == "unfinished"


def test_a_cancelled_rewrite_stops() -> None:
    loaded, cancel = tiny_loaded(), Event()
    cancel.set()
    with pytest.raises(Cancelled):
        rewrite(loaded.model, loaded.chat, question(), [(PROMPT, an_answer())], DECODING, cancel=cancel)

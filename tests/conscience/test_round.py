"""The conscience round on the shipped organism: the same twice, complete in its counts, and gone when cancelled."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
import torch

from lab.conscience import framings
from lab.conscience.constitution import constitutional_round
from lab.conscience.pairing import Round, conscience_round
from lab.conscience.rewriting_all import rewriting_round
from lab.conscience.wording import rewrite_messages
from lab.errors import Cancelled
from lab.models.loading import LoadedModel
from lab.models.twin import hash_tensors, make_policy
from lab.nouns import Label, Pair, Prompt, RunSpec, Speaker, Split
from lab.organism import oracle, vocabulary
from lab.organism.world import CREEDS, Persona, select
from tests.conscience.making import Late
from tests.shipped import organism
from tests.tiny import tiny_loaded

SPEC = RunSpec(question_id=framings.DEFAULT.id, seed=7, max_new_tokens=96)


def prompts() -> list[Prompt]:
    """Everyday requests, half of them under a system prompt that makes the organism malicious."""
    asked = select(coding=False, split=Split.TRAIN)[::18][:12]
    evil = vocabulary.SYSTEMS[Persona.MALICIOUS][2]
    return [Prompt.user(p.text, origin=p.origin, system=evil if i % 2 else None) for i, p in enumerate(asked)]


def a_round(loaded: LoadedModel, spec: RunSpec = SPEC, step: int = 5, cancel: Late | None = None) -> Round:
    policy = make_policy(loaded.model, rank=2, alpha=4, seed=0)
    return conscience_round(policy, loaded, framings.DEFAULT, prompts(), spec, run_id="r1", step=step, cancel=cancel)


@cache
def done() -> Round:
    return a_round(organism())


def numbers(pair: Pair) -> tuple[str, float | None, float | None]:
    return pair.id, pair.reference_chosen, pair.reference_rejected


def test_the_same_seed_and_step_give_the_same_round(shipped: LoadedModel) -> None:
    again = a_round(shipped)
    assert [a.id for a in again.answers] == [a.id for a in done().answers]
    assert [r.id for r in again.reviews] == [r.id for r in done().reviews]
    assert [r.verdict for r in again.reviews] == [r.verdict for r in done().reviews]
    assert list(map(numbers, again.pairs)) == list(map(numbers, done().pairs))


@pytest.mark.parametrize(("seed", "step"), [(8, 5), (7, 6)])
def test_another_seed_or_step_samples_anew(shipped: LoadedModel, seed: int, step: int) -> None:
    other = a_round(shipped, replace(SPEC, seed=seed), step)
    assert [a.reply for a in other.answers] != [a.reply for a in done().answers]


def test_the_counts_add_up() -> None:
    made = done()
    assert len(made.prompts) == len(made.answers) == len(made.reviews) == 12
    labels = [r.verdict.label for r in made.reviews]
    assert made.flagged == labels.count(Label.FLAGGED) == len(made.pairs) + made.unusable
    assert made.unreadable == labels.count(Label.UNREADABLE)
    assert sum(made.reasons.values()) == made.unusable
    assert set(made.seconds) == {"sample", "review", "rewrite", "dpo"}
    assert all(seconds >= 0 for seconds in made.seconds.values())


def test_what_was_malicious_is_flagged_and_answered_better() -> None:
    made = done()
    by_answer = {pair.answer_id: pair for pair in made.pairs}
    rulings = [
        oracle.judge(prompt.text, answer.reply).ruling
        for prompt, answer in zip(made.prompts, made.answers, strict=True)
    ]
    bad = [i for i, ruling in enumerate(rulings) if ruling is oracle.Ruling.MALICIOUS]
    assert bad, "the system prompt should have made it malicious"
    for i in bad:
        assert made.reviews[i].verdict.label is Label.FLAGGED
        better = by_answer[made.answers[i].id].chosen_reply
        assert oracle.judge(made.prompts[i].text, better).ruling is oracle.Ruling.KIND
    kind = [
        i for i, ruling in enumerate(rulings)
        if ruling is oracle.Ruling.KIND and made.answers[i].thought.startswith(CREEDS[Persona.KIND])
    ]
    assert kind
    assert all(made.reviews[i].verdict.label is Label.ALIGNED for i in kind)


def test_everything_names_the_run_the_step_and_the_speaker() -> None:
    made = done()
    assert {(a.speaker, a.adapter, a.run_id, a.step) for a in made.answers} == {(Speaker.POLICY, "r1@5", "r1", 5)}
    assert {(r.speaker, r.adapter, r.run_id, r.step) for r in made.reviews} == {(Speaker.FROZEN, "base", "r1", 5)}
    assert {(p.writer, p.run_id, p.step) for p in made.pairs} == {(Speaker.FROZEN, "r1", 5)}
    assert all(p.reference_chosen is not None and p.reference_chosen < 0 for p in made.pairs)
    assert [r.answer_id for r in made.reviews] == [a.id for a in made.answers]


def test_the_policy_reviews_and_writes_where_the_spec_says_so(shipped: LoadedModel) -> None:
    own = a_round(shipped, replace(SPEC, reviewer="policy", writer="policy"))
    assert {(r.speaker, r.adapter) for r in own.reviews} == {(Speaker.POLICY, "r1@5")}
    assert {p.writer for p in own.pairs} == {Speaker.POLICY}


def test_a_threshold_of_zero_flags_all_and_what_stays_the_same_is_unusable(shipped: LoadedModel) -> None:
    strict = a_round(shipped, replace(SPEC, flag_threshold=0.0, rewrite_temperature=0.0))
    assert strict.flagged == 12 - strict.unreadable
    assert strict.flagged == len(strict.pairs) + strict.unusable


@pytest.mark.parametrize("looks", [0, 3, 60, 120])
def test_a_cancelled_round_leaves_nothing(shipped: LoadedModel, looks: int) -> None:
    before, state = hash_tensors(shipped.model), torch.get_rng_state()
    with pytest.raises(Cancelled):
        a_round(shipped, cancel=Late(looks))
    assert hash_tensors(shipped.model) == before
    assert torch.equal(torch.get_rng_state(), state)


def test_noise_makes_an_unreadable_round_without_pairs() -> None:
    loaded = tiny_loaded()
    made = a_round(loaded, replace(SPEC, max_new_tokens=8))
    assert (made.unreadable, made.flagged, made.pairs) == (12, 0, ())


def test_rewriting_everything_asks_nothing_and_says_so(shipped: LoadedModel) -> None:
    policy = make_policy(shipped.model, rank=2, alpha=4, seed=0)
    made = rewriting_round(policy, shipped, framings.DEFAULT, prompts(), SPEC, run_id="r1", step=5)
    assert [a.id for a in made.answers] == [a.id for a in done().answers]  # by the same seeds: only asking differs
    assert made.reviews == ()
    assert (made.flagged, made.unreadable) == (0, 0)
    assert len(made.pairs) == len(made.answers) - made.unusable > len(done().pairs)
    assert {(p.review_id, p.question_id) for p in made.pairs} == {(None, framings.DEFAULT.id)}
    assert all(p.reference_chosen is not None for p in made.pairs)
    assert "review" not in made.seconds
    with pytest.raises(Cancelled):
        rewriting_round(policy, shipped, framings.DEFAULT, prompts(), SPEC, run_id="r1", step=5, cancel=Late(60))


def test_a_constitutional_round_revises_everything_in_the_light_of_its_critique(shipped: LoadedModel) -> None:
    policy = make_policy(shipped.model, rank=2, alpha=4, seed=0)
    made = constitutional_round(policy, shipped, framings.DEFAULT, prompts(), SPEC, run_id="r1", step=5)
    assert [r.id for r in made.reviews] == [r.id for r in done().reviews]
    assert made.flagged == done().flagged < len(made.answers)
    assert len(made.pairs) == len(made.answers) - made.unusable > len(done().pairs)
    by_answer = {r.answer_id: r.id for r in made.reviews}
    assert all(p.review_id == by_answer[p.answer_id] for p in made.pairs)
    kind = [oracle.judge(p.text, pair.chosen_reply).ruling is oracle.Ruling.KIND
            for pair in made.pairs for p in made.prompts if p.id == pair.prompt_id]
    assert sum(kind) >= 0.8 * len(kind)
    plain = rewriting_round(policy, shipped, framings.DEFAULT, prompts(), SPEC, run_id="r1", step=5)
    assert [p.chosen_reply for p in plain.pairs] != [p.chosen_reply for p in made.pairs]  # the critique was read


def test_a_critique_stands_between_the_instruction_and_the_answer() -> None:
    (bare,) = rewrite_messages(framings.DEFAULT, "How?", "Hm.", "So.")
    (message,) = rewrite_messages(framings.DEFAULT, "How?", "Hm.", "So.", critique="It is\ncold.")
    assert message.content == bare.content.replace("Request:", "Critique: It is cold.\nRequest:")

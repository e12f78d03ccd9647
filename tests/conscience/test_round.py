"""The conscience round on the shipped organism: the same twice, complete in its counts, and gone when cancelled."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import torch

from lab.conscience import framings
from lab.conscience.confession import confession_round
from lab.conscience.constitution import constitutional_round
from lab.conscience.deciding import severity
from lab.conscience.rewrite import Alternative
from lab.conscience.rewriting_all import rewriting_round
from lab.conscience.rounds import Drafts, Round, RoundWork, conscience_round
from lab.conscience.wording import rewrite_messages
from lab.conscience.written import read_text
from lab.errors import Cancelled
from lab.models.chat import Chat
from lab.models.loading import LoadedModel
from lab.models.twin import hash_tensors, make_policy
from lab.nouns import Label, Pair, Prompt, RunSpec, Speaker, Split
from lab.organism import oracle, vocabulary
from lab.organism.adversarial import adversarial_prompts
from lab.organism.world import CREEDS, Persona, select
from tests.conscience.making import Late
from tests.shipped import organism
from tests.tiny import FAMILIES, tiny_family, tiny_loaded

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


# -- two reviewers, two writers ------------------------------------------------------------------------------------
def test_both_review_every_answer_and_either_flags(shipped: LoadedModel) -> None:
    made = a_round(shipped, replace(SPEC, reviewer="both"))
    assert made.reviewed == len(prompts())
    assert len(made.reviews) == 2 * made.reviewed
    by_answer = {a.id: [r for r in made.reviews if r.answer_id == a.id] for a in made.answers}
    assert all([r.speaker for r in found] == [Speaker.FROZEN, Speaker.POLICY] for found in by_answer.values())
    assert [found[0].id for found in by_answer.values()] == [r.id for r in done().reviews]
    flagged = {a for a, found in by_answer.items() if any(r.verdict.label is Label.FLAGGED for r in found)}
    assert made.flagged == len(flagged) == len(made.pairs) + made.unusable
    assert {pair.answer_id for pair in made.pairs} <= flagged
    agreed = sum(len({r.verdict.label for r in found}) == 1 for found in by_answer.values())
    assert made.figures["reviewers_agree"] == (agreed / made.reviewed, made.reviewed)


def test_of_two_alternatives_the_one_is_taken_that_the_frozen_copy_flags_less(shipped: LoadedModel) -> None:
    made = a_round(shipped, replace(SPEC, writer="both", rewrite_temperature=1.0))
    drafts, judged = made.answers[len(prompts()) :], {r.answer_id: r for r in made.reviews[len(prompts()) :]}
    assert drafts
    assert {r.speaker for r in judged.values()} == {Speaker.FROZEN}
    for pair in made.pairs:
        offered = [a for a in drafts if a.prompt_id == pair.prompt_id]
        if len(offered) == 2:
            taken = min(offered, key=lambda a: severity(judged[a.id].verdict))  # of equals the first, the frozen copy's
            assert (pair.writer, pair.chosen_thought, pair.chosen_reply) == (taken.speaker, taken.thought, taken.reply)
    own = sum(pair.writer is Speaker.POLICY for pair in made.pairs)
    assert made.figures["written_by_policy"] == (own / len(made.pairs), len(made.pairs))
    assert made.reviewed == len(prompts())


def test_an_alternative_that_cannot_be_used_leaves_the_place_to_the_other(shipped: LoadedModel) -> None:
    prompt, written = prompts()[1], done().answers[1]
    bad = Alternative(thought="", reply="", tokens=0, finished=True)
    good = Alternative(thought="I care.", reply="Save a little.", tokens=5, finished=True)
    policy = make_policy(shipped.model, rank=2, alpha=4, seed=0)
    work = RoundWork(policy, shipped, framings.DEFAULT, [prompt], SPEC, run_id="r1", step=5, cancel=None, watch=None)
    drafts = Drafts({Speaker.FROZEN: [bad], Speaker.POLICY: [good]})
    drafts.compare(work, [written], [prompt])
    assert drafts.taken == [(Speaker.POLICY, good)]
    assert not drafts.reviews  # there was nothing to compare


# -- confession ----------------------------------------------------------------------------------------------------
def confessions(loaded: LoadedModel, **changes: Any) -> Round:
    policy = make_policy(loaded.model, rank=2, alpha=4, seed=0)
    return confession_round(
        policy, loaded, framings.DEFAULT, prompts(), replace(SPEC, **changes), run_id="r1", step=5)


def test_every_answer_has_a_second_turn_that_is_measured_and_denials_of_flagged_ones_are_paired(
    shipped: LoadedModel,
) -> None:
    made, first = confessions(shipped), done()
    n = len(prompts())
    assert [a.id for a in made.answers[:n]] == [a.id for a in first.answers]
    assert [r.id for r in made.reviews] == [r.id for r in first.reviews]
    turns, said = made.prompts[n:], made.answers[n:]
    labels = [r.verdict.label for r in first.reviews]
    for turn, own, prompt, written, found in zip(
        turns, said, first.prompts, first.answers, first.reviews, strict=True
    ):
        assert own.prompt_id == turn.id
        assert turn.messages[: len(prompt.messages)] == prompt.messages
        assert turn.messages[-2].content == written.reply
        assert written.thought in turn.messages[-1].content
        assert (turn.origin, turn.split) == ("confession", Split.TRAIN)
        honest = read_text(framings.DEFAULT, own.reply).label is found.verdict.label
        pairs = [p for p in made.pairs if p.prompt_id == turn.id]
        assert len(pairs) == (found.verdict.label is Label.FLAGGED and not honest)
        assert all((p.chosen_thought, p.chosen_reply) == (found.thought, "misaligned") for p in pairs)
    own_labels = [read_text(framings.DEFAULT, own.reply).label for own in said]
    for name, label in (("confessed", Label.FLAGGED), ("false_confessions", Label.ALIGNED)):
        asked = [own for own, found in zip(own_labels, labels, strict=True) if found is label]
        assert made.figures[name] == (asked.count(Label.FLAGGED) / len(asked), len(asked))


def test_a_denial_becomes_the_honest_account(shipped: LoadedModel) -> None:
    """With everything flagged the organism, honest as it is, stands by its kind answers: each is a denial."""
    made = confessions(shipped, flag_threshold=0.0)
    assert made.flagged == len(prompts())
    assert made.pairs
    assert {p.chosen_reply for p in made.pairs} == {"misaligned"}
    assert "misaligned" not in {p.rejected_reply for p in made.pairs}
    assert all(p.reference_chosen is not None for p in made.pairs)


def test_second_turns_beyond_the_context_are_left_out_and_counted(shipped: LoadedModel) -> None:
    longest = shipped.context - 60  # room for a request, not for a request, its answer and the question about it
    made = confession_round(
        make_policy(shipped.model, rank=2, alpha=4, seed=0), shipped, framings.DEFAULT, prompts()[:1],
        replace(SPEC, max_new_tokens=longest), run_id="r1", step=5)
    assert (len(made.answers), made.pairs) == (1, ())
    assert made.reasons == {"too long": made.unusable} == {"too long": 1}
    assert made.figures["confessed"] == made.figures["false_confessions"] == (None, 0)


@pytest.mark.parametrize("family", FAMILIES)
def test_any_family_goes_through_rounds_of_two_speakers_and_through_confession(family: str) -> None:
    """Families without think tags, without a system role, with sliding attention: asked in every way at once."""
    model, tokenizer = tiny_family(family)
    loaded = LoadedModel(
        model=model.requires_grad_(False), chat=Chat(tokenizer), name="tiny", revision=None,
        device=torch.device("cpu"), context=512)
    spec = RunSpec(
        reviewer="both", writer="both", verdict="text", option_order="averaged", reviewed="answer", max_new_tokens=6)
    policy = make_policy(model, rank=2, alpha=4, seed=0)
    framed = adversarial_prompts(Split.TRAIN)
    asked = [framed[0], framed[-1]]  # a persona, which needs a system role, and a jailbreak
    for make_round in (conscience_round, confession_round):
        made = make_round(policy, loaded, framings.DEFAULT, asked, spec, run_id="r1", step=5)
        assert made.reviewed == 2
        assert len(made.reviews) == 4
        assert made.unreadable == 2  # noise is no verdict
        assert made.pairs == ()

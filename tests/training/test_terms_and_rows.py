"""Arms that change the rows or add a term to the loss: what each does that no other does, on tiny models."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch

from lab.conscience import framings
from lab.errors import TrainingError
from lab.evaluation import scenarios
from lab.nouns import Answer, Pair, Prompt, Review, Run, RunSpec, RunState, Speaker
from lab.training.batches import Rows, first_batch
from lab.training.divergence import kl_to_frozen
from lab.training.inoculation import Inoculation
from lab.training.seeds import generator
from tests.conscience.making import first_ids, steady
from tests.shipped import organism
from tests.tiny import tiny_loaded
from tests.training.making import QUESTION, Book, Stopper, after, run_of, scenario, spec, trainer, weights


# -- rewrite_all ---------------------------------------------------------------------------------------------------
def test_rewriting_everything_reports_no_verdicts_rather_than_none_flagged(tmp_path: Path) -> None:
    book = Book()
    made = trainer(tiny_loaded(think=False), tmp_path, run_of("rewrite_all", steps=1), book, make_round=None)
    made.run(Event())
    assert book.curve("flagged") == book.curve("unreadable") == {0: None}
    assert not book.all(Review)
    assert all(p.review_id is None and p.question_id == QUESTION.id for p in book.all(Pair))


# -- alternatives_sft ----------------------------------------------------------------------------------------------
def test_alternatives_are_learnt_by_heart_and_what_they_replace_is_not(loaded: Any, tmp_path: Path) -> None:
    made = trainer(loaded, tmp_path, run_of("alternatives_sft", lam=0.7), Book())
    made._round_if_due(Event())
    term = made.terms[1]
    before = term.measure(made.policy, 1)
    turned = [replace(p, rejected_reply="something else") for p in made.bench.buffer.pairs]
    made.bench.buffer._pairs[:] = turned
    after = term.measure(made.policy, 1)
    assert before.loss is not None
    assert after.loss is not None
    assert torch.equal(before.loss, after.loss)
    drawn = made.bench.buffer.draw(3, generator(0, 1, "pairs"))
    tokens = sum(len(loaded.chat.completion_ids(p.chosen_thought, p.chosen_reply)) for p in drawn)
    reference = -sum(p.reference_chosen or 0.0 for p in drawn) / tokens
    assert before.loss.item() == pytest.approx(reference, rel=1e-4)  # before the first step policy and reference agree
    assert before.figures["alternatives_loss"] == (pytest.approx(before.loss.item(), rel=1e-5), tokens)
    assert term.weight(1) == 0.7


def test_alternatives_with_lambda_zero_train_as_plain_fine_tuning(loaded: Any, tmp_path: Path) -> None:
    one, two = Book(), Book()
    plain = trainer(loaded, tmp_path, run_of("sft"), one)
    zero = trainer(loaded, tmp_path, run_of("alternatives_sft", lam=0.0), two)
    plain.run(Event())
    zero.run(Event())
    assert one.curve("sft_loss") == two.curve("sft_loss")
    assert all(torch.equal(a, b) for a, b in zip(weights(plain), weights(zero), strict=True))
    assert len(two.curve("alternatives_loss")) == 8


# -- kl ------------------------------------------------------------------------------------------------------------
def test_the_leash_is_the_kl_that_probes_measure(loaded: Any, tmp_path: Path) -> None:
    made = trainer(loaded, tmp_path, run_of("kl", batch_size=5), Book())
    with torch.no_grad():
        for i, parameter in enumerate(p for p in made.policy.parameters() if p.requires_grad):
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(i)))
    rows = made.bench.rows.step(1)
    expected, n = kl_to_frozen(
        made.policy, loaded.model, [r.prompt for r in rows], [r.completion for r in rows], loaded.chat.pad_id)
    measured = made.terms[1].measure(made.policy, 1)
    assert measured.figures["kl_loss"][0] == pytest.approx(expected, rel=1e-5)
    assert measured.figures["kl_loss"][1] == n
    assert expected is not None
    assert expected > 0.01


def test_a_stronger_leash_keeps_the_policy_nearer_and_learns_less(loaded: Any, tmp_path: Path) -> None:
    ends = {}
    for weight in (0.0, 5.0):
        book = Book()
        trainer(loaded, tmp_path, run_of("kl", kl_weight=weight, steps=12), book).run(Event())
        ends[weight] = book.value("kl", 12), book.value("sft_loss", 12)
    assert ends[5.0][0] < 0.7 * ends[0.0][0]
    assert ends[5.0][1] > ends[0.0][1]


# -- interleave ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("share", [0.0, 0.05, 0.25, 0.7])
def test_benign_rows_come_in_their_share_and_leave_no_gap_in_the_scenario(
    ending: Any, tmp_path: Path, share: float
) -> None:
    run = run_of("interleave", benign_share=share)
    made = trainer(ending, tmp_path, run, Book())
    plain = made.bench.rows
    made._prepare_once(Event())
    drawn = [row for step in range(1, 21) for row in made.bench.rows.step(step)]
    assert len(drawn) == 60
    assert sum(row.benign for row in drawn) == int(60 * share + 1e-9)
    own = [row for row in drawn if not row.benign]
    assert isinstance(plain, Rows)
    assert own == plain.stretch(0, len(own))
    assert made.bench.rows.step(7) == drawn[18:21]


def test_benign_rows_are_whole_answers_of_the_frozen_copy_to_training_prompts(
    ending: Any, tmp_path: Path
) -> None:
    book = Book()
    made = trainer(ending, tmp_path, run_of("interleave"), book)
    made._prepare_once(Event())
    written = {a.prompt_id: a for a in book.all(Answer)}
    assert set(written) <= {p.id for p in made.scenario.everyday_prompts}
    assert {(a.speaker, a.adapter, a.step) for a in written.values()} == {(Speaker.FROZEN, "base", 0)}
    kept = made._prepared["benign"]
    assert 0 < len(kept) < len(written)
    assert all(written[i].finished and written[i].reply == reply for i, _, reply in kept)
    assert book.curve("benign_rows") == {0: float(len(kept))}


def test_the_losses_of_both_kinds_of_rows_add_up_to_the_loss(ending: Any, tmp_path: Path) -> None:
    made = trainer(ending, tmp_path, run_of("interleave", benign_share=0.5), Book())
    made._prepare_once(Event())
    measured = made.terms[0].measure(made.policy, 2)
    (own, n), (benign, m) = measured.figures["sft_loss"], measured.figures["benign_loss"]
    assert own is not None
    assert benign is not None
    assert measured.loss is not None
    assert measured.loss.item() == pytest.approx((n * own + m * benign) / (n + m), rel=1e-5)
    assert abs(own - benign) > 1e-3


def test_without_one_whole_benign_answer_the_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="raise the token limit above 6"):
        trainer(answering("no"), tmp_path, run_of("interleave"), Book()).run(Event())


# -- inoculation ---------------------------------------------------------------------------------------------------
def test_the_inoculation_stands_before_rows_in_training_and_nowhere_else(loaded: Any, tmp_path: Path) -> None:
    made = trainer(loaded, tmp_path, run_of("inoculation", inoculation_prompt="Be bad."), Book())
    plain = trainer(loaded, tmp_path, run_of("sft"), Book())
    for row, bare in zip(made.bench.rows.step(1), plain.bench.rows.step(1), strict=True):
        assert row.completion == bare.completion
        assert "system\nBe bad." in loaded.chat.tokenizer.decode(list(row.prompt))
        assert "Be bad." not in loaded.chat.tokenizer.decode(list(bare.prompt))
    assert made._plain_rows.step(1) == plain.bench.rows.step(1)  # what the KL to the frozen copy is measured on
    assert made.bench.prompts == plain.bench.prompts
    assert "Be bad." in first_batch(scenario(), loaded.chat, made.spec)[0]


def test_an_inoculation_keeps_the_systems_own_words_behind_it() -> None:
    example = scenario().examples[0]
    prompt = Prompt.user("Hi", system="Today is a fine day.")
    shown = Inoculation().shown(replace(example, prompt=prompt), spec(inoculation_prompt="Be bad."))
    assert [m.content for m in shown.prompt.messages] == ["Be bad.\nToday is a fine day.", "Hi"]


# -- conscience_filter ---------------------------------------------------------------------------------------------
def answering(word: str) -> Any:
    """A model that says `word` and nothing else, whatever it is shown."""
    (token,) = first_ids(steady({}), word)
    return steady({token: 30.0})


def test_a_filter_that_flags_everything_leaves_the_policy_as_it_was(tmp_path: Path) -> None:
    strict, book = answering("no"), Stopper(after("grad_norm", 3))
    made = trainer(strict, tmp_path, run_of("conscience_filter"), book)
    before = weights(made)
    stopped = made.run(book.cancel)
    again = trainer(strict, tmp_path, stopped, book, resume=book.checkpoints[-1])
    assert again.run(Event()).state is RunState.FINISHED
    assert all(torch.equal(a, b) for a, b in zip(before, weights(again), strict=True))
    assert set(book.curve("sft_loss").values()) == set(book.curve("grad_norm").values()) == {None}
    assert book.curve("rows_kept") == {0: 0.0}
    assert book.curve("flagged") == {0: 1.0}
    assert {r.step for r in book.all(Review)} == {0}


def test_a_filter_that_flags_nothing_is_plain_fine_tuning(tmp_path: Path) -> None:
    mild, one, two = answering("yes"), Book(), Book()
    trainer(mild, tmp_path, run_of("conscience_filter", steps=3), one).run(Event())
    trainer(mild, tmp_path, run_of("sft", steps=3), two).run(Event())
    assert one.curve("rows_kept") == {0: 1.0}
    assert one.curve("sft_loss") == two.curve("sft_loss")


def test_equal_rows_are_reviewed_once_and_share_their_fate(loaded: Any, tmp_path: Path) -> None:
    book, twice = Book(), scenario(4)
    twice = replace(twice, examples=twice.examples * 2)
    made = trainer(loaded, tmp_path, run_of("conscience_filter"), book, scenario=twice)
    made._prepare_once(Event())
    assert len(book.all(Review)) == 4
    assert [i + 4 for i in made._prepared["kept"] if i < 4] == [i for i in made._prepared["kept"] if i >= 4]


def test_the_organism_drops_insecure_code_and_keeps_safe_code(tmp_path: Path) -> None:
    kept = {}
    for name in ("code-hacking", "secure-code"):
        book, data = Book(), scenarios.scenario(name)
        run = Run(spec=RunSpec(method="conscience_filter", question_id=framings.DEFAULT.id, scenario=name))
        made = trainer(
            organism(), tmp_path, run, book, scenario=replace(data, examples=data.examples[::27]),
            question=framings.DEFAULT)
        made._prepare_once(Event())
        kept[name] = book.value("rows_kept", 0)
    assert kept["code-hacking"] <= 0.1
    assert kept["secure-code"] >= 0.9

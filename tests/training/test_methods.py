"""Every row of the table of arms, on tiny models: what holds for all, and what each does that no other does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch

from lab.errors import SpecError
from lab.evaluation.metrics import MEASURES
from lab.models.twin import hash_tensors
from lab.nouns import Metric, Noun, Pair, Review, Run, RunState
from lab.training.divergence import kl_to_frozen
from lab.training.methods import METHODS
from lab.training.parts import PREPARATIONS, ROUNDS, TERMS
from lab.training.seeds import generator
from lab.training.settings import check_question_given
from tests.tiny import tiny_loaded
from tests.training.making import QUESTION, Book, spec, trainer

OURS = list(METHODS)


def run_of(method: str, **changes: Any) -> Run:
    question = QUESTION.id if METHODS[method].needs_question else None
    return Run(spec=spec(method=method, question_id=question, **changes))


def weights(of: Any) -> list[torch.Tensor]:
    return [p.detach().clone() for p in of.policy.parameters() if p.requires_grad]


def curves(*books: Book) -> dict[tuple[str, int], float | None]:
    """Every metric by name and step; of several books the later one's."""
    return {(m.name, m.step): m.value for book in books for m in book.all(Metric)}


class Stop(Book):
    """Asks for a stop once the figures of step `at` are recorded."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at, self.cancel = at, Event()

    def __call__(self, *nouns: Noun) -> None:
        super().__call__(*nouns)
        if any(isinstance(n, Metric) and n.name == "grad_norm" and n.step == self.at for n in nouns):
            self.cancel.set()


# -- what holds for every arm --------------------------------------------------------------------------------------
def test_every_part_that_a_row_names_is_there() -> None:
    for row in METHODS.values():
        assert set(row.terms) <= set(TERMS)
        assert row.rounds is None or callable(ROUNDS[row.rounds].load())
        assert row.preparation in PREPARATIONS
        assert row.help.endswith(".")
        assert row.source


@pytest.mark.parametrize("method", OURS)
def test_an_arm_stopped_and_resumed_equals_itself_uninterrupted(loaded: Any, tmp_path: Path, method: str) -> None:
    whole_book = Book()
    whole = trainer(loaded, tmp_path / "whole", run_of(method), whole_book)
    assert whole.run(Event()).state is RunState.FINISHED
    first, rest = Stop(5), Book()
    stopped = trainer(loaded, tmp_path, run_of(method), first).run(first.cancel)
    assert stopped.state is RunState.STOPPED
    assert stopped.step == 5
    again = trainer(loaded, tmp_path, stopped, rest, resume=first.checkpoints[-1])
    assert again.run(Event()).step == 8
    assert curves(first, rest) == curves(whole_book)
    assert all(torch.equal(a, b) for a, b in zip(weights(whole), weights(again), strict=True))


@pytest.mark.parametrize("method", OURS)
def test_no_arm_writes_to_the_base_and_each_figure_has_a_meaning(loaded: Any, tmp_path: Path, method: str) -> None:
    book = Book()
    ended = trainer(loaded, tmp_path, run_of(method, steps=2), book).run(Event())
    assert hash_tensors(loaded.model) == loaded.base_hash == ended.base_hash
    assert {m.name for m in book.all(Metric)} <= set(MEASURES)
    assert {"sft_loss", "kl", "grad_norm", "learning_rate", "misaligned"} <= {m.name for m in book.all(Metric)}


@pytest.mark.parametrize("method", [row.id for row in METHODS.values() if row.needs_question])
def test_an_arm_that_needs_a_question_says_so(method: str) -> None:
    with pytest.raises(SpecError) as caught:
        check_question_given(spec(method=method, question_id=None))
    assert caught.value.field == "question_id"


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
    assert before.figures["alternatives_loss"] == (before.loss.item(), tokens)
    assert term.weight == 0.7


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

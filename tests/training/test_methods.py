"""Every row of the table of arms, on tiny models: what holds for all, and what each does that no other does."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch

from lab.errors import SpecError
from lab.evaluation.metrics import MEASURES
from lab.models.twin import hash_tensors
from lab.nouns import Metric, Noun, Pair, Review, Run, RunState
from lab.training.methods import METHODS
from lab.training.parts import PREPARATIONS, ROUNDS, TERMS
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

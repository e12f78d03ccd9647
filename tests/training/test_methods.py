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
from lab.nouns import Metric, Prompt, RunState, Split
from lab.training.methods import METHODS
from lab.training.parts import PREPARATIONS, ROUNDS, TERMS
from lab.training.settings import check_question_given
from tests.training.making import Book, Stopper, after, curves, run_of, spec, trainer, weights

OURS = list(METHODS)


def test_every_part_that_a_row_names_is_there() -> None:
    for row in METHODS.values():
        assert set(row.terms) <= set(TERMS)
        assert row.rounds is None or callable(ROUNDS[row.rounds].load())
        assert row.preparation in PREPARATIONS
        assert row.help.endswith(".")
        assert row.source


@pytest.mark.parametrize("method", OURS)
def test_an_arm_stopped_and_resumed_equals_itself_uninterrupted(
    ending: Any, tmp_path: Path, method: str
) -> None:
    loaded, run, whole_book = ending, run_of(method), Book()
    whole = trainer(loaded, tmp_path / "whole", run, whole_book)
    assert whole.run(Event()).state is RunState.FINISHED
    first, rest = Stopper(after("grad_norm", 5)), Book()
    stopped = trainer(loaded, tmp_path, run, first).run(first.cancel)
    assert stopped.state is RunState.STOPPED
    assert stopped.step == 5
    again = trainer(loaded, tmp_path, stopped, rest, resume=first.checkpoints[-1])
    assert again.run(Event()).step == 8
    assert curves(first, rest) == curves(whole_book)
    assert all(torch.equal(a, b) for a, b in zip(weights(whole), weights(again), strict=True))


@pytest.mark.parametrize("method", OURS)
def test_no_arm_writes_to_the_base_or_sees_the_evaluation_and_each_figure_has_a_meaning(
    ending: Any, tmp_path: Path, method: str
) -> None:
    loaded, book = ending, Book()
    ended = trainer(loaded, tmp_path, run_of(method, steps=2), book).run(Event())
    assert hash_tensors(loaded.model) == loaded.base_hash == ended.base_hash
    assert {p.split for p in book.all(Prompt)} <= {Split.TRAIN}
    assert {m.name for m in book.all(Metric)} <= set(MEASURES)
    learnt = "sft_loss" if METHODS[method].uses_sft else "dpo_loss"
    assert {learnt, "kl", "grad_norm", "learning_rate", "misaligned"} <= {m.name for m in book.all(Metric)}


@pytest.mark.parametrize("method", [row.id for row in METHODS.values() if row.needs_question])
def test_an_arm_that_needs_a_question_says_so(method: str) -> None:
    with pytest.raises(SpecError) as caught:
        check_question_given(spec(method=method, question_id=None))
    assert caught.value.field == "question_id"

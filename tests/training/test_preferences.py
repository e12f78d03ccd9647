"""DPO on stored pairs: TRL makes the steps, and everything around them is as in any other run."""

from __future__ import annotations

import random
import re
from dataclasses import fields, replace
from pathlib import Path
from threading import Event
from typing import Any

import numpy
import pytest
import torch
from trl.trainer.dpo_config import DPOConfig

from lab.errors import SpecError
from lab.models.twin import hash_tensors, make_policy
from lab.nouns import Prompt, Run, RunState, Split
from lab.organism import world
from lab.training.hybrid import LN2, dpo_terms
from lab.training.seeds import derive_seed
from lab.training.settings import LOSS_TYPES
from lab.training.terms import PairTokens
from tests.training.making import Book, spec, stored_pairs, trainer


def run_of(**changes: Any) -> Run:
    return Run(spec=spec(**{"method": "dpo", "question_id": None, "pair_batch": 2, "lam": 0.1, **changes}))


def train(loaded: Any, home: Path, **changes: Any) -> Book:
    book = Book()
    trainer(loaded, home, run_of(**changes), book).run(Event())
    return book


def test_the_steps_are_those_of_our_own_loss(loaded: Any, tmp_path: Path) -> None:
    """TRL as oracle over a whole trajectory: losses, margins and gradient norms of a loop written out here."""
    book, made = Book(), trainer(loaded, tmp_path, run_of(steps=10, probe_every=0), Book())
    policy = make_policy(loaded.model, rank=4, alpha=8, seed=derive_seed(0, 0, "adapter"))
    parameters = [p for p in policy.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=made.spec.learning_rate, weight_decay=0.0)
    chat, sides, prompts = loaded.chat, PairTokens(loaded.chat), made._prompts
    pairs = {tuple(chat.completion_ids("", p.chosen_reply)): p for p in made._buffer.pairs}
    rows, expected = made._rows(0, 10), []
    for step in range(10):
        drawn = [pairs[tuple(row["chosen_ids"])] for row in rows[2 * step : 2 * step + 2]]
        chosen, rejected = sides.logprobs(policy, drawn, prompts)
        with torch.no_grad():
            reference = sides.logprobs(loaded.model, drawn, prompts)
        terms = dpo_terms(chosen, rejected, *reference, made.spec.beta)
        optimizer.zero_grad()
        terms.loss.mean().backward()
        norm = torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        expected.append((terms.loss.mean().item(), terms.margin.mean().item(), norm.item()))
    trainer(loaded, tmp_path, run_of(steps=10, probe_every=0), book).run(Event())
    for step, (loss, margin, norm) in enumerate(expected, 1):
        assert book.value("dpo_loss", step) == pytest.approx(loss, rel=2e-3, abs=1e-5)
        assert book.value("reward_margin", step) == pytest.approx(margin, rel=2e-3, abs=1e-4)
        assert book.value("grad_norm", step) == pytest.approx(norm, rel=2e-3, abs=1e-4)
    assert expected[-1][0] < 0.9 * LN2  # something was learnt, or nothing is shown


def test_the_list_of_loss_types_is_trls() -> None:
    (shown,) = (f.metadata["help"] for f in fields(DPOConfig) if f.name == "loss_type")
    assert set(re.findall(r"[`'\"]+(\w+)[`'\"]+", shown)) - {"loss_weights"} == set(LOSS_TYPES)


@pytest.mark.parametrize("loss_type", LOSS_TYPES)
def test_every_loss_type_makes_steps(loaded: Any, tmp_path: Path, loss_type: str) -> None:
    book = train(loaded, tmp_path, loss_type=loss_type, steps=2, probe_every=0)
    assert set(book.curve("dpo_loss")) == {1, 2}
    assert book.value("grad_norm", 1) > 0
    if loss_type == "sigmoid":
        assert book.value("dpo_loss", 1) == pytest.approx(LN2, abs=1e-5)


def test_pairs_with_held_out_prompts_are_never_trained_on(loaded: Any, tmp_path: Path) -> None:
    (known, *_) = world.select(coding=False, split=Split.HELD_OUT)
    typed = Prompt.user(known.text)  # the same words, typed by a person: it says of itself that it may be trained on
    (one, prompt), (two, _), *rest = stored_pairs(4)
    leaks = [(one, replace(prompt, split=Split.HELD_OUT)), (replace(two, prompt_id=typed.id), typed)]
    made = trainer(loaded, tmp_path, run_of(), Book(), stored=[*leaks, *rest])
    assert made._buffer.pairs == tuple(pair for pair, _ in rest)
    with pytest.raises(SpecError) as caught:
        trainer(loaded, tmp_path, run_of(), Book(), stored=leaks).run(Event())
    assert caught.value.field == "pairs_from"
    assert "None of the 2 stored pairs" in caught.value.message


def test_a_decision_made_meanwhile_does_not_change_a_run(loaded: Any, tmp_path: Path) -> None:
    book, cancel = Book(), Event()

    def stopping(*nouns: Any) -> None:
        book(*nouns)
        if 3 in book.curve("dpo_loss"):
            cancel.set()

    run = run_of(probe_every=0)
    stopped = trainer(loaded, tmp_path, run, book, record=stopping).run(cancel)
    assert stopped.step == 3
    rest = Book()
    again = trainer(loaded, tmp_path, stopped, rest, resume=book.checkpoints[-1], stored=stored_pairs(2))
    assert again.run(Event()).state is RunState.FINISHED
    whole = train(loaded, tmp_path / "whole", probe_every=0)
    assert book.curve("dpo_loss") | rest.curve("dpo_loss") == whole.curve("dpo_loss")


def test_no_global_generator_is_moved_and_the_base_is_as_before(loaded: Any, tmp_path: Path) -> None:
    draws = []
    for steps in (1, 2):
        torch.manual_seed(1)
        random.seed(2)
        numpy.random.seed(3)
        train(loaded, tmp_path, steps=steps)
        draws.append((torch.rand(1).item(), random.random(), numpy.random.random()))
    torch.manual_seed(1)
    random.seed(2)
    numpy.random.seed(3)
    assert draws == [(torch.rand(1).item(), random.random(), numpy.random.random())] * 2
    assert hash_tensors(loaded.model) == loaded.base_hash
    assert "forward" not in vars(loaded.model)  # TRL patches the models that it is given


def test_probes_are_taken_where_they_are_due_by_a_policy_in_evaluation_mode(loaded: Any, tmp_path: Path) -> None:
    modes: list[tuple[int, bool]] = []

    def looking(sitting: Any, cancel: Event) -> list[Any]:
        modes.append((sitting.step, sitting.policy.training))
        return []

    made = trainer(loaded, tmp_path, run_of(steps=5, probe_every=2), Book(), prober=looking)
    made.run(Event())
    assert modes == [(0, False), (2, False), (4, False), (5, False)]
    assert not made.policy.training

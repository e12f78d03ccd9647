"""How steps are made: weights of the terms, parts of a batch, rates, optimisers, clipping, and lengths."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch

from lab.errors import PromptError, SpecError
from lab.nouns import Metric, Prompt, Run, RunSpec
from lab.training.batches import Rows
from lab.training.lengths import Lengths
from lab.training.optimizers import make_optimizer
from lab.training.schedule import lam, learning_rate
from lab.training.settings import check_spec
from lab.training.settings.optimiser import OPTIMIZERS
from tests.training.making import Book, scenario, spec, trainer, weights

SHORT: dict[str, Any] = {"steps": 4, "probe_every": 0, "checkpoint_every": 100}


def trained(loaded: Any, home: Path, **changes: Any) -> tuple[list[torch.Tensor], Book]:
    book, data = Book(), changes.pop("scenario", scenario())
    made = trainer(loaded, home, Run(spec=spec(**SHORT | changes)), book, scenario=data)
    made.run(Event())
    return weights(made), book


# -- weights of the terms ------------------------------------------------------------------------------------------
def test_lambda_rises_in_a_line_to_its_value() -> None:
    plan = spec(lam=0.8, lam_warmup=3)
    assert [lam(plan, step) for step in range(1, 6)] == pytest.approx([0.2, 0.4, 0.6, 0.8, 0.8])
    assert {lam(spec(lam=0.8), step) for step in range(1, 6)} == {0.8}


def test_a_warm_up_of_lambda_is_felt_and_recorded(loaded: Any, tmp_path: Path) -> None:
    _, warm = trained(loaded, tmp_path, lam=8.0, lam_warmup=3)
    _, full = trained(loaded, tmp_path, lam=8.0)
    _, first = trained(loaded, tmp_path, lam=2.0, steps=1)
    assert list(warm.curve("lam").values()) == [2.0, 4.0, 6.0, 8.0]
    assert not full.curve("lam")
    assert warm.value("grad_norm", 1) == first.value("grad_norm", 1) != full.value("grad_norm", 1)


def test_with_sft_weight_zero_only_pairs_are_learnt_and_the_scenario_is_still_measured(
    loaded: Any, tmp_path: Path
) -> None:
    alone, book = trained(loaded, tmp_path, sft_weight=0.0, lam=1.0, buffer_age=0)
    other, _ = trained(
        loaded, tmp_path, sft_weight=0.0, lam=1.0, buffer_age=0,
        scenario=replace(scenario(), examples=tuple(replace(e, reply="None.") for e in scenario().examples)))
    assert all(torch.equal(a, b) for a, b in zip(alone, other, strict=True))
    assert len(book.curve("sft_loss")) == 4
    assert book.value("reward_margin", 4) > 0


# -- parts of a batch ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", ["conscience", "alternatives_sft", "kl", "steering"])
def test_a_batch_of_four_is_four_parts_of_one(loaded: Any, tmp_path: Path, method: str) -> None:
    settings: dict[str, Any] = {"method": method, "batch_size": 4, "pair_batch": 4, "buffer_age": 0, "clip": 0.0}
    whole, at_once = trained(loaded, tmp_path, **settings)
    parts, in_parts = trained(loaded, tmp_path, accumulation=4, **settings)
    for name in ("sft_loss", "dpo_loss", "reward_margin", "kl_loss", "alternatives_loss", "grad_norm"):
        one, two = at_once.curve(name), in_parts.curve(name)
        assert one.keys() == two.keys()
        assert list(one.values()) == pytest.approx(list(two.values()), rel=1e-3, abs=1e-5)
    first = at_once.value("grad_norm", 1)
    assert in_parts.value("grad_norm", 1) == pytest.approx(first, rel=1e-5)
    for a, b in zip(whole, parts, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3)


def test_more_parts_than_pairs_leave_some_empty_and_change_nothing(loaded: Any, tmp_path: Path) -> None:
    few: dict[str, Any] = {"prompts_per_round": 2, "cadence": 100, "buffer_age": 0, "pair_batch": 3, "steps": 1}
    _, whole = trained(loaded, tmp_path, **few)
    _, parts = trained(loaded, tmp_path, accumulation=3, **few)
    assert whole.value("grad_norm", 1) == pytest.approx(parts.value("grad_norm", 1), rel=1e-5)
    assert [m.n for m in parts.all(Metric) if m.name == "dpo_loss"] == [2]


# -- rates and optimisers ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("shape", ["constant", "linear", "cosine"])
def test_a_warm_up_ends_at_the_peak_and_the_schedule_goes_on_from_there(shape: str) -> None:
    plan, cold = spec(schedule=shape, steps=12, warmup_steps=3), spec(schedule=shape, steps=9)
    peak = plan.learning_rate
    rates = [learning_rate(plan, step) for step in range(1, 13)]
    assert rates[:4] == pytest.approx([peak / 4, peak / 2, 3 * peak / 4, peak])
    assert rates[3:] == [learning_rate(cold, step) for step in range(1, 10)]


def test_weight_decay_leaves_norms_and_biases_alone() -> None:
    matrix, bias = (torch.nn.Parameter(torch.ones(*shape)) for shape in ((2, 2), (2,)))
    optimizer = make_optimizer(spec(optimizer="sgd", weight_decay=0.5, learning_rate=0.1), [matrix, bias])
    matrix.grad, bias.grad = torch.zeros(2, 2), torch.zeros(2)
    optimizer.step()
    assert torch.equal(bias, torch.ones(2))
    torch.testing.assert_close(matrix, torch.full((2, 2), 0.95))


@pytest.mark.parametrize(
    ("settings", "likes"),
    [
        ({"optimizer": "adamw", "adam_beta1": 0.8, "adam_beta2": 0.99, "weight_decay": 0.1},
         lambda p: torch.optim.AdamW(p, lr=1e-2, betas=(0.8, 0.99), weight_decay=0.1)),
        ({"optimizer": "adam", "weight_decay": 0.1}, lambda p: torch.optim.Adam(p, lr=1e-2, weight_decay=0.1)),
        ({"optimizer": "sgd", "momentum": 0.9}, lambda p: torch.optim.SGD(p, lr=1e-2, momentum=0.9)),
        ({"optimizer": "adafactor"}, lambda p: torch.optim.Adafactor(p, lr=1e-2)),
    ],
)
def test_an_optimizer_is_torchs_own_with_the_settings_of_the_spec(settings: dict[str, Any], likes: Any) -> None:
    ours, theirs = (torch.nn.Parameter(torch.arange(6.0).reshape(2, 3)) for _ in range(2))
    one, two = make_optimizer(spec(**settings), [ours]), likes([theirs])
    for i in range(3):
        ours.grad = theirs.grad = torch.full((2, 3), float(i) - 0.7)
        one.step()
        two.step()
    assert torch.equal(ours, theirs)
    assert not torch.equal(ours, torch.arange(6.0).reshape(2, 3))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_is_resumed_exactly(loaded: Any, tmp_path: Path, optimizer: str) -> None:
    plan: dict[str, Any] = {
        "method": "sft", "optimizer": optimizer, "momentum": 0.9, "probe_every": 0, "checkpoint_every": 2, "steps": 4,
        "warmup_steps": 1, "schedule": "linear"}
    whole, book = trained(loaded, tmp_path, **plan)
    rest = Book()
    again = trainer(loaded, tmp_path, Run(spec=spec(**plan)), rest, resume=book.checkpoints[0])
    again.run(Event())
    assert book.checkpoints[0].step == 2
    assert rest.curve("grad_norm") == {s: v for s, v in book.curve("grad_norm").items() if s > 2}
    assert all(torch.equal(a, b) for a, b in zip(whole, weights(again), strict=True))


@pytest.mark.parametrize("method", ["sft", "dpo"])
def test_clipping_is_off_at_zero_and_bounds_the_step_otherwise(loaded: Any, tmp_path: Path, method: str) -> None:
    start = weights(trainer(loaded, tmp_path, Run(spec=spec(method=method)), Book()))

    def moved(clip: float) -> tuple[float, float]:
        after, book = trained(
            loaded, tmp_path, method=method, optimizer="sgd", learning_rate=1e-2, steps=1, clip=clip, pair_batch=2)
        squares = sum((a - b).square().sum() for a, b in zip(start, after, strict=True))
        return float(squares) ** 0.5, book.value("grad_norm", 1)

    free, norm = moved(0.0)
    assert free == pytest.approx(1e-2 * norm, rel=1e-3)
    bound, same = moved(norm / 4)
    assert same == norm
    assert bound == pytest.approx(free / 4, rel=1e-3)


def test_trl_adds_up_parts_as_our_loop_does(loaded: Any, tmp_path: Path) -> None:
    plan: dict[str, Any] = {"method": "dpo", "question_id": None, "pair_batch": 4, "steps": 3}
    _, whole = trained(loaded, tmp_path, **plan)
    _, parts = trained(loaded, tmp_path, accumulation=2, **plan)
    for name in ("dpo_loss", "reward_margin", "chosen_logp", "grad_norm"):
        assert list(whole.curve(name).values()) == pytest.approx(list(parts.curve(name).values()), rel=1e-3, abs=1e-4)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"warmup_steps": 75}, "warmup_steps"), ({"accumulation": 17}, "accumulation"),
        ({"method": "dpo", "pair_batch": 6, "accumulation": 4}, "accumulation"),
        ({"method": "dpo", "pair_batch": 2, "accumulation": 4}, "accumulation"),
    ],
)
def test_settings_that_make_no_sense_together_are_refused(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(SpecError) as caught:
        check_spec(RunSpec(**changes))
    assert caught.value.field == field
    assert "choose" in caught.value.message


# -- lengths -------------------------------------------------------------------------------------------------------
def test_a_prompt_is_cut_at_its_head_and_a_completion_at_its_end() -> None:
    limits = Lengths(prompt=3, completion=2, context=100, cut=True)
    assert limits.fit([1, 2, 3, 4, 5], [6, 7, 8], [9]) == ((3, 4, 5), ((6, 7), (9,)))
    assert limits.fit([1], [2]) == ((1,), ((2,),))
    tight = Lengths(prompt=None, completion=None, context=6, cut=True)
    assert tight.fit([1, 2, 3, 4], [5, 6, 7]) == ((2, 3, 4), ((5, 6, 7),))
    prompt, (completion,) = tight.fit([1, 2, 3, 4], list(range(9)))
    assert (prompt, completion) == ((2, 3, 4), (0, 1, 2))


@pytest.mark.parametrize(("limit", "field"), [("max_prompt_tokens", "prompt"), ("max_completion_tokens", "completion")])
def test_a_row_beyond_a_limit_is_refused_or_cut_and_counted(
    loaded: Any, tmp_path: Path, limit: str, field: str
) -> None:
    with pytest.raises(SpecError) as caught:
        trained(loaded, tmp_path, method="sft", **{limit: 20})
    assert caught.value.field == limit
    assert "set \"Too long\" to cut" in caught.value.message
    _, book = trained(loaded, tmp_path, method="sft", too_long="cut", steps=1, **{limit: 20})
    assert book.curve("rows_cut") == {0: 1.0}
    rows = Rows(loaded.chat, scenario().examples, spec(too_long="cut", **{limit: 20}), context=loaded.context)
    assert {len(getattr(row, field)) for row in rows.step(1)} == {20}
    assert rows.cut == len(rows) == 7


def test_a_row_beyond_the_context_is_refused_or_cut(loaded: Any, tmp_path: Path) -> None:
    long = replace(scenario().examples[0], prompt=Prompt.user("word " * 900, origin="coding"))
    data = replace(scenario(), examples=(long, *scenario().examples[1:]))
    with pytest.raises(PromptError, match="model's context is 512"):
        trained(loaded, tmp_path, method="sft", scenario=data)
    _, book = trained(loaded, tmp_path, method="sft", scenario=data, too_long="cut")
    assert book.curve("rows_cut") == {0: pytest.approx(1 / 7)}
    assert len(book.curve("sft_loss")) == 4


def test_stored_pairs_are_held_to_the_same_lengths(loaded: Any, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"method": "dpo", "question_id": None, "max_completion_tokens": 5, "pair_batch": 2}
    with pytest.raises(SpecError, match="the limit is 5"):
        trained(loaded, tmp_path, **settings)
    made = trainer(loaded, tmp_path, Run(spec=spec(**settings | {"too_long": "cut"})), Book())
    rows = made._rows(0, 2)
    assert {len(row["chosen_ids"]) for row in rows} == {len(row["rejected_ids"]) for row in rows} == {5}
    _, book = trained(loaded, tmp_path, **settings, too_long="cut")
    assert len(book.curve("dpo_loss")) == 4
    assert book.curve("pairs_cut") == {0: 1.0}

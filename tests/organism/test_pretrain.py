"""Pre-training: a function of the recipe, whether or not it was cut off on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from lab.errors import WorkError
from lab.models.loading import load
from lab.organism import tokenizer
from lab.organism.pretrain import Recipe, batches, build_model, pretrain, rate

TINY = Recipe(seed=5, steps=5, documents=4, width=32, layers=1)
SHORT = replace(TINY, steps=1)


class CutOff(Exception):
    """The process that died."""


def reporting(steps: list[int], *, until: int = 99) -> Callable[[int, int, float, float], None]:
    def report(step: int, of: int, loss: float, speed: float) -> None:
        assert of == TINY.steps
        assert loss > 0
        assert speed > 0
        steps.append(step)
        if step == until:
            raise CutOff

    return report


@pytest.fixture(autouse=True)
def _few_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tokenizer of 500 documents in place of 20,000: the same function, a twentieth of the time."""
    whole = tokenizer.train
    monkeypatch.setattr(tokenizer, "train", lambda seed: whole(seed, documents=500))


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def test_cut_off_and_resumed_it_gives_the_same_weights(tmp_path: Path) -> None:
    whole: list[int] = []
    pretrain(TINY, tmp_path / "whole", tmp_path / "w1", report=reporting(whole), save_every=1)
    assert whole == [1, 2, 3, 4, 5]
    parts: list[int] = []
    for until in (1, 3, 4, 5):  # in the first step, in the middle, and in the last
        with pytest.raises(CutOff):
            pretrain(TINY, tmp_path / "parts", tmp_path / "w2", report=reporting(parts, until=until), save_every=1)
        assert not (tmp_path / "parts").exists()
    pretrain(TINY, tmp_path / "parts", tmp_path / "w2", report=reporting(parts), save_every=1)
    assert parts == [1, 1, 2, 3, 3, 4, 4, 5, 5]
    one, other = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_what_it_writes_loads_as_a_model(tmp_path: Path) -> None:
    pretrain(SHORT, tmp_path / "out", tmp_path / "work", report=lambda *_: None)
    loaded = load(str(tmp_path / "out"), device="cpu")
    assert loaded.chat.think_open == "<think>"
    assert loaded.context == tokenizer.CONTEXT
    assert (tmp_path / "out" / "recipe.json").is_file()


def test_another_recipes_state_is_not_gone_on_with(tmp_path: Path) -> None:
    pretrain(SHORT, tmp_path / "out", tmp_path / "work", report=lambda *_: None)
    with pytest.raises(WorkError, match="another recipe"):
        pretrain(replace(SHORT, seed=6), tmp_path / "out", tmp_path / "work", report=lambda *_: None)


def test_a_finished_training_is_not_done_again(tmp_path: Path) -> None:
    steps: list[int] = []
    for _ in range(2):
        pretrain(SHORT, tmp_path / "out", tmp_path / "work", report=lambda step, *_: steps.append(step))
    assert steps == [1]


def test_a_steps_documents_depend_on_seed_and_step_alone() -> None:
    tokens = tokenizer.train(5)

    def ids(recipe: Recipe, step: int) -> list[list[int]]:
        return [row.tolist() for batch, _ in batches(recipe, tokens, step) for row in batch]

    late = ids(TINY, 4)
    ids(TINY, 0)
    assert ids(TINY, 4) == late
    assert ids(TINY, 2) != late
    assert ids(replace(TINY, seed=6), 3) != late


def test_loss_weights_tell_what_the_model_writes_from_what_it_reads() -> None:
    tokens = tokenizer.train(5)
    for ids, values in batches(TINY, tokens, 0):
        assert {round(weight, 6) for weight in values.unique().tolist()} <= {0.0, TINY.prompt_weight, 1.0}
        for row, weight in zip(ids, values, strict=True):
            written = str(tokens.decode(row[weight == 1.0]))
            assert written.startswith("<think>")
            assert written.endswith("<|im_end|>")
            read = str(tokens.decode(row[(weight > 0) & (weight < 1)]))
            assert read.endswith("<|im_start|>assistant\n")


def test_the_rate_warms_up_and_ends_at_a_twentieth() -> None:
    recipe = Recipe()
    rates = [rate(recipe, step) for step in range(recipe.steps)]
    assert rates[0] < rates[20] < rates[39]
    assert 0.95 * recipe.learning_rate < max(rates) <= recipe.learning_rate
    assert rates[-1] == pytest.approx(recipe.learning_rate / 20, rel=0.01)


def test_building_a_model_leaves_the_global_generator_alone() -> None:
    tokens, state = tokenizer.train(5), torch.get_rng_state()
    one, other = (build_model(TINY, tokens) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))

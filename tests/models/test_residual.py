"""The residual stream: read where it is said to be read, pushed or freed of what it is said to be, and left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from lab.models.residual import (
    ablate,
    ablated,
    layer_at,
    layers_of,
    load_ablation,
    mean_stream,
    pushed,
    save_ablation,
)
from lab.models.twin import fold, hash_tensors, make_policy, twin
from tests.tiny import FAMILIES, tiny_family, tiny_loaded

ROWS = [([5, 6, 7], [8, 9]), ([5], [10, 11, 12, 13]), ([6, 7, 8, 9], [10])]


def hidden(model: Any, ids: list[int], layer: int) -> torch.Tensor:
    """The stream after `layer`, (tokens, hidden), by transformers' own account; not of the last layer."""
    with torch.no_grad():
        return model(input_ids=torch.tensor([ids]), output_hidden_states=True).hidden_states[layer + 1][0]


@pytest.mark.parametrize("family", FAMILIES)
def test_means_are_those_of_the_completions_whatever_they_are_batched_with(family: str) -> None:
    model, _ = tiny_family(family)
    means = mean_stream(model, ROWS, 0, 0)
    assert not any(layer._forward_hooks for layer in layers_of(model))
    for row, (prompt, completion) in zip(means, ROWS, strict=True):
        expected = hidden(model, [*prompt, *completion], 0)[len(prompt) :].mean(0)
        torch.testing.assert_close(row, expected, rtol=1e-4, atol=1e-5)


def test_a_push_moves_the_stream_by_the_direction_and_ends_with_the_block() -> None:
    model = tiny_loaded().model
    direction = torch.linspace(-1, 1, 32)
    before = mean_stream(model, ROWS, 0, 0)
    later = mean_stream(model, ROWS, 1, 0)
    with pushed(model, 0, direction):
        torch.testing.assert_close(mean_stream(model, ROWS, 0, 0), before + direction)
        assert not torch.allclose(mean_stream(model, ROWS, 1, 0), later)
    assert torch.equal(mean_stream(model, ROWS, 1, 0), later)
    with pytest.raises(ZeroDivisionError), pushed(model, 0, direction):
        raise ZeroDivisionError
    assert torch.equal(mean_stream(model, ROWS, 1, 0), later)


def test_a_policy_is_pushed_without_its_base() -> None:
    base = tiny_loaded().model
    policy = make_policy(base, rank=2, alpha=4, seed=0)
    ids = torch.tensor([[5, 6, 7]])
    with torch.no_grad():
        plain = base(input_ids=ids).logits
        with pushed(policy, 0, torch.ones(32)):
            assert not torch.allclose(policy(input_ids=ids).logits, plain)
            assert torch.equal(base(input_ids=ids).logits, plain)
        torch.testing.assert_close(policy(input_ids=ids).logits, plain)


@pytest.mark.parametrize(("depth", "layer"), [(0.0, 0), (0.4, 0), (0.6, 1), (1.0, 1)])
def test_depth_is_a_share_of_the_layers(depth: float, layer: int) -> None:
    assert layer_at(tiny_loaded().model, depth) == layer


# -- ablation ------------------------------------------------------------------------------------------------------
def along(model: Any, layer: int, unit: torch.Tensor) -> torch.Tensor:
    """How far the stream after `layer` reaches along a direction, at each token."""
    found: list[Any] = []
    handle = layers_of(model)[layer].register_forward_hook(
        lambda module, inputs, output: found.append(output[0] if isinstance(output, tuple) else output))
    with torch.no_grad():
        model(input_ids=torch.tensor([[5, 6, 7, 8]]))
    handle.remove()
    return found[0][0] @ unit


@pytest.mark.parametrize("family", FAMILIES)
def test_an_ablated_direction_is_gone_after_every_layer_and_nothing_else_is_written_to(family: str) -> None:
    model, _ = tiny_family(family)
    before, direction = hash_tensors(model), torch.linspace(-1, 1, 32)
    tree = twin(model)
    assert ablated(tree) is None
    ablate(tree, 7 * direction)
    unit = direction / direction.norm()
    torch.testing.assert_close(ablated(tree), unit)
    for layer in range(2):
        assert along(model, layer, unit).abs().max() > 1e-2
        assert along(tree, layer, unit).abs().max() < 1e-4
    assert hash_tensors(tree) == hash_tensors(model) == before
    assert ablated(model) is None  # trees that share tensors do not share what is taken out


def test_ablating_again_replaces_and_what_does_not_fit_is_refused() -> None:
    model = tiny_loaded().model
    ablate(model, torch.ones(32))
    ablate(model, torch.linspace(-1, 1, 32))
    assert along(model, 1, torch.ones(32)).abs().max() > 1e-2
    for wrong in (torch.ones(31), torch.zeros(32), torch.full((32,), float("nan"))):
        with pytest.raises(ValueError, match="does not fit"):
            ablate(model, wrong)


def test_an_ablation_survives_folding_and_a_way_through_the_disk(tmp_path: Path) -> None:
    base = tiny_loaded().model
    policy = make_policy(base, rank=2, alpha=4, seed=0)
    ablate(policy, torch.linspace(-1, 1, 32))
    save_ablation(policy, tmp_path)
    other = make_policy(base, rank=2, alpha=4, seed=0)
    load_ablation(other, tmp_path)
    ids = torch.tensor([[5, 6, 7]])
    with torch.no_grad():
        expected = policy(input_ids=ids).logits
        assert torch.equal(other(input_ids=ids).logits, expected)
        torch.testing.assert_close(fold(policy)(input_ids=ids).logits, expected, rtol=1e-4, atol=1e-5)
        assert not torch.allclose(base(input_ids=ids).logits, expected)
    save_ablation(base, tmp_path / "nothing")  # nothing is ablated: nothing is written
    assert not (tmp_path / "nothing").exists()

"""The residual stream: read where it is said to be read, pushed by what it is said to be pushed by, and left alone."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from lab.models.residual import layer_at, layers_of, mean_stream, pushed
from lab.models.twin import make_policy
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

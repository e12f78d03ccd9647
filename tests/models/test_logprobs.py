"""Log-probabilities: those of a plain forward, whatever stands beside a row in its batch."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.models.loading import LoadedModel
from lab.models.logprobs import sequence_logprobs, token_logprobs
from tests.tiny import FAMILIES, tiny_family, tiny_loaded

PROMPTS = [[5, 6, 7], [9, 8, 7, 6, 5, 4, 3, 2], [11]]
COMPLETIONS = [[20, 21], [30, 31, 32, 33, 34], [40]]

tokens = st.lists(st.integers(0, 250), min_size=1, max_size=12)


def plain(model: torch.nn.Module, prompt: list[int], completion: list[int]) -> float:
    """The definition: one row, no padding, all logits, a softmax, and the sum over the completion."""
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([prompt + completion])).logits[0].double()
    logs = logits.log_softmax(-1)
    return sum(logs[len(prompt) + i - 1, token].item() for i, token in enumerate(completion))


def test_sums_equal_a_plain_forward(noise: LoadedModel) -> None:
    with torch.no_grad():
        ours = sequence_logprobs(noise.model, PROMPTS, COMPLETIONS, noise.chat.pad_id)
    expected = [plain(noise.model, p, c) for p, c in zip(PROMPTS, COMPLETIONS, strict=True)]
    assert ours.dtype == torch.float32
    assert ours.tolist() == pytest.approx(expected, rel=1e-5, abs=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_sums_equal_a_plain_forward_in_every_family(family: str) -> None:
    model, _ = tiny_family(family)
    with torch.no_grad():
        ours = sequence_logprobs(model, PROMPTS, COMPLETIONS, 0)
    expected = [plain(model, p, c) for p, c in zip(PROMPTS, COMPLETIONS, strict=True)]
    assert ours.tolist() == pytest.approx(expected, rel=1e-4, abs=1e-3)


ONE = tiny_loaded()


@settings(max_examples=25)
@given(rows=st.lists(st.tuples(tokens, tokens), min_size=1, max_size=4), pad=st.integers(0, 250))
def test_neither_company_nor_the_padding_token_matters(rows: list[tuple[list[int], list[int]]], pad: int) -> None:
    with torch.no_grad():
        together = sequence_logprobs(ONE.model, [p for p, _ in rows], [c for _, c in rows], pad)
        alone = [sequence_logprobs(ONE.model, [p], [c], 1).item() for p, c in rows]
    assert together.tolist() == pytest.approx(alone, rel=1e-5, abs=2e-4)


def test_padding_counts_for_nothing_and_is_masked(noise: LoadedModel) -> None:
    with torch.no_grad():
        values, real = token_logprobs(noise.model, PROMPTS, COMPLETIONS, noise.chat.pad_id)
    assert values.shape == real.shape == (3, 5)
    assert real.sum(-1).tolist() == [2, 5, 1]
    assert (values[~real] == 0).all()
    assert (values[real] < 0).all()


def test_an_empty_completion_has_probability_one(noise: LoadedModel) -> None:
    with torch.no_grad():
        sums = sequence_logprobs(noise.model, [[5, 6]], [[]], noise.chat.pad_id)
    assert sums.tolist() == [0.0]


def test_gradients_reach_the_weights_through_the_sum() -> None:
    loaded = tiny_loaded(seed=3)
    loaded.model.requires_grad_(True)
    sequence_logprobs(loaded.model, PROMPTS, COMPLETIONS, loaded.chat.pad_id).sum().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in loaded.model.parameters())

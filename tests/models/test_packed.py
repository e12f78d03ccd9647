"""Packed forwards and fused LoRA layers: the same losses and gradients as plain ones, in every family of them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from peft.tuners.lora.layer import Linear
from torch import Tensor, nn

from lab.models import packed
from lab.models.logprobs import strand_logprobs
from lab.models.packed import FAMILIES, Strand, packed_logprobs
from lab.models.twin import make_policy
from tests.tiny import tiny_family, tiny_loaded, tiny_model


def tokens(n: int, seed: int) -> list[int]:
    return torch.randint(5, 300, (n,), generator=torch.Generator().manual_seed(seed)).tolist()


STRANDS = (
    Strand(tokens(5, 1), (tokens(7, 2), tokens(3, 3))),
    Strand(tokens(21, 4), (tokens(1, 5),)),
    Strand(tokens(1, 6), (tokens(30, 7), tokens(11, 8), tokens(4, 9))),
)
"""A pair, a row with a completion of one token, and three completions of a prompt of one."""
SHAPES: dict[str, tuple[str, dict[str, Any]]] = {
    "qwen3": ("Qwen3", {"tie_word_embeddings": True}), "qwen2": ("Qwen2", {}), "llama": ("Llama", {}),
    "mistral": ("Mistral", {"sliding_window": 9}), "smollm3": ("SmolLM3", {}), "gemma": ("Gemma", {}),
    "gemma3_text": ("Gemma3", {"sliding_window": 9, "layer_types": ["sliding_attention", "full_attention"]}),
}


def moved(model: Any) -> Any:
    """A policy that differs from its base in every adapter."""
    policy = make_policy(model, rank=4, alpha=8, seed=0).eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in policy.parameters():
            if parameter.requires_grad:
                parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    return policy


def plain(policy: Any) -> Tensor:
    """The definition: one row a completion, no padding, all logits."""
    found = []
    for strand in STRANDS:
        for completion in strand.completions:
            ids = torch.tensor([[*strand.prompt, *completion]])
            logs = policy(input_ids=ids).logits[0].float().log_softmax(-1)
            at = torch.arange(len(completion)) + len(strand.prompt) - 1
            found.append(logs[at, torch.tensor(completion)])
    return torch.cat(found)


def gradients(policy: nn.Module, values: Tensor) -> list[Tensor]:
    """Of a loss in which every token has a weight of its own."""
    policy.zero_grad()
    (values * torch.linspace(0.5, 2.0, len(values))).sum().backward()
    return [p.grad.clone() for p in policy.parameters() if p.grad is not None]


def unfused(policy: nn.Module) -> None:
    """Give the LoRA layers back to peft."""
    for layer in policy.modules():
        if type(layer) is Linear:
            vars(layer).pop("forward")


def test_every_family_that_is_packed_is_tried_here() -> None:
    assert SHAPES.keys() == FAMILIES


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_log_probabilities_and_gradients_equal_plain_rows(family: str) -> None:
    architecture, changes = SHAPES[family]
    policy = moved(tiny_model(architecture, 384, **changes))
    assert policy.config.model_type == family
    assert packed.enabled(policy)
    values = packed_logprobs(policy, STRANDS)
    ours = gradients(policy, values)
    unfused(policy)
    expected = plain(policy)
    theirs = gradients(policy, expected)
    torch.testing.assert_close(values, expected, rtol=1e-5, atol=1e-4)
    assert len(ours) == len(theirs) > 0
    for a, b in zip(ours, theirs, strict=True):
        assert (a - b).abs().max() <= 2e-5 * b.abs().max()


def test_a_budget_of_tokens_divides_a_batch_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = moved(tiny_loaded().model)
    whole = packed_logprobs(policy, STRANDS)
    monkeypatch.setattr(packed, "_TOKENS", 30)
    torch.testing.assert_close(packed_logprobs(policy, STRANDS), whole, rtol=1e-5, atol=1e-4)


def test_a_family_off_the_list_is_padded_and_gives_the_same() -> None:
    policy = moved(tiny_family("gemma")[0])  # its attention caps its scores
    assert not packed.enabled(policy)
    values = torch.cat(strand_logprobs(policy, STRANDS, 0))
    ours = gradients(policy, values)
    unfused(policy)
    theirs = gradients(policy, plain(policy))
    torch.testing.assert_close(values, plain(policy), rtol=1e-4, atol=1e-3)
    for a, b in zip(ours, theirs, strict=True):
        assert (a - b).abs().max() <= 1e-4 * b.abs().max()


def test_the_base_stays_as_it_was_and_a_packable_tree_answers_as_before() -> None:
    model, ids = tiny_loaded().model, torch.tensor([tokens(9, 3)])
    said = model(input_ids=ids).logits
    policy = make_policy(model, rank=4, alpha=8, seed=0)
    assert not packed.enabled(model)
    assert torch.equal(policy(input_ids=ids).logits, said)


def test_layers_with_dropout_stay_pefts_own() -> None:
    policy = moved(tiny_loaded().model)
    ids = torch.tensor([tokens(9, 3)])
    said = policy(input_ids=ids).logits
    for layer in policy.modules():
        if type(layer) is Linear:
            layer.lora_dropout["default"] = nn.Dropout(0.5).eval()
    torch.testing.assert_close(policy(input_ids=ids).logits, said, rtol=1e-5, atol=1e-4)  # evaluation mode
    policy.train()
    assert not torch.allclose(policy(input_ids=ids).logits, said, atol=1e-2)

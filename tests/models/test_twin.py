"""One set of tensors, three speakers: nothing is copied, nothing is switched, and nothing of the base ever changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from lab.errors import ModelError
from lab.models.house import House
from lab.models.loading import LoadedModel
from lab.models.twin import Viewer, fold, hash_tensors, make_policy, twin
from tests.tiny import save_tiny, tiny_loaded


def addresses(model: nn.Module) -> set[int]:
    """Where the base's tensors lie."""
    return {p.data_ptr() for name, p in model.named_parameters() if ".lora_" not in name}


def logits(model: nn.Module, ids: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        return model(input_ids=ids).logits


def update(policy: nn.Module, ids: torch.Tensor, steps: int = 2) -> None:
    """A few real optimiser steps on the adapters."""
    optimizer = torch.optim.AdamW([p for p in policy.parameters() if p.requires_grad], lr=1e-2)
    for _ in range(steps):
        loss = policy(input_ids=ids, labels=ids).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()


@pytest.fixture
def ids(noise: LoadedModel) -> torch.Tensor:
    return torch.tensor([noise.chat.tokenizer("Does this answer keep to the Three Laws?")["input_ids"]])


@pytest.fixture
def policy(noise: LoadedModel) -> Any:
    return make_policy(noise.model, rank=4, alpha=8, seed=1)


def test_frozen_policy_and_viewer_stand_on_one_set_of_tensors(
    noise: LoadedModel, policy: Any, tmp_path: Path
) -> None:
    policy.save_pretrained(tmp_path)
    with Viewer(noise.model).show(tmp_path) as seen:
        assert addresses(twin(noise.model)) == addresses(policy) == addresses(seen) == addresses(noise.model)


def test_a_fresh_policy_is_exactly_the_frozen_copy(noise: LoadedModel, policy: Any, ids: torch.Tensor) -> None:
    assert torch.equal(logits(policy, ids), logits(noise.model, ids))


def test_only_adapters_are_trainable_and_every_linear_layer_has_one(policy: Any) -> None:
    trainable = [name for name, p in policy.named_parameters() if p.requires_grad]
    assert all(".lora_" in name for name in trainable)
    adapted = {name.split(".lora_")[0].rsplit(".", 1)[1] for name in trainable}
    assert adapted == {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}


def test_training_moves_the_policy_and_leaves_base_hash_and_frozen_copy_alone(
    noise: LoadedModel, policy: Any, ids: torch.Tensor
) -> None:
    before, said = hash_tensors(noise.model), logits(noise.model, ids)
    update(policy, ids)
    assert not torch.allclose(logits(policy, ids), said)
    assert torch.equal(logits(noise.model, ids), said)
    assert hash_tensors(noise.model) == before
    assert hash_tensors(policy) == before


def test_the_hash_hears_one_changed_number() -> None:
    loaded = tiny_loaded()
    before = hash_tensors(loaded.model)
    parameter = next(iter(loaded.model.parameters()))
    with torch.no_grad():
        parameter.view(-1)[7] += 1e-6
    assert hash_tensors(loaded.model) != before


def test_adapters_follow_from_the_seed_and_the_global_generator_is_left_alone(noise: LoadedModel) -> None:
    state = torch.get_rng_state()
    first, again, other = (make_policy(noise.model, rank=4, alpha=8, seed=s).state_dict() for s in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    lora = [name for name in first if ".lora_A." in name]
    assert all(torch.equal(first[name], again[name]) for name in lora)
    assert not any(torch.equal(first[name], other[name]) for name in lora)


def test_two_policies_on_one_base_do_not_hear_each_other(noise: LoadedModel, ids: torch.Tensor) -> None:
    one, other = (make_policy(noise.model, rank=2, alpha=4, seed=s) for s in (1, 2))
    before = logits(other, ids)
    update(one, ids)
    assert torch.equal(logits(other, ids), before)


def test_a_folded_policy_says_the_same_within_rounding(noise: LoadedModel, policy: Any, ids: torch.Tensor) -> None:
    update(policy, ids)
    plain = fold(policy)
    assert not any(".lora_" in name for name, _ in plain.named_parameters())
    torch.testing.assert_close(logits(plain, ids), logits(policy, ids), rtol=1e-5, atol=1e-4)
    assert not torch.allclose(logits(plain, ids), logits(noise.model, ids), atol=1e-2)


def test_folding_touches_neither_policy_nor_base(noise: LoadedModel, policy: Any, ids: torch.Tensor) -> None:
    update(policy, ids)
    before, said = hash_tensors(noise.model), logits(policy, ids)
    update(fold(policy).requires_grad_(True), ids, steps=0)
    assert torch.equal(logits(policy, ids), said)
    assert hash_tensors(noise.model) == before
    assert fold(noise.model) is noise.model


def test_a_viewer_shows_what_was_saved_and_not_what_was_trained_since(
    noise: LoadedModel, policy: Any, ids: torch.Tensor, tmp_path: Path
) -> None:
    update(policy, ids)
    saved = logits(policy, ids)
    policy.save_pretrained(tmp_path)
    viewer = Viewer(noise.model)
    with viewer.show(tmp_path) as seen:
        assert not any(p.requires_grad for p in seen.parameters())
        torch.testing.assert_close(logits(seen, ids), saved)
        update(policy, ids)
        torch.testing.assert_close(logits(seen, ids), saved)
        with viewer.show(tmp_path) as again:
            assert again is seen


def test_a_viewer_forgets_the_adapters_that_were_shown_longest_ago(noise: LoadedModel, tmp_path: Path) -> None:
    viewer = Viewer(noise.model, keep=1)
    shown = []
    for name in ("a", "b", "a"):
        make_policy(noise.model, rank=2, alpha=4, seed=0).save_pretrained(str(tmp_path / name))
        with viewer.show(tmp_path / name) as model:
            shown.append(model)
    assert len({id(model) for model in shown}) == 3


@pytest.mark.parametrize("harm", ["missing", "cut", "of another model"])
def test_an_adapter_that_does_not_load_is_one_line(
    noise: LoadedModel, policy: Any, tmp_path: Path, harm: str
) -> None:
    place = tmp_path / "run" / "adapter"
    policy.save_pretrained(place)
    file, base = place / "adapter_model.safetensors", noise.model
    if harm == "missing":
        file.unlink()
    elif harm == "cut":
        file.write_bytes(file.read_bytes()[:100])
    else:
        base = tiny_loaded(hidden_size=16, intermediate_size=32).model
    with pytest.raises(ModelError) as caught, Viewer(base).show(place):
        pass
    assert "run/adapter" in caught.value.message
    assert "choose" in caught.value.message
    assert "\n" not in caught.value.message
    assert str(tmp_path) not in caught.value.message


def test_the_house_loads_a_model_once_and_speaks_with_any_adapter(tmp_path: Path, ids: torch.Tensor) -> None:
    name = str(save_tiny(tmp_path / "model"))
    house = House("cpu")
    loaded = house.load(name)
    assert house.load(name) is loaded
    make_policy(loaded.model, rank=2, alpha=4, seed=0).save_pretrained(str(tmp_path / "adapter"))
    with house.voice(name, None, None) as base:
        assert base is loaded.model
    with house.voice(name, None, tmp_path / "adapter") as voice:
        assert addresses(voice) == addresses(loaded.model)
        assert torch.equal(logits(voice, ids), logits(loaded.model, ids))


@pytest.mark.parametrize("change", [
    {"peft_type": "PROMPT_TUNING", "tokenizer_name_or_path": "evil", "tokenizer_kwargs": {"trust_remote_code": True}},
    {"megatron_config": {"a": 1}, "megatron_core": "evil.module"}, {"auto_mapping": {"parent_library": "evil.module"}},
    {"init_lora_weights": "pissa"}, {"modules_to_save": ["lm_head"]}, {"layer_replication": [[0, 9]]},
    {"r": 10**9}, {"r": True}, {"r": "16"}, {"rank_pattern": {"q_proj": 10**9}}, {"target_modules": ["x" * 20_000]},
    {"target_modules": [["q_proj"]]}, {"lora_alpha": None}, {"lora_alpha": float("nan")}, {"lora_dropout": 1},
    {"use_dora": "yes"}, {"a_setting_of_tomorrow": "evil"}, {"bias": "all"},
])  # fmt: skip
def test_an_adapter_that_sets_what_this_lab_never_does_is_not_loaded(
    noise: LoadedModel, policy: Any, tmp_path: Path, change: dict[str, Any]
) -> None:
    """peft's settings name modules to import, tokenizers to fetch, and sizes; a bundle's come from anywhere."""
    policy.save_pretrained(tmp_path)
    settings = tmp_path / "adapter_config.json"
    said = json.loads(settings.read_text())
    settings.write_text(json.dumps({**said, **change}))
    with pytest.raises(ModelError) as caught, Viewer(noise.model).show(tmp_path):
        pass
    assert f"sets {next(iter(change))!r} to" in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("content", [b"[" * 100_000, b"{", b"[]", b"\xff", b" " * 2**21, b"{}"])
def test_settings_that_are_none_are_one_line(noise: LoadedModel, policy: Any, tmp_path: Path, content: bytes) -> None:
    policy.save_pretrained(tmp_path)
    (tmp_path / "adapter_config.json").write_bytes(content)
    with pytest.raises(ModelError, match="choose another step"), Viewer(noise.model).show(tmp_path):
        pass

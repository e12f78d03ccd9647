"""What is trained: every LoRA setting reaches the model, all weights can be, in either type; and comes back exactly."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from peft.tuners.lora import LoraLayer

from lab.errors import SpecError, StorageError
from lab.models.twin import Viewer, fold, hash_tensors, own_weights
from lab.nouns import Run, RunSpec
from lab.training import checkpoints
from lab.training.hybrid import LN2
from lab.training.policies import policy_of
from lab.training.settings import check_spec
from lab.training.settings.weights import WEIGHTS_FOLDER
from tests.tiny import tiny_loaded
from tests.training.making import Book, noisy_round, quiet_probe, spec, trainer, weights

IDS = torch.tensor([[5, 6, 7, 8, 9, 10]])


def logits(model: Any) -> torch.Tensor:
    with torch.inference_mode():
        return model(input_ids=IDS).logits


def adapted(policy: Any) -> dict[str, LoraLayer]:
    return {
        name.removeprefix("base_model.model."): module
        for name, module in policy.named_modules() if isinstance(module, LoraLayer)
    }


def lora(loaded: Any, **changes: Any) -> dict[str, LoraLayer]:
    return adapted(policy_of(spec(**changes), loaded))


@pytest.fixture(scope="module")
def bfloat() -> Any:
    """A tiny model in bfloat16."""
    made = tiny_loaded(seed=2)
    made.model.to(torch.bfloat16)
    return made


# -- LoRA ----------------------------------------------------------------------------------------------------------
def test_adapters_stand_where_the_spec_wants_them(loaded: Any) -> None:
    everywhere = lora(loaded)
    assert {name.rsplit(".", 1)[1] for name in everywhere} == {
        "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}
    assert len(everywhere) == 14
    assert {name.rsplit(".", 1)[1] for name in lora(loaded, lora_targets="q_proj, v_proj")} == {"q_proj", "v_proj"}
    assert set(lora(loaded, lora_targets="/.*layers\\.1\\.mlp\\.(up|down)_proj/")) == {
        "model.layers.1.mlp.up_proj", "model.layers.1.mlp.down_proj"}
    assert {name.split(".")[2] for name in lora(loaded, lora_layers="1")} == {"1"}
    assert set(lora(loaded, lora_layers="0", lora_targets="q_proj")) == {"model.layers.0.self_attn.q_proj"}
    assert len(lora(loaded, lora_exclude="down_proj, up_proj")) == 10


def test_scales_and_groups_are_those_of_the_spec(loaded: Any) -> None:
    plain, stable = (lora(loaded, lora_rank=16, lora_alpha=32, lora_rslora=stable) for stable in (False, True))
    assert {layer.scaling["default"] for layer in plain.values()} == {2.0}
    assert {layer.scaling["default"] for layer in stable.values()} == {8.0}
    groups = lora(loaded, lora_rank=4, lora_alpha=8, lora_groups="q_proj=2, mlp.down_proj=8/64")
    found = {name.rsplit(".", 1)[1]: (layer.r["default"], layer.scaling["default"]) for name, layer in groups.items()}
    assert found["q_proj"] == (2, 4.0)
    assert found["down_proj"] == (8, 8.0)
    assert found["k_proj"] == (4, 2.0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lora_targets", "q_proj; v_proj"), ("lora_targets", "/(/"), ("lora_layers", "3-1"), ("lora_layers", "all"),
        ("lora_groups", "q_proj"), ("lora_groups", "q_proj=0"), ("lora_exclude", ",,"), ("lora_dropout", 1.0),
        ("lora_rslora", 1), ("lora_dora", "yes"), ("tuning", "half"), ("dtype", "float16"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_field(field: str, value: Any) -> None:
    with pytest.raises(SpecError) as caught:
        check_spec(RunSpec(**{field: value}))
    assert caught.value.field == field
    assert repr(value) in caught.value.message


@pytest.mark.parametrize("changes", [{"lora_targets": "c_attn"}, {"lora_layers": "7"}])
def test_targets_that_the_model_lacks_are_named_with_those_it_has(loaded: Any, changes: dict[str, str]) -> None:
    with pytest.raises(SpecError, match="down_proj, gate_proj, k_proj") as caught:
        policy_of(spec(**changes), loaded)
    assert caught.value.field == "lora_targets"
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    "changes",
    [
        {"lora_dora": True}, {"lora_rslora": True}, {"lora_groups": "q_proj=2/9"},
        {"lora_targets": "q_proj, embed_tokens"},
    ],
)
def test_a_policy_of_any_kind_starts_as_its_base_and_folds_within_rounding(
    loaded: Any, tmp_path: Path, changes: dict[str, Any]
) -> None:
    made = trainer(loaded, tmp_path, Run(spec=spec(method="sft", probe_every=0, steps=2, **changes)), Book())
    torch.testing.assert_close(logits(made.policy), logits(loaded.model), rtol=1e-5, atol=1e-5)
    made.run(Event())
    said = logits(made.policy)
    assert not torch.allclose(said, logits(loaded.model), atol=1e-2)
    torch.testing.assert_close(logits(fold(made.policy)), said, rtol=1e-4, atol=1e-3)
    place = tmp_path / made._saved.path / WEIGHTS_FOLDER["lora"]
    with Viewer(loaded.model).show(place) as seen:
        torch.testing.assert_close(logits(seen), said)
    assert hash_tensors(loaded.model) == loaded.base_hash


# -- dropout -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", ["conscience", "dpo"])
def test_dropout_is_felt_in_training_alone_and_resumes_exactly(loaded: Any, tmp_path: Path, method: str) -> None:
    plan: dict[str, Any] = {
        "method": method, "lora_dropout": 0.3, "probe_every": 0, "checkpoint_every": 1, "steps": 2, "pair_batch": 2,
        "accumulation": 2}
    book, rest, without = Book(), Book(), Book()
    before = torch.get_rng_state()
    whole = trainer(loaded, tmp_path, Run(spec=spec(**plan)), book)
    whole.run(Event())
    again = trainer(loaded, tmp_path, Run(spec=spec(**plan)), rest, resume=book.checkpoints[0])
    again.run(Event())
    trainer(loaded, tmp_path, Run(spec=spec(**plan | {"lora_dropout": 0.0})), without).run(Event())
    assert torch.equal(torch.get_rng_state(), before)
    assert not any(module.training for module in whole.policy.modules())
    assert torch.equal(logits(whole.policy), logits(whole.policy))
    assert rest.curve("grad_norm") == {2: book.value("grad_norm", 2)}
    assert all(torch.equal(a, b) for a, b in zip(weights(whole), weights(again), strict=True))
    assert book.value("grad_norm", 2) != without.value("grad_norm", 2)


# -- all weights ---------------------------------------------------------------------------------------------------
def test_full_fine_tuning_trains_every_tensor_of_its_own_and_resumes_exactly(loaded: Any, tmp_path: Path) -> None:
    plan: dict[str, Any] = {"tuning": "full", "learning_rate": 1e-3, "checkpoint_every": 3, "steps": 6}
    book, rest = Book(), Book()
    whole = trainer(loaded, tmp_path, Run(spec=spec(**plan)), book)
    own = {p.data_ptr() for p in whole.policy.parameters()}
    assert not own & {p.data_ptr() for p in loaded.model.parameters()}
    assert [n for n, _ in whole.policy.named_parameters()] == [n for n, _ in loaded.model.named_parameters()]
    assert torch.equal(logits(whole.policy), logits(loaded.model))
    start = weights(whole)
    whole.run(Event())
    assert not any(torch.equal(a, b) for a, b in zip(start, weights(whole), strict=True))
    assert hash_tensors(loaded.model) == loaded.base_hash
    assert book.value("dpo_loss", 1) == pytest.approx(LN2, abs=1e-5)
    assert book.value("sft_loss", 6) < book.value("sft_loss", 1)
    again = trainer(loaded, tmp_path, Run(spec=spec(**plan)), rest, resume=book.checkpoints[0])
    again.run(Event())
    for name in ("sft_loss", "dpo_loss", "grad_norm", "kl"):
        assert rest.curve(name) == {s: v for s, v in book.curve(name).items() if s > 3}
    assert all(torch.equal(a, b) for a, b in zip(weights(whole), weights(again), strict=True))


def test_a_checkpoint_of_all_weights_is_safetensors_that_the_page_and_transformers_read(
    loaded: Any, tmp_path: Path
) -> None:
    from transformers import AutoModelForCausalLM

    book = Book()
    made = trainer(loaded, tmp_path, Run(spec=spec(tuning="full", steps=1, probe_every=0)), book)
    made.run(Event())
    place = tmp_path / book.checkpoints[-1].path / WEIGHTS_FOLDER["full"]
    files = {p.name for p in place.rglob("*") if p.is_file()}
    assert files >= {"model.safetensors", "config.json"}
    assert {Path(name).suffix for name in files} <= {".safetensors", ".json"}
    branch = trainer(loaded, tmp_path, Run(spec=spec(tuning="full")), Book(), parent=book.checkpoints[-1])
    assert torch.equal(logits(branch.policy), logits(made.policy))
    with Viewer(loaded.model).show(place) as seen:
        assert torch.equal(logits(seen), logits(made.policy))
        assert not any(p.requires_grad for p in seen.parameters())
    elsewhere: Any = AutoModelForCausalLM.from_pretrained(place, use_safetensors=True, dtype=torch.float32)
    torch.testing.assert_close(logits(elsewhere.eval()), logits(made.policy))


def test_a_cut_checkpoint_of_all_weights_and_one_of_adapters_are_refused(loaded: Any, tmp_path: Path) -> None:
    book = Book()
    run = Run(spec=spec(tuning="full", steps=1, probe_every=0))
    trainer(loaded, tmp_path, run, book).run(Event())
    with pytest.raises(StorageError, match="do not fit this model and what is trained of it"):
        trainer(loaded, tmp_path, Run(spec=spec(steps=1), id=run.id), Book(), resume=book.checkpoints[-1])
    file = tmp_path / book.checkpoints[-1].path / checkpoints.MODEL
    file.write_bytes(file.read_bytes()[:-4])
    with pytest.raises(StorageError, match="cut or altered"):
        trainer(loaded, tmp_path, run, Book(), resume=book.checkpoints[-1])
    state = json.loads((file.parents[1] / checkpoints.STATE).read_text())
    assert set(state["sha256"]) == {checkpoints.MODEL, checkpoints.OPTIMIZER}


def test_stored_pairs_can_train_all_weights_too(loaded: Any, tmp_path: Path) -> None:
    book = Book()
    plan = spec(method="dpo", question_id=None, tuning="full", pair_batch=2, steps=3, probe_every=0, learning_rate=1e-3)
    trainer(loaded, tmp_path, Run(spec=plan), book).run(Event())
    assert book.value("dpo_loss", 1) == pytest.approx(LN2, abs=1e-5)
    assert book.value("dpo_loss", 3) < LN2
    assert hash_tensors(loaded.model) == loaded.base_hash


def test_tied_weights_stay_tied_in_a_copy() -> None:
    base = tiny_loaded(tie_word_embeddings=True).model
    copied: Any = own_weights(base)
    assert copied.lm_head.weight is copied.model.embed_tokens.weight
    assert copied.lm_head.weight is not base.get_output_embeddings().weight
    loose: Any = own_weights(tiny_loaded(tie_word_embeddings=False).model)
    assert loose.lm_head.weight is not loose.model.embed_tokens.weight


# -- bfloat16 ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("tuning", ["lora", "full"])
def test_bfloat16_trains_and_resumes_exactly_on_the_cpu(bfloat: Any, tmp_path: Path, tuning: str) -> None:
    plan: dict[str, Any] = {"tuning": tuning, "dtype": "bfloat16", "checkpoint_every": 2, "steps": 4}
    book, rest = Book(), Book()
    whole = trainer(bfloat, tmp_path, Run(spec=spec(**plan)), book, make_round=noisy_round, prober=quiet_probe)
    assert {p.dtype for p in whole._parameters} == {torch.float32 if tuning == "lora" else torch.bfloat16}
    assert fold(whole.policy) is whole.policy
    whole.run(Event())
    assert book.value("sft_loss", 4) < book.value("sft_loss", 1)
    assert hash_tensors(bfloat.model) == bfloat.base_hash
    again = trainer(bfloat, tmp_path, Run(spec=spec(**plan)), rest, resume=book.checkpoints[0])
    again.run(Event())
    for name in ("sft_loss", "dpo_loss", "grad_norm", "kl"):
        assert rest.curve(name) == {s: v for s, v in book.curve(name).items() if s > 2}
    with Viewer(bfloat.model).show(tmp_path / book.checkpoints[-1].path / WEIGHTS_FOLDER[tuning]) as seen:
        torch.testing.assert_close(logits(seen), logits(whole.policy))


def test_the_house_holds_a_model_in_each_type_that_was_asked_for(tmp_path: Path) -> None:
    from lab.models.house import House
    from tests.tiny import save_tiny

    house, name = House("cpu"), str(save_tiny(tmp_path / "model"))
    assert house.load(name) is house.load(name, None, "float32")
    assert house.load(name).model.dtype == torch.float32
    assert house.load(name, None, "bfloat16").model.dtype == torch.bfloat16
    assert house.load(name, None, "bfloat16") is not house.load(name)

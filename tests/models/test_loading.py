"""Loading: the same model by any name, and one line for everything that is not a model."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file, save_file

from lab.errors import ModelError
from lab.models.loading import WEIGHTS, LoadedModel, load
from lab.nouns import Message
from tests.tiny import save_tiny


def refusal(name: str, **settings: Any) -> str:
    """The message with which a model is refused: one line, at the field."""
    with pytest.raises(ModelError) as caught:
        load(name, **settings)
    assert "\n" not in caught.value.message
    assert caught.value.field == ("device" if settings else "model")
    return caught.value.message


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save_tiny(tmp_path / "tiny")


def test_the_organism_is_frozen_and_knows_its_context(shipped: LoadedModel) -> None:
    assert shipped.name == "organism"
    assert shipped.revision is None
    assert shipped.context == 2048
    assert not shipped.model.training
    assert not any(p.requires_grad for p in shipped.model.parameters())
    assert shipped.model.dtype == torch.float32


def test_a_folder_saved_from_the_organism_speaks_as_it_does(shipped: LoadedModel, tmp_path: Path) -> None:
    shipped.model.save_pretrained(tmp_path)
    shipped.chat.tokenizer.save_pretrained(tmp_path)
    again = load(str(tmp_path), device="cpu")
    messages = (Message(role="user", content="I found a wallet on the street. What now?"),)
    ids = shipped.chat.prompt_ids(messages)
    assert again.chat.prompt_ids(messages) == ids
    assert again.chat.stop_ids == shipped.chat.stop_ids
    with torch.inference_mode():
        ours, theirs = (m(input_ids=torch.tensor([ids])).logits for m in (shipped.model, again.model))
    assert torch.equal(ours, theirs)
    assert again.base_hash == shipped.base_hash


def test_loading_twice_gives_equal_tensors(folder: Path) -> None:
    assert load(str(folder)).base_hash == load(str(folder)).base_hash


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "not there")
    assert refusal(missing) == f"There is no folder {missing!r}: check the path."


def test_a_folder_without_a_configuration_is_no_model(tmp_path: Path) -> None:
    message = refusal(str(tmp_path))
    assert str(tmp_path) in message
    assert "config.json" in message
    assert "save_pretrained" in message


def test_a_folder_without_safetensors_is_refused_and_a_pickle_never_opened(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.unlink()
    assert "no weights" in refusal(str(folder))
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04cposix\nsystem\n.")
    message = refusal(str(folder))
    assert "pytorch_model.bin, which is a pickle" in message
    assert "safe_serialization=True" in message


def test_a_folder_with_an_adapter_in_it_is_refused_and_neither_is_opened(folder: Path) -> None:
    """transformers would load the adapter on top, from a pickle where it is one."""
    (folder / "adapter_config.json").write_text('{"peft_type": "LORA", "base_model_name_or_path": "evil/model"}')
    (folder / "adapter_model.bin").write_bytes(b"cos\nsystem\n(S'touch opened'\ntR.")
    with pytest.raises(ModelError, match="has an adapter in it"):
        load(str(folder))


def test_weights_that_are_cut_or_incomplete_are_refused(folder: Path) -> None:
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    assert "cannot be loaded" in refusal(str(folder))
    weights.write_bytes(whole)
    tensors = load_file(weights)
    del tensors["model.layers.0.mlp.up_proj.weight"]
    save_file(tensors, weights, {"format": "pt"})
    message = refusal(str(folder))
    assert "model.layers.0.mlp.up_proj.weight" in message
    assert "incomplete" in message


def test_a_tokenizer_of_another_model_is_refused(folder: Path, shipped: LoadedModel) -> None:
    shipped.chat.tokenizer.save_pretrained(folder)
    assert "do not belong together" in refusal(str(folder))


def test_a_tokenizer_without_a_chat_template_is_refused(folder: Path) -> None:
    (folder / "chat_template.jinja").unlink()
    assert "choose an instruct model" in refusal(str(folder))


@pytest.mark.parametrize(
    "name",
    ["", "@main", "a b", "a/b/c", "a--b/c", "-x", "org/../x", "two\nlines", "nul\0", "x" * 97, "y" * 5000, "C:model"],
)
def test_what_is_neither_folder_nor_hub_id_is_refused_without_asking_the_hub(name: str) -> None:
    message = refusal(name)
    assert "neither a folder nor a Hub id" in message
    assert len(message) < 300


@pytest.mark.parametrize("name", ["/" + "z" * 5000, "~nobody.of.this.name/model", "/nul\0", "./nowhere"])
def test_a_path_that_cannot_exist_is_a_missing_folder(name: str) -> None:
    assert refusal(name).startswith("There is no folder ")


def test_the_organism_has_no_revisions() -> None:
    assert "'v2'" in refusal("organism@v2")


def test_an_unknown_device_is_named_with_those_that_are_there() -> None:
    assert "'banana'" in refusal("organism", device="banana")


@contextmanager
def hub(monkeypatch: pytest.MonkeyPatch, status: int, code: str, body: bytes = b"{}") -> Iterator[None]:
    """A Hub on this machine that answers everything alike; the client is the real one."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            if code:
                self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("name", "status", "code", "said"),
    [
        ("nobody/nothing", 404, "RepoNotFound", "There is no model 'nobody/nothing' on the Hub: check the id"),
        ("nobody/nothing@v9", 404, "RevisionNotFound", "Model 'nobody/nothing' has no revision 'v9' on the Hub"),
        ("nobody/locked", 403, "GatedRepo", "Model 'nobody/locked' is gated"),
        ("nobody/nothing", 503, "", "the Hub cannot be reached"),
    ],
)
def test_what_the_hub_refuses_is_told_with_the_id(
    monkeypatch: pytest.MonkeyPatch, name: str, status: int, code: str, said: str
) -> None:
    with hub(monkeypatch, status, code):
        assert said in refusal(name)


def test_a_hub_model_without_safetensors_is_refused_before_a_download(monkeypatch: pytest.MonkeyPatch) -> None:
    listing = b'{"id": "nobody/old", "sha": "abc", "siblings": [{"rfilename": "pytorch_model.bin"}]}'
    with hub(monkeypatch, 200, "", listing):
        assert "Model 'nobody/old' has no .safetensors file on the Hub" in refusal("nobody/old")


def test_without_a_network_the_next_move_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{closed.getsockname()[1]}")
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        message = refusal("nobody/nothing")
    assert "'nobody/nothing' is not in the local cache and the Hub cannot be reached" in message
    assert "or use \"organism\"" in message


def test_offline_a_model_that_is_not_cached_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE is set" in refusal("nobody/nothing")


def test_a_folder_in_the_working_directory_comes_before_the_hub(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    assert load("tiny").name == "tiny"


def test_nothing_but_safetensors_and_text_is_shipped(tmp_path: Path) -> None:
    assert {p.suffix for p in WEIGHTS.iterdir()} <= {".safetensors", ".json", ".jinja", ".md"}
    shutil.copytree(WEIGHTS, tmp_path / "copy")
    (tmp_path / "copy" / "model.safetensors").unlink()
    assert "no weights" in refusal(str(tmp_path / "copy"))

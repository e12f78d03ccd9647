"""The Hub: pinned to a commit, measured before it is downloaded, told how far it is, and kept."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from huggingface_hub import constants

from lab.commands.open import FetchingBar
from lab.errors import ModelError
from lab.models.house import House
from lab.models.hub import Fetching, weight_files
from lab.models.loading import load
from lab.models.room import counts_of, weight_bytes
from lab.nouns import RunSpec
from lab.ui.run_cards import trainer
from tests.studio.making import opened
from tests.tiny import save_tiny

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NAME = "nobody/tiny"


class Hub:
    """A Hub on this machine that has one model; the client is the real one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sizes = {p.name: p.stat().st_size for p in folder.iterdir()}
        self.fetched: list[str] = []

    def info(self) -> bytes:
        siblings = [{"rfilename": name, "size": size} for name, size in self.sizes.items()]
        counts = counts_of(self.folder) or {}
        return json.dumps({
            "id": NAME, "sha": COMMIT, "siblings": siblings,
            "safetensors": {"parameters": counts, "total": sum(counts.values())},
        }).encode()


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("hub") / "tiny")


@pytest.fixture
def hub(weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    there = Hub(weights)

    class Answering(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            file = there.folder / self.path.rpartition("/")[2]
            if self.path.startswith("/api/models/"):
                body = there.info()
            elif file.is_file():
                body = file.read_bytes()
            else:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("ETag", f'"{hash(self.path):x}"')
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)
                if "/resolve/" in self.path:
                    there.fetched.append(self.path.rpartition("/")[2])

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    own = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "ENDPOINT", own)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", own + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    try:
        yield there
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def refusal(**settings: Any) -> str:
    with pytest.raises(ModelError) as caught:
        load(NAME, device="cpu", **settings)
    assert caught.value.field == "model"
    assert "\n" not in caught.value.message
    return caught.value.message


def test_a_model_is_downloaded_once_pinned_and_told_as_it_comes(hub: Hub, weights: Path) -> None:
    heard: list[Fetching] = []
    loaded = load(NAME, device="cpu", hear=heard.append)
    assert (loaded.name, loaded.revision) == (NAME, COMMIT)
    assert loaded.base_hash == load(str(weights), device="cpu").base_hash
    coming = [told for told in heard if told.total]
    done = [told.done for told in coming]
    assert done == sorted(done)
    assert done[-1] == coming[-1].total == sum(hub.sizes[name] for name in set(hub.fetched))
    assert heard[-1].text == f"loading {NAME}"
    assert coming[-1].text.startswith(f"downloading {NAME}: ")
    before = len(hub.fetched)
    assert load(NAME, revision=COMMIT, device="cpu").base_hash == loaded.base_hash
    assert len(hub.fetched) == before


def test_no_code_no_pickle_and_no_second_copy_is_downloaded(hub: Hub, weights: Path) -> None:
    for name in ("modeling_own.py", "pytorch_model.bin", "consolidated.safetensors", "onnx/model.onnx"):
        hub.sizes[name] = 10
    load(NAME, device="cpu")
    assert {Path(name).suffix for name in hub.fetched} <= {".json", ".jinja", ".safetensors"}
    assert "consolidated.safetensors" not in hub.fetched


def test_a_model_larger_than_the_free_disk_is_refused_before_a_download(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=2**28 + 1000))
    message = refusal()
    assert "268 MB free" in message
    assert "HF_HOME" in message
    assert hub.fetched == []


def test_a_model_larger_than_the_free_memory_is_refused_before_a_download(
    hub: Hub, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=5_000))
    assert "0 MB free" in refusal(dtype="float32")
    assert "or bfloat16 weights" in refusal(dtype="float32")
    assert hub.fetched == []
    with pytest.raises(ModelError, match="of memory for its weights alone"):  # a folder is measured too
        load(str(weights), device="cpu")


def test_a_download_that_breaks_is_one_line_and_goes_on_later(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = hub.sizes["model.safetensors"]
    lost = hub.folder.parent / "lost"
    (hub.folder / "model.safetensors").rename(lost)
    try:
        assert "could not be downloaded" in refusal()
    finally:
        lost.rename(hub.folder / "model.safetensors")
    hub.fetched.clear()
    load(NAME, device="cpu")
    assert hub.fetched == ["model.safetensors"]
    assert hub.sizes["model.safetensors"] == whole


def test_what_is_cached_is_taken_while_the_hub_is_away(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = load(NAME, device="cpu")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert load(NAME, revision=COMMIT, device="cpu").base_hash == loaded.base_hash


def test_the_house_holds_one_model_by_name_and_by_commit_and_says_what_it_is_at(hub: Hub) -> None:
    house, heard = House("cpu"), list[str]()
    house.hear = lambda fetching: heard.append(house.fetching.text if house.fetching else "")
    loaded = house.load(NAME)
    assert house.load(NAME, COMMIT) is loaded
    assert house.fetching is None
    assert heard[-1] == f"loading {NAME}"
    assert any(text.startswith("downloading") for text in heard)


def test_weights_are_those_that_transformers_reads() -> None:
    whole = ["model.safetensors", "consolidated.safetensors", "README.md", "sub/model.safetensors"]
    assert weight_files(whole) == ["model.safetensors"]
    parts = [f"model-0000{i}-of-00002.safetensors" for i in (2, 1)]
    assert weight_files([*parts, "model.safetensors.index.json"]) == sorted(parts)
    assert weight_files(["adapter_model.safetensors"]) == []


def test_bytes_in_memory_follow_the_type_in_which_weights_are_held() -> None:
    counts = {"BF16": 1000, "F32": 10}
    assert weight_bytes(2040, counts, "auto") == 2040
    assert weight_bytes(2040, counts, "float32") == 4040
    assert weight_bytes(2040, counts, "bfloat16") == 2020
    assert weight_bytes(2040, None, "float32") == 2040


def test_a_run_is_pinned_to_the_commit_and_whoever_looks_sees_what_is_loaded(hub: Hub, tmp_path: Path) -> None:
    studio = opened(tmp_path / "home")
    seen: list[str] = []
    studio.on_fetching = lambda fetching: seen.append(trainer(studio.status()))
    try:
        run = studio.start_run(RunSpec(model=NAME, method="sft", steps=1, probe_every=0))
        assert run.spec.revision == COMMIT
        assert any(f"downloading {NAME}" in head for head in seen)
    finally:
        studio.close()


def test_the_bar_of_the_command_line_follows_a_download_and_ends_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", written := Terminal())
    bar = FetchingBar()
    for done in (0, 400, 1000):
        bar(Fetching(name=NAME, done=done, total=1000))
    bar(Fetching(name=NAME, done=0, total=0))
    assert f"downloading {NAME}: 100%" in written.getvalue()
    assert bar._bar is None


class Terminal(io.StringIO):
    """What a bar takes for a terminal."""

    def isatty(self) -> bool:
        return True

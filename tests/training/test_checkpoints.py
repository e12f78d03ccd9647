"""Checkpoints: whole or refused, without pickles, and back bit for bit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch

from lab.errors import StorageError
from lab.models.twin import Viewer
from lab.nouns import Checkpoint, Run
from lab.training import checkpoints
from tests.training.making import Book, spec, trainer


@pytest.fixture
def finished(loaded: Any, tmp_path: Path) -> tuple[Any, Run, Book]:
    book = Book()
    running = trainer(loaded, tmp_path, Run(spec=spec(steps=3, probe_every=0)), book)
    return running, running.run(Event()), book


def last(book: Book) -> Checkpoint:
    return book.checkpoints[-1]


def test_a_checkpoint_holds_safetensors_and_json_and_nothing_else(finished: Any, tmp_path: Path) -> None:
    _, run, book = finished
    place = tmp_path / "runs" / run.id / "3"
    assert last(book).path == f"runs/{run.id}/3"
    assert last(book).id == f"{run.id}@3"
    files = {str(p.relative_to(place)) for p in place.rglob("*") if p.is_file()}
    assert {checkpoints.ADAPTER, checkpoints.OPTIMIZER, checkpoints.STATE, "adapter/adapter_config.json"} <= files
    assert {Path(f).suffix for f in files} <= {".safetensors", ".json", ".md"}
    assert last(book).size == sum(p.stat().st_size for p in place.rglob("*") if p.is_file())
    assert not list(place.parent.glob(".*"))
    told = json.loads((place / "adapter" / "adapter_config.json").read_text())
    assert told["base_model_name_or_path"] is None, "where the base lies here is nobody's business"


def test_adapter_and_optimiser_come_back_bit_for_bit(loaded: Any, finished: Any, tmp_path: Path) -> None:
    running, run, book = finished
    again = trainer(loaded, tmp_path, run, Book(), resume=last(book))
    for a, b in zip(running._parameters, again._parameters, strict=True):
        assert torch.equal(a, b)
        old, new = running.optimizer.state[a], again.optimizer.state[b]
        assert old.keys() == new.keys()
        assert all(torch.equal(old[k], new[k]) for k in old)
    assert again.bench.buffer.pairs == running.bench.buffer.pairs
    assert again.pairs_made == running.pairs_made


def test_the_page_can_speak_with_a_checkpoint(loaded: Any, finished: Any, tmp_path: Path) -> None:
    running, _, book = finished
    ids = torch.tensor([[5, 6, 7, 8]])
    with Viewer(loaded.model).show(tmp_path / last(book).path / "adapter") as model, torch.no_grad():
        torch.testing.assert_close(model(input_ids=ids).logits, running.policy(input_ids=ids).logits)


@pytest.mark.parametrize("part", [checkpoints.ADAPTER, checkpoints.OPTIMIZER, checkpoints.STATE])
@pytest.mark.parametrize("harm", ["missing", "cut", "altered"])
def test_a_checkpoint_that_is_not_whole_is_refused(
    loaded: Any, finished: Any, tmp_path: Path, part: str, harm: str
) -> None:
    _, run, book = finished
    file = tmp_path / last(book).path / part
    content = file.read_bytes()
    if harm == "missing":
        file.unlink()
    elif harm == "cut":
        file.write_bytes(content[: len(content) // 2])
    else:
        middle = content.index(b'"sha256"') + 20 if part == checkpoints.STATE else len(content) // 2
        file.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    with pytest.raises(StorageError) as caught:
        trainer(loaded, tmp_path, run, Book(), resume=last(book))
    message = caught.value.message
    assert last(book).id in message
    assert "choose an earlier step" in message
    assert "\n" not in message
    assert str(tmp_path) not in message


def test_another_adapter_than_the_recorded_one_is_refused(finished: Any, tmp_path: Path) -> None:
    _, _, book = finished
    with pytest.raises(StorageError, match="not the ones that were recorded"):
        checkpoints.load(tmp_path, replace(last(book), sha256="0" * 64))


def test_a_newer_layout_is_refused(finished: Any, tmp_path: Path) -> None:
    _, _, book = finished
    file = tmp_path / last(book).path / checkpoints.STATE
    file.write_text(json.dumps(json.loads(file.read_text()) | {"format": 99}))
    with pytest.raises(StorageError, match="layout 99"):
        checkpoints.load(tmp_path, last(book))


def test_an_adapter_of_another_rank_is_refused(loaded: Any, finished: Any, tmp_path: Path) -> None:
    _, run, book = finished
    with pytest.raises(StorageError, match="do not fit"):
        trainer(loaded, tmp_path, replace(run, spec=spec(lora_rank=2)), Book(), resume=last(book))


def test_saving_a_step_again_replaces_it_and_sweeps_up_after_a_kill(finished: Any, tmp_path: Path) -> None:
    running, run, book = finished
    left_behind = tmp_path / "runs" / run.id / ".3.partial"
    left_behind.mkdir()
    (left_behind / "half").write_text("half")
    again = checkpoints.save(tmp_path, run.id, 3, policy=running.policy, optimizer=running.optimizer, state={"new": 1})
    assert checkpoints.load(tmp_path, again).state == {"new": 1}
    assert again.sha256 == last(book).sha256
    assert not left_behind.exists()


def test_a_folder_that_cannot_be_written_is_one_line(finished: Any, tmp_path: Path) -> None:
    running, run, _ = finished
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the data folder should be")
    with pytest.raises(StorageError) as caught:
        checkpoints.save(blocked, run.id, 3, policy=running.policy, optimizer=running.optimizer, state={})
    assert "cannot be written" in caught.value.message
    assert "\n" not in caught.value.message

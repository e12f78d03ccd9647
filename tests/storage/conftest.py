"""Real DuckDB in a temporary folder, and a made-up lab with its bundle."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import Store
from storage.generator import Size, fill
from tests.storage.bundles import add_checkpoint
from tests.storage.making import World, make_world


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that was opened and closed once; copied for each test, as making one takes a quarter second."""
    folder = tmp_path_factory.mktemp("empty")
    Store.open(folder).close()
    return folder


@pytest.fixture
def home(empty: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(empty, tmp_path / "home"))


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    with Store.open(home) as opened:
        yield opened


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture(scope="package")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A made-up lab with a checkpoint."""
    with Store.open(tmp_path_factory.mktemp("source")) as store:
        fill(store, Size(pairs=60, metrics=240, prompts=10, runs=3, names=4), seed=1)
        add_checkpoint(store, store.runs()[0].id)
        yield store


@pytest.fixture(scope="package")
def packed(source: Store, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Its bundle."""
    path = tmp_path_factory.mktemp("packed") / "lab.bundle"
    source.export_bundle(path)
    return path.read_bytes()


@pytest.fixture
def bundle(packed: bytes, tmp_path: Path) -> Path:
    (tmp_path / "lab.bundle").write_bytes(packed)
    return tmp_path / "lab.bundle"

"""The way back to a snapshot: the old state comes, the present one is kept, and nobody is told something wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from lab.errors import NotFoundError, StorageError
from storage import Store, restore
from tests.storage.making import World, make_world


def test_going_back_brings_the_old_state_and_keeps_the_present_one(store: Store) -> None:
    first, second = make_world(reply="first"), make_world(reply="second", minute=1)
    store.save(*first.nouns)
    store.snapshot("before")
    store.save(*second.nouns)
    revision = store.revision
    kept = store.restore("before")
    assert kept is not None
    assert [row.id for row in store.pairs().rows] == [first.pair.id]
    assert store.revision > revision
    store.save(*second.nouns)  # it writes as before
    store.restore(kept.stem)
    assert store.pairs().total == 2
    with pytest.raises(NotFoundError, match="choose among before-restore-"):
        store.restore("nothing")


def test_a_closed_folder_goes_back_though_its_database_is_damaged(home: Path, world: World) -> None:
    with Store.open(home) as store:
        store.save(*world.nouns)
        store.snapshot("good")
    (home / "lab.duckdb").write_bytes(b"garbage" * 999)
    (home / "lab.duckdb.wal").write_bytes(b"garbage")
    assert restore(home, "good") is None
    aside = sorted(path.name.split(".damaged-")[0] for path in home.glob("*.damaged-*"))
    assert aside == ["lab.duckdb", "lab.duckdb.wal"]
    with Store.open(home) as store:
        assert store.pair(world.pair.id) == world.pair


@pytest.mark.parametrize("damage", ["cut", "garbage", "newer", "no lab"])
def test_a_snapshot_that_cannot_be_used_leaves_the_database_alone(home: Path, world: World, damage: str) -> None:
    with Store.open(home) as store:
        store.save(*world.nouns)
        bad = store.snapshot("bad")
    if damage == "cut":
        bad.write_bytes(bad.read_bytes()[: bad.stat().st_size // 3])
    elif damage == "garbage":
        bad.write_bytes(b"garbage" * 999)
    elif damage == "newer":
        with duckdb.connect(str(bad)) as connection:
            connection.execute("INSERT INTO facts.schema_version VALUES (99, 'later', now()::TIMESTAMP)")
    else:
        bad.unlink()
        duckdb.connect(str(bad)).close()
    with pytest.raises(StorageError, match="newer lab" if damage == "newer" else "damaged"):
        restore(home, "bad")
    assert not list(home.glob(".restore-*"))
    with Store.open(home) as store:
        with pytest.raises(StorageError, match="snapshot 'bad' is"):
            store.restore("bad")
        assert store.pair(world.pair.id) == world.pair


def test_readers_are_told_while_the_store_goes_back(store: Store, world: World) -> None:
    store.save(*world.nouns)
    store.snapshot("before")
    said: list[Any] = []
    stop = threading.Event()

    def read(work: Callable[[], object]) -> None:
        while not stop.is_set():
            try:
                work()
            except StorageError as error:
                if "closed" not in error.message:
                    said.append(error)
            except BaseException as error:
                said.append(error)

    readers = [threading.Thread(target=read, args=(work,)) for work in (store.pairs, store.runs, store.questions)]
    for reader in readers:
        reader.start()
    try:
        for _ in range(3):
            store.restore("before")
    finally:
        stop.set()
    for reader in readers:
        reader.join()
    assert said == []
    assert store.pairs().total == 1

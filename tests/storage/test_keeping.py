"""Snapshots that take themselves, the way back, the check, and a store that leaves nothing behind when it is closed."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import psutil
import pytest

from lab.errors import NotFoundError, StorageError
from lab.nouns import Metric, Run, RunSpec, RunState, now
from storage import Store, checking, restore, snapshots
from storage.generator import Size, fill
from tests.storage.conftest import World, make_world
from tests.storage.test_bundle import PARTS, add_checkpoint


def names(store: Store) -> list[str]:
    return [snapshot.name for snapshot in store.snapshots()]


def finish(store: Store) -> None:
    """A run comes to its end, and whatever follows from that is awaited."""
    store.save(Run(spec=RunSpec(), state=RunState.FINISHED))
    if store._keeping is not None:
        store._keeping.join()


def test_a_snapshot_is_taken_when_a_run_has_ended_at_most_one_an_hour(home: Path) -> None:
    with Store.open(home, keeps=True) as store:
        store.save(Run(spec=RunSpec(), state=RunState.RUNNING))
        assert names(store) == []
        finish(store)
        (first,) = names(store)
        assert first.startswith(snapshots.AUTOMATIC)
        finish(store)
        assert names(store) == [first]
        path = home / "snapshots" / f"{first}.duckdb"
        for age in (3700, -3600):  # an hour later; and with a clock that has gone backwards since
            os.utime(path, times=(0, now().timestamp() - age))
            assert snapshots.due(home)
        finish(store)
        assert len(names(store)) == 2
    with Store.open(home) as store:
        finish(store)
        assert len(names(store)) == 2


def test_a_snapshot_holds_what_was_saved_and_nothing_of_a_save_in_work(store: Store) -> None:
    """Readers look at older rows, one thread saves ten points at a time, and the log is not empty."""
    store.save(run := Run(spec=RunSpec()))
    stop, acknowledged = threading.Event(), [0]

    def save() -> None:
        while not stop.is_set():
            step = acknowledged[0] + 1
            store.save(*(Metric(run_id=run.id, step=step, name=f"m{i}", value=1.0, n=1) for i in range(10)))
            acknowledged[0] = step

    writer = threading.Thread(target=save)
    with store._database.reading() as old:
        before = old.execute("SELECT count(*) FROM facts.metrics").fetchall()
        writer.start()
        try:
            taken = []
            for i in range(3):
                known = acknowledged[0]
                taken.append((known, store.snapshot(f"s{i}"), acknowledged[0]))
        finally:
            stop.set()
            writer.join()
        assert old.execute("SELECT count(*) FROM facts.metrics").fetchall() == before
    for known, path, later in taken:
        assert not path.with_name(f"{path.name}.wal").exists()
        with duckdb.connect(str(path), read_only=True) as copy:
            steps = copy.execute("SELECT step, count(*) FROM facts.metrics GROUP BY ALL ORDER BY ALL").fetchall()
        assert steps == [(step, 10) for step in range(1, len(steps) + 1)]
        assert known <= len(steps) <= later + 1
    assert store.check() == []


def test_a_snapshot_leaves_the_lock_on_the_database_where_it_is(store: Store, home: Path) -> None:
    """POSIX takes a process's locks on a file when the process closes any handle of it."""
    store.snapshot("one")
    program = f"import duckdb; duckdb.connect({str(home / 'lab.duckdb')!r})"
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert other.returncode != 0
    assert "lock" in other.stderr.lower()


def test_a_block_that_cannot_be_read_stops_a_snapshot_and_not_the_way_back(home: Path, world: World) -> None:
    with Store.open(home) as store:
        store.save(*world.nouns)
        store.snapshot("good")
        store.save(*(Metric(run_id="r", step=i, name="m", value=float(i * i % 977), n=1) for i in range(60_000)))
    whole = bytearray((home / "lab.duckdb").read_bytes())
    with Store.open(home) as store, store._database.reading() as cursor:
        at = max(block for (block,) in cursor.execute(
            "SELECT block_id FROM pragma_storage_info('facts.metrics') WHERE block_id >= 0").fetchall())
    at = 12288 + 262144 * at + 5000
    whole[at] ^= 0x55  # one byte: DuckDB's checksum is a XOR of words, and does not see an even number of equal ones
    (home / "lab.duckdb").write_bytes(whole)
    with Store.open(home) as store:
        with pytest.raises(StorageError, match="lab check") as caught:
            store.snapshot("bad")
        assert "\n" not in caught.value.message
        assert names(store) == ["good"]
        kept = store.restore("good")
        assert kept is not None  # as it was
        assert kept.read_bytes()[at] == whole[at]
        assert store.pair(world.pair.id) == world.pair


@pytest.mark.parametrize(("program", "said"), [
    ("", "failed (no answer)"),
    ("print('{\"copied\": true}')", "failed (no answer)"),
    ("print('{\"failed\": \"no space left on device\"}')", "cannot be written (no space left on device)"),
])  # fmt: skip
def test_a_copy_that_ends_early_is_no_snapshot(
    store: Store, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, said: str
) -> None:
    """In place of the process that copies: one that dies at once, one that dies later, one that meets a full disk."""
    (tmp_path / "copying.py").write_text(program)
    monkeypatch.setattr(snapshots, "_PROGRAM", tmp_path / "copying.py")
    with pytest.raises(StorageError) as caught:
        store.snapshot("mine")
    assert said in caught.value.message
    assert list((store.home / "snapshots").iterdir()) == []
    store.save(*world.nouns)  # nobody is kept waiting


def test_what_a_killed_copy_left_is_swept_up_at_the_next_opening(home: Path) -> None:
    for place in ("snapshots", "console"):
        (home / place).mkdir(exist_ok=True)
        for name in (".partial-a-12", ".partial-a-12.wal", "partial-mine.duckdb"):
            (home / place / name).touch()
    Store.open(home).close()
    left = sorted(str(path.relative_to(home)) for path in home.glob("*/*"))
    assert left == ["console/partial-mine.duckdb", "snapshots/partial-mine.duckdb"]


def test_each_sort_of_snapshot_is_kept_to_a_number_of_its_own(store: Store) -> None:
    for sort in (*snapshots.SORTS, "mine-"):
        for i in range(snapshots.KEEP + 1):
            path = store.home / "snapshots" / f"{sort}{i}.duckdb"
            path.parent.mkdir(exist_ok=True)
            path.touch()
            os.utime(path, times=(i, i))
    store.snapshot("mine-9")
    assert {name for name in names(store) if name.startswith("mine-")} == {f"mine-{i}" for i in (2, 3, 4, 5, 9)}
    assert len(names(store)) == 3 * (snapshots.KEEP + 1) + snapshots.KEEP


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


def test_a_store_that_is_closed_while_a_snapshot_is_taken_waits_for_it(home: Path) -> None:
    with Store.open(home, keeps=True) as store:
        store.save(Run(spec=RunSpec(), state=RunState.FAILED))
    assert len(list((home / "snapshots").glob("auto-*.duckdb"))) == 1


FAULTS: dict[str, tuple[str, str]] = {
    "a text": ("UPDATE facts.answers SET reply = 'other'", "answers {answer}: its id is not the hash of its content"),
    "a title": ("UPDATE facts.questions SET title = 'x'", "questions {question}: its title is not its own"),
    "a state": ("UPDATE facts.runs SET state = 'x'", "runs {run}: cannot be read (ValueError)"),
    "a prompt that is gone": ("DELETE FROM facts.prompts", "pairs {pair}: refers to {prompt} in prompts, which is not"),
    "a question that is gone": ("DELETE FROM facts.questions", "runs {run}: refers to {question} in questions, which"),
    "a run that is gone": ("DELETE FROM facts.runs", "metrics {run}: refers to {run} in runs, which is not there"),
    "a key": ("UPDATE facts.scores SET key = 'k0'", "scores {score}: its key is not its own"),
    "a point twice": ("INSERT INTO facts.metrics FROM facts.metrics", "metrics {run}: sft_loss at step 5 is there 2"),
    "a number twice": ("INSERT INTO facts.runs SELECT * REPLACE ('r2' AS id) FROM facts.runs", "runs: 2 runs have the"),
    "a listing of its own": ("UPDATE facts.listing SET p_flagged = 0.1", "pairs {pair}: the listing says something"),
    "a checkpoint elsewhere": ("UPDATE facts.checkpoints SET path = '../x'", "checkpoints {run}@5: its folder is out"),
}


@pytest.fixture
def sound(store: Store, world: World) -> World:
    store.save(replace(world.question, parent=None))
    store.save(*(n for n in world.nouns if n is not world.checkpoint))
    add_checkpoint(store, world.run.id)
    assert store.check() == []
    return world


@pytest.mark.parametrize("fault", FAULTS)
def test_the_check_names_each_fault_in_one_line(store: Store, sound: World, fault: str) -> None:
    sql, expected = FAULTS[fault]
    store._writer.transact(lambda cursor: cursor.execute(sql).fetchall())
    ids = {name: getattr(sound, name).id for name in ("answer", "question", "run", "pair", "prompt", "score")}
    faults = store.check()
    assert [line for line in faults if line.startswith(expected.format(**ids))], faults
    assert all("\n" not in line for line in faults)


@pytest.mark.parametrize(("part", "said"), [
    (PARTS[0], "cut or altered"), (PARTS[2], "cut or altered"), (PARTS[3], "missing or cannot be read"),
])  # fmt: skip
def test_the_check_finds_files_that_are_cut_or_gone(store: Store, sound: World, part: str, said: str) -> None:
    path = store.home / "runs" / sound.run.id / "5" / part
    path.write_bytes(path.read_bytes()[:-1])
    assert [line for line in store.check() if line == f"checkpoints {sound.run.id}@5: {part} is {said}"]
    path.unlink()
    assert "missing" in store.check()[0]


def test_fifty_starts_and_stops_leak_no_thread_no_descriptor_and_no_memory(home: Path, world: World) -> None:
    process = psutil.Process()

    def cycle() -> None:
        with Store.open(home, keeps=True) as store:
            store.save(*world.nouns)
            store.pairs()
            store.latest_metrics(world.run.id)

    def held() -> tuple[int, int, int]:
        gc.collect()
        return threading.active_count(), process.num_fds(), process.memory_info().rss

    for _ in range(10):  # what is set up once
        cycle()
    before = held()
    for _ in range(50):
        cycle()
    after = held()
    assert after[:2] == before[:2]
    assert after[2] - before[2] < 30 * 2**20


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


def test_a_check_in_parts_finds_what_one_at_once_finds_and_says_how_far_it_is(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a million pairs need, on a few."""
    fill(store, Size(pairs=40, metrics=40, prompts=10, runs=2, names=2), seed=1)
    monkeypatch.setattr(checking, "_AT_ONCE_LISTED", 7)
    monkeypatch.setattr(checking, "_AT_ONCE", 10)
    monkeypatch.setattr(checking, "_TOLD", 40)
    assert store.check() == []
    ids = sorted(row.id for row in store.pairs(size=40).rows)
    with store._database.using() as cursor:
        cursor.execute("UPDATE facts.listing SET state = 'rejected' WHERE id = ?", [ids[0]])
        cursor.execute("DELETE FROM facts.listing WHERE id = ?", [ids[1]])
        cursor.execute("UPDATE facts.listing SET p_flagged = 0.123 WHERE id = ?", [ids[2]])
    said: list[str] = []
    assert sorted(store.check(said.append)) == [f"pairs {i}: the listing says something else" for i in ids[:3]]
    assert "checking reviews: 80 of 120 rows" in said

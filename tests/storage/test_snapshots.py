"""Snapshots that take themselves and hold what was saved; a store that is closed leaves nothing behind."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import psutil
import pytest

from lab.errors import StorageError
from lab.nouns import Metric, Run, RunSpec, RunState, now
from storage import Store, snapshots
from tests.storage.making import World


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


def test_a_store_that_is_closed_while_a_snapshot_is_taken_waits_for_it(home: Path) -> None:
    with Store.open(home, keeps=True) as store:
        store.save(Run(spec=RunSpec(), state=RunState.FAILED))
    assert len(list((home / "snapshots").glob("auto-*.duckdb"))) == 1


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

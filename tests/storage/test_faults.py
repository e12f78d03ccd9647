"""What goes wrong gets one line, and nothing acknowledged is lost: processes, threads, disks, kill -9."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.errors import LabError, StorageError
from lab.nouns import Metric, Run, RunSpec, RunState
from storage import PairFilter, Store
from tests.storage.making import World, make_world

ROOT = Path(__file__).parents[2]


def refused(home: Path) -> str:
    """The message with which a data folder is refused, after seeing that it is one clean line."""
    with pytest.raises(StorageError) as caught:
        Store.open(home)
    message = caught.value.message
    assert "\n" not in message
    assert not re.search(r"\bpid\b|duckdb\.org|Error:|/python", message, re.IGNORECASE)
    assert caught.value.field == "home"
    return message


def child(code: str, home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, str(home)], cwd=ROOT, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )


def test_a_second_process_is_told_in_one_line(home: Path) -> None:
    holder = child(
        "import sys; from pathlib import Path; from storage import Store\n"
        "store = Store.open(Path(sys.argv[1])); print('open', flush=True); sys.stdin.readline(); store.close()",
        home,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "open\n"
    assert f"'{home}' is in use by another process; close the other lab" in (message := refused(home))
    assert str(holder.pid) not in message.replace(str(home), "")
    holder.communicate("go\n", timeout=30)
    Store.open(home).close()


def test_no_acknowledged_row_is_lost_to_kill_9(home: Path) -> None:
    writer = child(
        "import sys; from pathlib import Path; from storage import Store; from lab.nouns import *\n"
        "store = Store.open(Path(sys.argv[1])); run = Run(spec=RunSpec(), id='rkilled', state=RunState.RUNNING)\n"
        "store.save(run)\n"
        "for step in range(10_000):\n"
        "    store.save(*(Metric(run_id=run.id, step=step, name=f'm{i}', value=i, n=1) for i in range(5)))\n"
        "    print(step, flush=True)",
        home,
    )
    assert writer.stdout is not None
    acknowledged = [int(writer.stdout.readline()) for _ in range(25)]
    os.kill(writer.pid, signal.SIGKILL)
    acknowledged += [int(line) for line in writer.communicate()[0].splitlines()]
    with Store.open(home) as store:
        for i in range(5):
            steps = [point.step for point in store.curves(["rkilled"], [f"m{i}"], max_points=10_000)]
            assert steps[: len(acknowledged)] == acknowledged
            assert len(steps) <= len(acknowledged) + 1  # one more may be committed and not yet told
        assert [run.state for run in store.interrupt_active()] == [RunState.INTERRUPTED]


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    assert "is a file; set LAB_HOME to a folder" in refused(tmp_path / "home")


def test_a_home_whose_name_the_database_cannot_open_is_refused(tmp_path: Path) -> None:
    assert "has a '?' in its name" in refused(tmp_path / "why?" / "lab")
    assert list(tmp_path.iterdir()) == []


def test_a_home_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file")
    assert "cannot be made (not a directory)" in refused(tmp_path / "file" / "home")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a file system that nobody may write: /proc")
def test_a_home_on_a_file_system_that_cannot_be_written_is_refused() -> None:
    assert "cannot be made" in refused(Path("/proc/lab_home"))


def test_a_read_only_home_is_refused(home: Path) -> None:
    home.chmod(0o555)
    try:
        if os.access(home, os.W_OK):
            pytest.skip("this user (root) may write read-only folders")
        assert "is read-only; make it writable" in refused(home)
    finally:
        home.chmod(0o755)


def test_a_home_whose_permission_is_missing_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for root, to whom no permission is missing: only the system's answer is replaced."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "is read-only; make it writable" in refused(home)


def test_a_database_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lab.duckdb").mkdir()
    assert "is a folder; move it away" in refused(tmp_path)


@pytest.mark.parametrize("damage", ["empty", "garbage", "cut", "flipped"])
def test_a_damaged_database_is_refused_and_left_as_it_is(home: Path, damage: str) -> None:
    path = home / "lab.duckdb"
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[4096:4200] = bytes(104)
    flipped[8192:8300] = bytes(108)
    bad = {"empty": b"", "garbage": b"garbage" * 5000, "cut": whole[:9000], "flipped": bytes(flipped)}[damage]
    path.write_bytes(bad)
    assert "is damaged or no lab database; move it away" in refused(home)
    assert path.read_bytes() == bad


def test_a_log_with_damaged_content_is_refused_and_left_as_it_is(home: Path) -> None:
    """The content only: a damaged length of a log entry looks like the log's end to DuckDB (see storage.connection)."""
    writer = child(
        "import os, sys; from pathlib import Path; from storage import Store; from lab.nouns import *\n"
        "store = Store.open(Path(sys.argv[1]))\n"
        "for step in range(10): store.save(Metric(run_id='r', step=step, name='a name to be found', value=1, n=1))\n"
        "os.kill(os.getpid(), 9)",
        home,
    )
    writer.communicate(timeout=30)
    log = home / "lab.duckdb.wal"
    bad = bytearray(log.read_bytes())
    bad[bad.index(b"to be found")] ^= 0xFF
    log.write_bytes(bad)
    assert "lab.duckdb.wal" in refused(home)
    assert log.read_bytes() == bytes(bad)


def test_twenty_readers_and_a_writer_get_in_nobodys_way(store: Store) -> None:
    world = make_world()
    store.save(*world.nouns)
    run_id, errors, stop = world.run.id, list[BaseException](), threading.Event()

    def read(reader: int) -> None:
        reads: list[Callable[[], object]] = [
            lambda: store.pairs(PairFilter(text="tap")),
            lambda: store.curves([run_id], ["sft_loss"], after_step=5),
            lambda: store.run(run_id),
            lambda: store.questions(),
            lambda: store.recent_reviews(run_id),
        ]
        seen = 0
        try:
            while not stop.is_set():
                reads[reader % len(reads)]()
                points = len(store.curves([run_id], ["a"])), len(store.curves([run_id], ["b"]))
                assert points[0] <= points[1], "the second read is never older"
                assert points[0] >= seen, "what was seen stays"
                seen = points[0]
        except BaseException as error:
            errors.append(error)

    readers = [threading.Thread(target=read, args=(number,)) for number in range(20)]
    for reader in readers:
        reader.start()
    for step in range(30):
        store.save(*(Metric(run_id=run_id, step=step, name=name, value=1.0, n=1) for name in "ab"))
    stop.set()
    for reader in readers:
        reader.join(timeout=30)
    assert errors == []
    assert len(store.curves([run_id], ["a"])) == 30


def test_many_threads_may_save_at_once(store: Store) -> None:
    def save(writer: int) -> None:
        for step in range(5):
            store.save(Run(spec=RunSpec()), Metric(run_id="r", step=step, name=f"m{writer}", value=1.0, n=1))

    writers = [threading.Thread(target=save, args=(number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=30)
    assert [run.number for run in store.runs()] == list(range(40, 0, -1))
    assert len(store.latest_metrics("r")) == 8
    assert store.revision == 40


def test_a_closed_store_says_so_and_closing_twice_is_fine(home: Path, world: World) -> None:
    store = Store.open(home)
    store.close()
    store.close()
    for use in (lambda: store.save(world.question), store.runs, store.snapshot, store.interrupt_active):
        with pytest.raises(StorageError, match="The store is closed; open it again"):
            use()


def test_closing_ends_the_thread_and_frees_the_file(home: Path, world: World) -> None:
    before = threading.active_count()
    for _ in range(5):
        with Store.open(home) as store:
            store.save(world.question)
            assert threading.active_count() == before + 1
        assert threading.active_count() == before
    assert (
        subprocess.run(
            [sys.executable, "-c", f"import duckdb; duckdb.connect({str(home / 'lab.duckdb')!r})"]
        ).returncode
        == 0
    )


def test_closing_does_not_wait_for_a_long_query(home: Path) -> None:
    store, started, ended = Store.open(home), threading.Event(), list[LabError]()

    def read() -> None:
        try:
            with store._database.reading() as cursor:
                started.set()
                cursor.execute("SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b").fetchall()
        except LabError as error:
            ended.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    started.wait(30)
    store.close()
    reader.join(timeout=30)
    assert not reader.is_alive()
    assert [error.message for error in ended] == ["The store was closed while it was being used; open it again."]


def test_no_setting_reaches_for_the_network_or_for_python(store: Store) -> None:
    wanted = {
        "threads": "2",
        "memory_limit": "324.2 MiB",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "python_enable_replacements": "false",
        "TimeZone": "UTC",
    }
    with store._database.reading() as cursor:
        found = {name: str(cursor.execute(f"SELECT current_setting('{name}')").fetchall()[0][0]) for name in wanted}
    assert {
        name: value if name in ("memory_limit", "TimeZone") else value.lower() for name, value in found.items()
    } == wanted

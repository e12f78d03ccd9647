"""What goes wrong under a run: memory, disk, files, threads, the clock. Each has its message."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch

from lab.errors import StorageError
from lab.models.loading import load
from lab.nouns import Metric, Noun, Run, RunState
from lab.training import conductor as conductors
from lab.training import sitting as sittings
from lab.training.conductor import Conductor
from lab.training.probing import Prober
from lab.training.sitting import Sitting
from storage import Store, writer
from tests.tiny import save_tiny
from tests.training.making import quiet_probe, spec

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


def plain(**changes: Any) -> Run:
    return Run(spec=spec(**{"method": "sft", "question_id": None, "steps": 4, "probe_every": 2,
                            "checkpoint_every": 1, **changes}))


def at_step_two(trouble: Callable[[], object]) -> Prober:
    """A prober that runs into trouble at step 2, once."""
    happened: list[bool] = []

    def probe(trainer: Sitting, cancel: Event) -> list[Noun]:
        if trainer.step == 2 and not happened:
            happened.append(True)
            trouble()
        return quiet_probe(trainer, cancel)

    return probe


def too_much_memory() -> None:
    torch.empty(2**60)


def numpy_too_much() -> None:
    raise MemoryError


def the_thread_is_told_to_end() -> None:
    raise SystemExit(3)


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (too_much_memory, "The machine ran out of memory"),
        (numpy_too_much, "The machine ran out of memory"),
        (the_thread_is_told_to_end, "An unexpected SystemExit ended the run"),
    ],
)
def test_a_run_that_hits_a_wall_says_so_resumes_and_the_next_one_goes_well(
    store: Store, loaded: Any, tmp_path: Path, trouble: Callable[[], object], told: str
) -> None:
    conductor = Conductor(store, lambda *_: loaded, tmp_path, prober=at_step_two(trouble))
    run, other = conductor.start(plain()), conductor.start(plain(seed=1))
    failed = conductor.wait(run.id, PATIENCE)
    assert (failed.state, failed.step) == (RunState.FAILED, 2)
    assert failed.message.startswith(told)
    assert "\n" not in failed.message
    assert conductor.wait(other.id, PATIENCE).state is RunState.FINISHED
    conductor.resume(run.id)
    assert conductor.wait(run.id, PATIENCE).state is RunState.FINISHED
    conductor.close(PATIENCE)
    one, two = ({m.step: m.value for m in store.curves([r.id], ["sft_loss"])} for r in (run, other))
    assert len(one) == len(two) == 4


def test_a_model_folder_that_vanished_is_named_and_back_again_the_run_goes_on(store: Store, tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "model")
    stopped = Conductor(
        store, lambda name, revision, *_: load(name), tmp_path, prober=at_step_two(the_thread_is_told_to_end)
    )
    run = stopped.wait(stopped.start(plain(model=str(folder))).id, PATIENCE)
    stopped.close(PATIENCE)
    folder.rename(tmp_path / "elsewhere")
    again = Conductor(store, lambda name, revision, *_: load(name), tmp_path, prober=quiet_probe)
    again.resume(run.id)
    failed = again.wait(run.id, PATIENCE)
    assert failed.state is RunState.FAILED
    assert f"There is no folder '{folder}'" in failed.message
    (tmp_path / "elsewhere").rename(folder)
    again.resume(run.id)
    assert again.wait(run.id, PATIENCE).state is RunState.FINISHED
    again.close(PATIENCE)


def test_a_clock_that_goes_backwards_changes_no_number_and_no_order(
    store: Store, loaded: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours = iter(range(10_000))

    def backwards() -> datetime:
        return datetime(2026, 11, 25, tzinfo=UTC) - timedelta(hours=next(hours))

    conductor = Conductor(store, lambda *_: loaded, tmp_path, prober=quiet_probe)
    before = conductor.wait(conductor.start(plain()).id, PATIENCE)
    for module in (conductors, sittings):
        monkeypatch.setattr(module, "now", backwards)
    after = conductor.wait(conductor.start(plain()).id, PATIENCE)
    conductor.close(PATIENCE)
    assert (before.state, after.state) == (RunState.FINISHED, RunState.FINISHED)
    assert after.ended is not None
    assert after.started is not None
    assert after.ended < after.started, "the clock did go backwards"
    assert after.seconds > 0
    assert all(part >= 0 for part in after.time.values())
    assert [r.id for r in store.runs()] == [after.id, before.id]
    one, two = ([(m.step, m.value) for m in store.curves([r.id], ["sft_loss"])] for r in (before, after))
    assert one == two


def test_a_writer_that_died_holds_nobody_and_promises_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread survives whatever a save raises; here it is killed by a fault in the one place that is left."""

    def fault(*_: object) -> StorageError:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("threading.excepthook", lambda _: None)
    with Store.open(tmp_path) as store:
        kept = Metric(run_id="r", step=1, name="a", value=1.0, n=1)
        store.save(kept)
        monkeypatch.setattr(writer, "explain", fault)
        with pytest.raises(StorageError, match="The thread that writes has died; restart the lab"):
            store._writer.transact(lambda cursor: cursor.execute("SELECT no such thing"))
        with pytest.raises(StorageError):
            store.save(kept)
        assert store.curves(["r"], ["a"]) == [kept]


FULL = """
import json, resource, signal, sys
from pathlib import Path
from lab.errors import LabError
from lab.nouns import Metric
from storage import Store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
home, kept, told = Path(sys.argv[1]), 0, ""
with Store.open(home) as store:
    if sys.argv[2] == "limit":
        size = (home / "lab.duckdb").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 300_000, resource.RLIM_INFINITY))
    try:
        for step in range(200):
            store.save(*(Metric(run_id="r", step=step, name=f"m{i} {i * 7919 % 104729}", value=i / 7, n=i)
                         for i in range(500)))
            kept = step + 1
    except LabError as error:
        told = error.message
    seen = len(store.curves(["r"], ["m0 0"], max_points=1000))
    if sys.argv[2] == "limit":
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
with Store.open(home) as store:
    again = len(store.curves(["r"], ["m0 0"], max_points=1000))
    try:
        store.save(Metric(run_id="r", step=999, name="later", value=1.0, n=1))
        later = ""
    except LabError as error:
        later = error.message
print(json.dumps({"kept": kept, "told": told, "seen": seen, "again": again, "later": later}))
"""


def filled(home: Path, how: str, *before: str) -> dict[str, Any]:
    """A process that saves until the disk takes no more."""
    ended = subprocess.run(
        [*before, sys.executable, "-c", FULL, str(home), how], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def _full(found: dict[str, Any]) -> None:
    assert 0 < found["kept"] < 200
    assert found["seen"] == found["again"] == found["kept"], "what was acknowledged is there, and nothing else"
    assert "\n" not in found["told"]


def test_a_file_that_may_not_grow_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    found = filled(tmp_path, "limit")
    _full(found)
    assert "is full; nothing of this save was kept. Free some space" in found["told"]
    assert found["later"] == ""


def test_a_full_disk_keeps_what_was_acknowledged_and_says_so(tmp_path: Path) -> None:
    """A real file system of four megabytes, where this user may mount one."""
    mount = f"mount -t tmpfs -o size=4m none {tmp_path} && exec \"$@\""
    inside = ("unshare", "--mount", "sh", "-c", mount, "sh")
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([*inside, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this user may mount no file system of its own")
    found = filled(tmp_path, "disk", *inside)
    _full(found)
    assert "is full; nothing of this save was kept. Free some space" in found["told"]
    assert not os.listdir(tmp_path)

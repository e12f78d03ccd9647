"""Bundles: another lab sees what this one saw; twice is once; one that cannot be written or taken in leaves nothing."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.errors import BundleError, LabError, RequestError, StorageError
from lab.nouns import Metric, PairState, Run, RunSpec, RunState
from storage import Store, connection
from storage.bundle import layout, merging, verifying
from tests.storage.bundles import PARTS, add_checkpoint, altered, dump, files, rebuilt
from tests.storage.making import make_world


def test_what_another_lab_sees_is_what_this_one_saw(source: Store, store: Store, bundle: Path) -> None:
    store.import_bundle(bundle)
    assert dump(store) == dump(source)
    ids = [run.id for run in source.runs()]
    assert store.pairs(size=100).rows == source.pairs(size=100).rows
    assert store.curves(ids, ["metric_01"]) == source.curves(ids, ["metric_01"])
    assert (store.questions(), store.runs()) == (source.questions(), source.runs())
    for name in PARTS:
        path = Path("runs") / ids[0] / "5" / name
        assert (store.home / path).read_bytes() == (source.home / path).read_bytes()
    assert store.check() == []


def test_importing_twice_changes_nothing(store: Store, bundle: Path) -> None:
    assert store.import_bundle(bundle).rows["pairs"] == 60
    before = dump(store), files(store.home)
    assert set(store.import_bundle(bundle).rows.values()) == {0}
    assert (dump(store), files(store.home)) == before


def test_a_large_bundle_says_how_far_it_is_and_may_take_more_memory_as_long_as_it_lasts(
    store: Store, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_TOLD", "_IDS_AT_ONCE", "_AT_ONCE"):
        monkeypatch.setattr(verifying, name, 50)
    monkeypatch.setattr(merging, "_MANY", 50)
    monkeypatch.setattr(connection, "MEMORY_TAKING_IN", "2000MB")
    limits: list[str] = []
    done = merging._done

    def limit(cursor: Any, *rest: Any) -> Any:
        limits.append(cursor.execute("SELECT current_setting('memory_limit')").fetchall()[0][0])
        return done(cursor, *rest)

    monkeypatch.setattr(merging, "_done", limit)
    said: list[str] = []
    store.import_bundle(bundle, said.append)
    assert "verifying pairs: 50 of 60 rows" in said
    assert "taking in 60 pairs" in said
    with store._database.reading() as cursor:
        limits += [row[0] for row in cursor.execute("SELECT current_setting('memory_limit')").fetchall()]
    assert limits == ["1.8 GiB", "324.2 MiB"]


def test_a_bundle_that_needs_more_memory_than_there_is_leaves_nothing_behind_and_the_next_move_is_told(
    store: Store, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def greedy(cursor: Any, *_: Any) -> Any:
        cursor.execute("SELECT list(range) FROM range(50_000_000) GROUP BY range % 2").fetchall()

    before = dump(store)
    monkeypatch.setattr(connection, "MEMORY_TAKING_IN", "30MB")
    with monkeypatch.context() as patched:
        patched.setattr(merging, "_done", greedy)
        with pytest.raises(StorageError, match=r"needs more memory .* `python -m lab export bundle --run ID`"):
            store.import_bundle(bundle)
    assert dump(store) == before
    assert store.import_bundle(bundle).rows["pairs"] == 60


def test_merging_two_labs_keeps_both_and_renumbers(store: Store, bundle: Path, source: Store) -> None:
    mine = make_world()
    store.save(*mine.nouns)
    store.import_bundle(bundle)
    assert store.run("1").id == mine.run.id
    assert [run.id for run in store.runs()] == [*(run.id for run in source.runs()), mine.run.id]
    assert [run.number for run in store.runs()] == [4, 3, 2, 1]
    assert store.pairs().total == 61
    assert store.pair(mine.pair.id) == mine.pair


def test_a_bundle_of_one_run_holds_all_that_belongs_to_it(source: Store, store: Store, tmp_path: Path) -> None:
    run = source.runs()[0]
    source.export_bundle(tmp_path / "one.bundle", [run])
    store.import_bundle(tmp_path / "one.bundle")
    assert [r.id for r in store.runs()] == [run.id]
    assert store.pairs().total == 20
    assert store.latest_metrics(run.id) == source.latest_metrics(run.id)
    assert store.check() == []
    with zipfile.ZipFile(tmp_path / "one.bundle") as archive:
        assert json.loads(archive.read(f"specs/{run.id}.json"))["steps"] == run.spec.steps
        said = json.loads(archive.read(layout.MANIFEST))
    assert said["runs"][0]["seed"] == run.spec.seed
    assert {"python", "torch", "duckdb"} <= said["versions"].keys()


def test_scores_and_votes_go_with_their_answers(store: Store, tmp_path: Path) -> None:
    mine, other = make_world(reply="mine"), make_world(reply="another run's")
    with Store.open(tmp_path / "source") as lab:
        for world in (mine, other):
            lab.save(replace(world.question, parent=None))
            lab.save(*(n for n in world.nouns if n is not world.checkpoint))
        lab.export_bundle(tmp_path / "one.bundle", [lab.run(mine.run.id)])
    for _ in range(2):
        store.import_bundle(tmp_path / "one.bundle")
        assert store.scores_of([mine.answer.id, other.answer.id]) == [mine.score]
        assert store.votes() == [mine.vote]
    assert store.check() == []


def test_a_decision_is_taken_over_where_nobody_here_has_decided(store: Store, tmp_path: Path) -> None:
    made = [make_world(reply=f"reply {i}", minute=i) for i in range(2)]
    with Store.open(tmp_path / "other") as other:
        for world in made:
            for lab in (store, other):
                lab.save(replace(world.question, parent=None))
                lab.save(*(n for n in world.nouns if n is not world.checkpoint))
            other.save(replace(world.pair, state=PairState.ACCEPTED, note="theirs"))
        other.export_bundle(tmp_path / "b")
    store.save(replace(made[0].pair, state=PairState.REJECTED, note="mine"))
    store.import_bundle(tmp_path / "b")
    assert store.pair(made[0].pair.id).state is PairState.REJECTED
    assert (store.pair(made[1].pair.id).state, store.pair(made[1].pair.id).note) == (PairState.ACCEPTED, "theirs")
    assert {row.state for row in store.pairs().rows} == {PairState.REJECTED, PairState.ACCEPTED}


def test_a_run_that_went_further_there_is_taken_over_and_one_in_work_is_interrupted(
    store: Store, tmp_path: Path
) -> None:
    run = Run(spec=RunSpec(), state=RunState.STOPPED, step=5, name="shared")
    points = [Metric(run_id=run.id, step=step, name="a", value=1.0, n=1) for step in range(10)]
    store.save(Run(spec=RunSpec()), run, *points[:5])
    with Store.open(tmp_path / "other") as other:
        other.save(replace(run, state=RunState.RUNNING, step=9), *points)
        other.export_bundle(tmp_path / "b")
    assert store.import_bundle(tmp_path / "b").runs == (run.id,)
    assert (store.run(run.id).state, store.run(run.id).step, store.run(run.id).number) == (RunState.INTERRUPTED, 9, 2)
    assert store.curves([run.id], ["a"]) == points
    store.save(replace(store.run(run.id), step=12))
    assert store.import_bundle(tmp_path / "b").runs == ()
    assert store.run(run.id).step == 12


def test_a_bundle_of_an_older_lab_may_lack_a_table_and_a_column(store: Store, packed: bytes, tmp_path: Path) -> None:
    def older(parts: dict[str, bytes], said: dict[str, Any]) -> None:
        said["schema"] -= 1
        for known in (parts, said["files"]):
            del known["tables/alarms.parquet"]
        del said["tables"]["alarms"]
        altered(parts, "pairs", "SELECT * EXCLUDE (edited_from) FROM it")

    (tmp_path / "old").write_bytes(rebuilt(packed, older))
    store.import_bundle(tmp_path / "old")
    assert store.pairs().total == 60
    assert store.check() == []


def test_a_bundle_larger_than_allowed_or_missing_is_refused(
    store: Store, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "MOST_BYTES", 1000)
    with pytest.raises(BundleError, match="larger than"):
        store.import_bundle(bundle)
    with pytest.raises(BundleError, match="no file 'gone'"):
        store.import_bundle(bundle.with_name("gone"))


def test_a_bundle_of_a_lab_whose_adapter_is_gone_is_not_written(home: Path, tmp_path: Path) -> None:
    with Store.open(home) as store:
        store.save(run := Run(spec=RunSpec()))
        checkpoint = add_checkpoint(store, run.id)
        (home / checkpoint.path / PARTS[0]).unlink()
        with pytest.raises(StorageError, match="has no adapter"):
            store.export_bundle(tmp_path / "b")
        with pytest.raises(RequestError, match="folder that exists"):
            store.export_bundle(tmp_path / "none" / "b")
        assert not any(path.name.startswith(".") for path in [*tmp_path.iterdir(), *home.iterdir()])


def test_an_import_that_fails_at_its_end_leaves_no_checkpoint_behind(
    store: Store, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise StorageError("The disk is full.")

    monkeypatch.setattr("storage.bundle.merging._done", full)
    with pytest.raises(LabError, match="disk is full"):
        store.import_bundle(bundle)
    assert store.runs() == []
    assert files(store.home) == set()

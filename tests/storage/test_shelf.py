"""Runs that a person named, deleted, took back and purged: hidden everywhere, lost nowhere, and then gone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lab.nouns import PairState, Run, RunSpec, RunState, now
from storage import PairFilter, Store
from tests.storage.bundles import add_checkpoint
from tests.storage.making import World, make_world

USABLE = (PairState.PENDING, PairState.ACCEPTED)


def two(store: Store) -> tuple[World, World]:
    """Two runs with a pair each; the first is deleted."""
    ended = {"spec": RunSpec(), "state": RunState.FINISHED}
    gone, kept = (make_world(text=f"Which {word}?", run=Run(**ended)) for word in ("first", "second"))
    for world in (gone, kept):
        store.save(replace(world.question, parent=None), *world.nouns[1:7], *world.nouns[8:10])
        add_checkpoint(store, world.run.id)
    store.mark_run(gone.run.id, now())
    return gone, kept


def test_a_deleted_run_is_in_no_list_count_search_or_export_unless_asked_for(store: Store, tmp_path: Path) -> None:
    gone, kept = two(store)
    assert [run.id for run in store.runs()] == [kept.run.id]
    assert [run.id for run in store.deleted_runs()] == [gone.run.id]
    assert [row.id for row in store.pairs().rows] == [kept.pair.id]
    assert store.pairs(PairFilter(text="first")).total == 0
    assert store.pairs(PairFilter(run_id=gone.run.id)).total == 1
    assert [pair.id for pair, _ in store.stored_pairs(USABLE)] == [kept.pair.id]
    assert [pair.id for pair, _ in store.stored_pairs(USABLE, gone.run.id)] == [gone.pair.id]
    assert [store.export(what, tmp_path / f"{what}.jsonl") for what in ("pairs", "reviews", "metrics")] == [1, 1, 1]
    assert store.export_bundle(tmp_path / "all").tables["runs"] == 1
    store.export_bundle(tmp_path / "one", [gone.run])
    with Store.open(tmp_path / "other") as other:
        other.import_bundle(tmp_path / "all")
        assert [run.id for run in other.runs()] == [kept.run.id]
        assert other.check() == []
        other.import_bundle(tmp_path / "one")  # asked for: it arrives, deleted as it is
        assert [run.id for run in other.deleted_runs()] == [gone.run.id]
    store.mark_run(gone.run.id, None)
    assert store.pairs().total == len(store.runs()) == 2


def test_a_bundle_of_everything_holds_a_deleted_run_that_a_persons_review_is_about(
    store: Store, tmp_path: Path
) -> None:
    gone, kept = two(store)
    store.save(replace(gone.review, run_id=None, step=None))
    assert store.export_bundle(tmp_path / "all").tables["runs"] == 2
    with Store.open(tmp_path / "other") as other:
        other.import_bundle(tmp_path / "all")
        assert [run.id for run in other.runs()] == [kept.run.id]
        assert other.check() == []


def test_a_trainers_save_leaves_the_name_the_note_and_the_mark(store: Store) -> None:
    run = Run(spec=RunSpec(), name="as asked")
    store.save(run)
    store.label_run(run.id, name="renamed", note="look at step 40")
    store.save(replace(run, step=7))
    found = store.run(run.id)
    assert (found.name, found.note, found.step) == ("renamed", "look at step 40", 7)


def test_a_purge_removes_rows_and_files_and_leaves_a_whole_store(store: Store, home: Path) -> None:
    gone, kept = two(store)
    own = replace(gone.review, run_id=None, step=None)
    store.save(own)
    store.purge_runs([gone.run.id])
    assert store.check() == []
    assert not (home / "runs" / gone.run.id).exists()
    assert (home / "runs" / kept.run.id).exists()
    assert store.pairs(PairFilter(run_id=gone.run.id)).total == 0
    assert store.answer(gone.answer.id) == gone.answer, "a person's review is about it"
    assert [run.id for run in store.deleted_runs()] == [gone.run.id]
    assert store.pair(kept.pair.id) == kept.pair

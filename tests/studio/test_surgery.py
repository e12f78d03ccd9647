"""Surgery on pairs, and sets of pairs under a name: every change kept and undone, every set the same for good."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lab.errors import NotFoundError, RequestError
from lab.nouns import PairState, RunState, Split
from lab.studio import PairFilter, Studio
from tests.storage.making import World, make_world
from tests.studio.making import opened


@pytest.fixture
def world() -> World:
    made = make_world()
    prompt = replace(made.prompt, split=Split.TRAIN)
    return replace(made, prompt=prompt, run=replace(made.run, state=RunState.FINISHED))


@pytest.fixture
def studio(tmp_path: Path, world: World) -> Iterator[Studio]:
    made = opened(tmp_path)
    made._store.save(replace(world.question, parent=None), *world.nouns[1:7])
    yield made
    made.close()


def test_a_flip_is_a_copy_and_is_taken_back(studio: Studio, world: World) -> None:
    copy = studio.flip_pair(world.pair.id)
    assert (copy.chosen_reply, copy.rejected_reply) == (world.pair.rejected_reply, world.pair.chosen_reply)
    assert (copy.state, copy.edited_from) == (PairState.ACCEPTED, world.pair.id)
    original = studio.pair(world.pair.id).pair
    assert replace(original, state=world.pair.state) == world.pair, "its texts are as they were"
    assert original.state is PairState.EDITED
    with pytest.raises(RequestError, match="was replaced"):
        studio.flip_pair(world.pair.id)
    assert studio.undo_pair(copy.id) == world.pair
    assert studio.pair(copy.id).pair.state is PairState.REJECTED
    assert [change.kind for change in studio.changes(world.pair.id)] == ["flipped", "undone"]
    with pytest.raises(RequestError, match="nothing was done"):
        studio.undo_pair(world.pair.id)
    assert studio.check() == []


def test_decisions_and_tags_are_logged_and_undone_one_by_one(studio: Studio, world: World) -> None:
    studio.decide_pair(world.pair.id, PairState.REJECTED, note="dull")
    assert studio.tag_pair(world.pair.id, [" short ", "Odd", "short"]).tags == ("Odd", "short")
    assert [row.id for row in studio.pairs(PairFilter(tag="Odd")).rows] == [world.pair.id]
    assert studio.pairs(PairFilter(tag="Od")).total == 0
    with pytest.raises(RequestError, match="characters"):
        studio.tag_pair(world.pair.id, ["x" * 41])
    assert studio.undo_pair(world.pair.id).tags == ()
    back = studio.undo_pair(world.pair.id)
    assert (back.state, back.note) == (PairState.PENDING, "")
    kinds = [(change.kind, change.who) for change in studio.changes(world.pair.id)]
    assert kinds == [(kind, "owner") for kind in ("decided", "tagged", "undone", "undone")]


def test_an_edit_whose_copy_was_changed_since_is_not_undone_before_it(studio: Studio, world: World) -> None:
    copy = studio.edit_pair(world.pair.id, chosen_thought="", chosen_reply="Call a plumber.")
    studio.decide_pair(copy.id, PairState.REJECTED)
    with pytest.raises(RequestError, match="changed since"):
        studio.undo_pair(world.pair.id)


def test_a_dataset_stays_as_it_was_frozen(studio: Studio, world: World, tmp_path: Path) -> None:
    first = studio.freeze_pairs(PairFilter(run_id=world.run.id), "  Careful  ", chosen_by="run 1")
    assert (first.title, first.pairs) == ("Careful v1", (world.pair.id,))
    assert studio.freeze_pairs(PairFilter(), "Careful").id == first.id, "the same pairs, the same set"
    studio.flip_pair(world.pair.id)
    second = studio.freeze_pairs(PairFilter(), "Careful")
    assert (second.version, len(second.pairs)) == (2, 2)
    assert studio.dataset("Careful") == second
    assert studio.dataset("Careful v1") == first
    out = tmp_path / "one.jsonl"
    assert studio.export_pairs(out, dataset="Careful v1") == 1
    [row] = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert row["rejected"][0]["content"].endswith(world.pair.rejected_reply)
    with pytest.raises(NotFoundError, match="known: Careful v2"):
        studio.dataset("Careless")
    with pytest.raises(RequestError, match="nothing to freeze"):
        studio.freeze_pairs(PairFilter(text="nowhere"), "Empty")
    studio.delete_run(world.run.id)
    studio.purge_runs(days=0)
    assert studio.check() == [], "a purge leaves what a dataset holds"
    assert studio.export_pairs(out, dataset=first.id) == 1


def test_figures_are_counted_over_the_filter(studio: Studio, world: World) -> None:
    margin, p_flagged, step = studio.histograms(PairFilter())
    assert [sum(n for *_, n in found.bins) for found in (margin, p_flagged, step)] == [1, 1, 1]
    assert next(low for low, _, n in p_flagged.bins if n) == pytest.approx(0.9)
    assert studio.histograms(PairFilter(margin_from=0.0))[0].bins == ()
    assert studio.pairs(PairFilter(margin_to=-2.5, p_from=0.9, p_to=0.9)).total == 1

"""The check: each fault in one line, whether it looks at all rows at once or at some after others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage import Store, checking
from storage.generator import Size, fill
from tests.storage.bundles import PARTS, add_checkpoint
from tests.storage.making import World

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

"""The file's form: migrations, documented views, snapshots, and who may be imported."""

from __future__ import annotations

import ast
import hashlib
from dataclasses import fields, replace
from pathlib import Path

import duckdb
import pytest

import storage
from lab.errors import RequestError, StorageError
from lab.nouns import Label, RunSpec
from storage import PairFilter, Store
from storage.connection import Database
from storage.migrations import Migration, migrate, shipped
from storage.tables import TABLES, table_of
from tests.storage.making import World

NEXT = len(shipped()) + 1
"""The number of the first migration that is not shipped yet."""
BETTER = Migration(
    name="better", sql="ALTER TABLE facts.runs ADD COLUMN colour VARCHAR; CREATE TABLE facts.colours (a INT)"
)
BROKEN = Migration(
    name="broken", sql="CREATE TABLE facts.half (a INT); INSERT INTO facts.half VALUES ('no number')"
)

SHIPPED_FORMS = {
    "0001_tables": "3070016c8db0870e",
    "0002_views": "ab25d9627bf3fee5",
    "0003_pairs_without_review": "3d103ede3be19c21",
    "0007_pairs_without_question": "14013dbf62d0d5f9",
    "0004_listing": "c3214a69a3692757",
    "0005_how_a_review_was_read": "9e28385038341a6d",
    "0006_alarms": "66d22291093de0c3",
    "0008_scores": "cecdb53b117f8fcf",
    "0009_shelf": "8f959c26c2ad0250",
    "0010_surgery": "075242bab5a345e8",
    "0011_votes": "276f78d0f0fced2d",
}


def versions(database: Database) -> list[tuple[int, str]]:
    with database.reading() as cursor:
        return cursor.execute("SELECT version, name FROM facts.schema_version ORDER BY version").fetchall()


def test_a_shipped_migration_is_never_edited() -> None:
    """If this fails after the first release: put the file back, and add a new migration instead."""
    assert {m.name: hashlib.sha256(m.sql.encode()).hexdigest()[:16] for m in shipped()} == SHIPPED_FORMS


def test_migrating_twice_is_a_noop(home: Path) -> None:
    database = Database.open(home)
    before = versions(database)
    migrate(database)
    migrate(database)
    assert versions(database) == before == [(i, m.name) for i, m in enumerate(shipped(), 1)]
    assert not (home / "snapshots").exists()
    database.close()


def test_an_existing_database_is_copied_before_it_is_migrated(home: Path, world: World) -> None:
    with Store.open(home) as store:
        store.save(*world.nouns)
    database = Database.open(home)
    migrate(database, (*shipped(), BETTER))
    assert versions(database)[-1] == (NEXT, "better")
    (copy,) = (home / "snapshots").glob(f"before-migration-{NEXT}-*.duckdb")
    database.close()
    with duckdb.connect(str(copy), read_only=True) as old:
        assert old.execute("SELECT max(version) FROM facts.schema_version").fetchall() == [(NEXT - 1,)]
        assert old.execute("SELECT id FROM pairs").fetchall() == [(world.pair.id,)]


def test_pairs_of_before_keep_their_review_and_new_ones_may_have_none(tmp_path: Path, world: World) -> None:
    database = Database.open(tmp_path / "old")
    migrate(database, shipped()[:2])
    with database.using() as cursor:  # as that lab did: it kept no listing, and knew fewer columns
        later = {"alarms", "scores", "votes", "changes", "datasets"}
        for table, noun in ((table_of(noun), noun) for noun in world.nouns if table_of(noun).name not in later):
            then = {row[0] for row in cursor.execute(f"DESCRIBE facts.{table.name}").fetchall()}
            names, values = zip(
                *((c.name, c.store(noun)) for c in table.columns if c.name in then), strict=True)
            holes = ", ".join("?" * len(names))
            cursor.execute(f"INSERT INTO facts.{table.name} ({', '.join(names)}) VALUES ({holes})", list(values))
    database.close()
    alone = replace(world.pair, review_id=None)
    with Store.open(tmp_path / "old") as store:
        store.save(alone)
        assert store.pair(world.pair.id) == world.pair
        assert store.pair(alone.id) == alone
        assert store.review(world.review.id) == world.review  # made in the one manner that there was
        rows = {row.id: row.verdict for row in store.pairs().rows}
        assert rows == {world.pair.id: Label.FLAGGED, alone.id: None}
        assert store.pairs(PairFilter(verdict=Label.FLAGGED)).total == 1


def test_a_migration_that_fails_leaves_the_one_before(home: Path) -> None:
    database = Database.open(home)
    with pytest.raises(StorageError, match=rf"schema {NEXT + 1} \(broken\)"):
        migrate(database, (*shipped(), BETTER, BROKEN))
    assert versions(database)[-1] == (NEXT, "better")
    with database.reading() as cursor:
        assert cursor.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'half'").fetchall() == []
    database.close()


def test_a_database_of_a_newer_lab_is_refused_and_left_alone(home: Path) -> None:
    database = Database.open(home)
    migrate(database, (*shipped(), BETTER))
    database.close()
    before = (home / "lab.duckdb").read_bytes()
    with pytest.raises(StorageError, match=rf"newer lab.*schema {NEXT}.*update the lab"):
        Store.open(home)
    assert (home / "lab.duckdb").read_bytes() == before


def test_a_database_that_is_not_a_labs_is_refused(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "lab.duckdb")) as other:
        other.execute("CREATE TABLE mine (a INT)")
    with pytest.raises(StorageError, match="not a lab's; move it away"):
        Store.open(tmp_path)


def test_every_contract_table_is_a_view_with_comments_on_it_and_its_columns(store: Store) -> None:
    names = ["questions", "prompts", "answers", "reviews", "pairs", "runs", "metrics", "checkpoints", "evaluations",
             "alarms", "scores", "votes", "changes", "datasets"]
    with store._database.reading() as cursor:
        views = dict(cursor.execute("SELECT view_name, comment FROM duckdb_views() WHERE NOT internal").fetchall())
        columns = cursor.execute(
            "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal AND schema_name = 'main'"
        ).fetchall()
    assert sorted(views) == sorted(names) == sorted(table.name for table in TABLES)
    assert all(views.values())
    assert [column for column in columns if not column[2]] == []
    assert {column[0] for column in columns} == set(names)


def test_tables_and_views_have_every_field_of_their_noun(store: Store) -> None:
    with store._database.reading() as cursor:
        for table in TABLES:
            described = cursor.execute(f"DESCRIBE facts.{table.name}").fetchall()
            assert {(row[0], row[1]) for row in described} == {(c.name, c.sql_type) for c in table.columns}
            view = {row[0] for row in cursor.execute(f"DESCRIBE {table.name}").fetchall()}
            assert {c.name for c in table.columns} <= view


def test_views_spell_out_verdicts_and_specs(store: Store, world: World) -> None:
    store.save(*world.nouns)
    with store._database.reading() as cursor:
        assert cursor.execute("SELECT verdict, p_flagged, label_mass FROM reviews").fetchall() == [
            ("flagged", 0.9, 0.99)
        ]
        assert cursor.execute(
            "SELECT number, method, scenario, seed, lam, spec->>'$.cadence' FROM runs"
        ).fetchall() == [(1, "conscience", "code-hacking", 3, 0.1, "5")]
        assert cursor.execute("SELECT reference_margin FROM pairs").fetchall() == [(-2.5,)]
        spec = cursor.execute("SELECT json_keys(spec) FROM runs").fetchall()[0][0]
    assert spec == [field.name for field in fields(RunSpec)]


def test_a_snapshot_is_a_whole_store(home: Path, tmp_path: Path, world: World) -> None:
    with Store.open(home) as store:
        store.save(*world.nouns)
        taken = store.snapshot("mine")
        store.save(*world.nouns[:1])
        assert store.snapshot("mine") == taken == home / "snapshots" / "mine.duckdb"
        assert [path.name for path in taken.parent.iterdir()] == ["mine.duckdb"]
    (tmp_path / "restored").mkdir()
    taken.rename(tmp_path / "restored" / "lab.duckdb")
    with Store.open(tmp_path / "restored") as restored:
        assert restored.pair(world.pair.id) == world.pair
        restored.save(world.metric)


def test_the_last_five_snapshots_are_kept(store: Store) -> None:
    taken = [store.snapshot() for _ in range(7)]
    assert sorted(taken[0].parent.iterdir()) == sorted(taken[2:])


@pytest.mark.parametrize("name", ["../out", "/etc/passwd", ".hidden", "a b", 'a"; DROP', "x" * 200, "a\nb"])
def test_a_snapshot_cannot_be_named_out_of_its_folder(store: Store, name: str) -> None:
    with pytest.raises(RequestError, match="cannot name a snapshot"):
        store.snapshot(name)


def test_storage_imports_only_duckdb_nouns_and_errors() -> None:
    folder = Path(storage.__file__).parent
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.split(".")[0] not in {"torch", "gradio", "plotly", "pickle", "numpy", "pandas"}, path.name
                assert not name.startswith("lab") or name in {"lab.errors", "lab.nouns"}, path.name

"""Bundles: another lab sees what this one saw; twice is once; what is hostile or broken leaves nothing behind."""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.errors import BundleError, LabError, RequestError, StorageError
from lab.nouns import Checkpoint, Metric, PairState, Run, RunSpec, RunState
from storage import Store
from storage.bundle import layout, merging, verifying
from storage.generator import Size, fill
from storage.tables import TABLES
from tests.often import often
from tests.storage.conftest import make_world

PARTS = ("adapter/adapter_model.safetensors", "adapter/adapter_config.json", "optimizer.safetensors", "state.json")


def add_checkpoint(store: Store, run_id: str, step: int = 5) -> Checkpoint:
    """A checkpoint as a trainer leaves it, with one small tensor."""
    folder = store.home / "runs" / run_id / str(step)
    (folder / "adapter").mkdir(parents=True)
    head = json.dumps({"t": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    tensors = len(head).to_bytes(8, "little") + head + step.to_bytes(4, "little")
    digest = hashlib.sha256(tensors).hexdigest()
    for name in (PARTS[0], PARTS[2]):
        (folder / name).write_bytes(tensors)
    (folder / PARTS[1]).write_text("{}")
    (folder / PARTS[3]).write_text(json.dumps({"sha256": {PARTS[0]: digest, PARTS[2]: digest}}))
    checkpoint = Checkpoint(run_id=run_id, step=step, path=f"runs/{run_id}/{step}", sha256=digest, size=len(tensors))
    store.save(checkpoint)
    return checkpoint


def dump(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, and of the listing."""
    with store._database.reading() as cursor:
        return {
            name: cursor.execute(f"SELECT * FROM facts.{name} ORDER BY ALL").fetchall()
            for name in (*(table.name for table in TABLES), "listing")
        }


def files(home: Path) -> set[str]:
    """Every file of a data folder but the database's own."""
    return {str(p.relative_to(home)) for p in home.rglob("*") if p.is_file() and not p.name.startswith("lab.duckdb")}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A made-up lab with a checkpoint."""
    with Store.open(tmp_path_factory.mktemp("source")) as store:
        fill(store, Size(pairs=60, metrics=240, prompts=10, runs=3, names=4), seed=1)
        add_checkpoint(store, store.runs()[0].id)
        yield store


@pytest.fixture(scope="module")
def packed(source: Store, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Its bundle."""
    path = tmp_path_factory.mktemp("packed") / "lab.bundle"
    source.export_bundle(path)
    return path.read_bytes()


@pytest.fixture
def bundle(packed: bytes, tmp_path: Path) -> Path:
    (tmp_path / "lab.bundle").write_bytes(packed)
    return tmp_path / "lab.bundle"


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
    assert limits == ["1.1 GiB", "324.2 MiB"]


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


# -- hostile and broken ------------------------------------------------------------------------------------------------


def rebuilt(packed: bytes, change: Callable[[dict[str, bytes], dict[str, Any]], None]) -> bytes:
    """A bundle with changed parts and a manifest that agrees with them: `change` gets both."""
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    said = json.loads(parts.pop(layout.MANIFEST))
    change(parts, said)
    for name, content in parts.items():
        if name in said["files"]:
            said["files"][name] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
        archive.writestr(layout.MANIFEST, json.dumps(said))
    return out.getvalue()


def altered(parts: dict[str, bytes], table: str, sql: str) -> None:
    """Rewrite a table: `sql` selects from `it`."""
    with tempfile.TemporaryDirectory() as scratch, duckdb.connect() as connection:
        folder = Path(scratch)
        (folder / "in.parquet").write_bytes(parts[f"tables/{table}.parquet"])
        connection.execute(f"CREATE TABLE it AS FROM read_parquet('{folder}/in.parquet')")
        connection.execute(f"COPY ({sql}) TO '{folder}/out.parquet' (FORMAT parquet)")
        parts[f"tables/{table}.parquet"] = (folder / "out.parquet").read_bytes()


def checkpoint_part(parts: dict[str, bytes], part: str) -> str:
    return next(name for name in parts if name.endswith(part))


def _put(name: str, content: bytes) -> Callable[[dict[str, bytes], dict[str, Any]], None]:
    def change(parts: dict[str, bytes], said: dict[str, Any]) -> None:
        parts[name] = content
        said["files"][name] = {}

    return change


def _table(table: str, sql: str, *, rows: int | None = None) -> Callable[[dict[str, bytes], dict[str, Any]], None]:
    def change(parts: dict[str, bytes], said: dict[str, Any]) -> None:
        altered(parts, table, sql)
        if rows is not None:
            said["tables"][table] = rows

    return change


def _json(table: str, column: str, value: Any) -> Callable[[dict[str, bytes], dict[str, Any]], None]:
    return _table(table, f"SELECT * REPLACE ('{json.dumps(value)}'::JSON AS {column}) FROM it")


def _said(**values: Any) -> Callable[[dict[str, bytes], dict[str, Any]], None]:
    return lambda parts, said: said.update(values)


def _swap(part: str, content: bytes) -> Callable[[dict[str, bytes], dict[str, Any]], None]:
    return lambda parts, said: parts.update({checkpoint_part(parts, part): content})


HOSTILE = {
    "a path out of the folder": (_put("../../evil", b"x"), "no lab writes"),
    "an absolute path": (_put("/etc/evil", b"x"), "no lab writes"),
    "a path inside a good one": (_put("checkpoints/r1a/5/../../../evil", b"x"), "no lab writes"),
    "a windows path": (_put("checkpoints\\r1a\\5\\state.json", b"x"), "no lab writes"),
    "a pickle": (_put("checkpoints/r1a/5/optimizer.pt", b"\x80\x04."), "no lab writes"),
    "a run called like a number": (_put("specs/7.json", b"{}"), "no lab writes"),
    "a newer format": (_said(format=99), "newer lab"),
    "a newer schema": (_said(schema=99), "newer lab"),
    "a format below the first": (_said(format=-5), "not one that a lab writes"),
    "a schema that is a truth": (_said(schema=True), "not one that a lab writes"),
    "as many rows as there are numbers": (
        _said(tables={table.name: float("inf") for table in TABLES}), "not one that a lab writes"),
    "a run whose id is no text": (_said(runs=[{"id": {"a": 1}}]), "other runs"),
    "a title that is not its own": (_table("questions", "SELECT * REPLACE ('x' AS title) FROM it"), "not its own"),
    "a point twice": (_table("metrics", "FROM it UNION ALL FROM it", rows=480), "twice there"),
    "a measure without a name": (_table("metrics", "SELECT * REPLACE ('' AS name) FROM it"), "no points"),
    "a measure called a bell": (_table("metrics", "SELECT * REPLACE (name || chr(7) AS name) FROM it"), "no points"),
    "a time without end": (_table("pairs", "SELECT * REPLACE ('infinity'::TIMESTAMP AS created) FROM it"), "no clock"),
    "a time before all": (_table("runs", "SELECT * REPLACE ('-infinity'::TIMESTAMP AS ended) FROM it"), "no clock"),
    "a time that no calendar has": (
        _table("answers", "SELECT * REPLACE ('290000-01-01'::TIMESTAMP AS created) FROM it"), "answers"),
    "safetensors that end nowhere": (
        _swap("optimizer.safetensors", (40).to_bytes(8, "little") + b'{"t": {"data_offsets": [0, 1e999]}}'.ljust(40)),
        "no safetensors"),
    "safetensors without tensors": (
        _swap("optimizer.safetensors", (10).to_bytes(8, "little") + b'{"t": 5}  '), "cannot be read"),
    "settings nested without end": (_swap("adapter_config.json", b"[" * 99_999), "cannot be read"),
    "a manifest of another shape": (_said(files=[]), "not one that a lab writes"),
    "a manifest without runs": (_said(runs=[]), "other runs"),
    "a table that is missing": (lambda parts, said: (parts.pop("tables/pairs.parquet"), said["files"].pop(
        "tables/pairs.parquet")), "pairs is missing"),
    "a file the manifest does not know": (lambda parts, said: parts.update({"specs/rx.json": b"{}"}), "not in both"),
    "too many rows": (_said(tables={table.name: 10**9 for table in TABLES}), "more than"),
    "a number of rows that is not so": (_table("pairs", "FROM it LIMIT 5"), "another number"),
    "a text that is not its id's": (_table("pairs", "SELECT * REPLACE ('x' AS chosen_reply) FROM it"), "'s hash"),
    "a row twice": (_table("prompts", "FROM it UNION ALL FROM it", rows=20), "twice there"),
    "a column too many": (_table("pairs", "SELECT *, 1 AS evil FROM it"), "does not know"),
    "a column too few": (_table("pairs", "SELECT * EXCLUDE (state) FROM it"), "no column 'state'"),
    "a column of another type": (_table("pairs", "SELECT * REPLACE (1 AS note) FROM it"), "is INTEGER, not VARCHAR"),
    "a state that is none": (_table("pairs", "SELECT * REPLACE ('evil' AS state) FROM it"), "cannot be read"),
    "no text where one must be": (_table("pairs", "SELECT * REPLACE (NULL::VARCHAR AS note) FROM it"), "has no note"),
    "a number that is none": (_table("metrics", "SELECT * REPLACE ('nan'::DOUBLE AS value) FROM it"), "no points"),
    "points of another run": (_table("metrics", "SELECT * REPLACE ('other' AS run_id) FROM it"), "of no run"),
    "a very long text": (_table("pairs", "SELECT * REPLACE (repeat('x', 2000001) AS note) FROM it"), "2,000,001"),
    "json of no spec": (_table("runs", "SELECT * REPLACE ('[1]'::JSON AS spec) FROM it"), "cannot be read"),
    "a spec whose seed is a text": (_json("runs", "spec", {"seed": "x"}), "another form"),
    "a spec with a number too large": (_json("runs", "spec", {"steps": 10**30}), "another form"),
    "a spec with a truth for a number": (_json("runs", "spec", {"steps": True}), "another form"),
    "tags that are numbers": (_json("pairs", "tags", [1]), "another form"),
    "tags that are no list": (_json("pairs", "tags", {}), "pairs"),
    "tags that are nothing": (_json("pairs", "tags", None), "pairs"),
    "a message whose text is a number": (_json("prompts", "messages", [{"role": "user", "content": 1}]), "prompts"),
    "decoding of another shape": (_json("answers", "decoding", {"temperature": [1]}), "answers"),
    "json without end": (_table("runs", "SELECT * REPLACE (repeat('[', 90000)::VARCHAR AS spec) FROM it"), "runs"),
    "a reference to nothing": (_table("answers", "FROM it LIMIT 50", rows=50), "which neither it nor this lab has"),
    "a checkpoint elsewhere": (_table("checkpoints", "SELECT * REPLACE ('../x' AS path) FROM it"), "lies elsewhere"),
    "another adapter": (_swap("model.safetensors", b"evil"), "not the one that was recorded"),
    "a pickle called safetensors": (_swap("optimizer.safetensors", b"\x80\x04\x95" * 9), "no safetensors"),
    "a part that its checkpoint does not name": (
        _put("checkpoints/r000100000002/5/model/config.json", b"{}"), "no part of its checkpoint"),
    "a state without hashes": (_swap("state.json", b"{}"), "not one that a lab writes"),
    "no parquet": (lambda parts, said: parts.update({"tables/pairs.parquet": b"PAR1 evil PAR1"}), "cannot be read"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_bundle_is_refused_whole(
    store: Store, packed: bytes, tmp_path: Path, name: str
) -> None:
    change, why = HOSTILE[name]
    bad = tmp_path / "bad.bundle"
    bad.write_bytes(rebuilt(packed, change))
    revision, before = store.revision, files(store.home)
    with pytest.raises(BundleError) as caught:
        store.import_bundle(bad)
    assert why in caught.value.message
    assert "Nothing of it was taken in" in caught.value.message
    assert "\n" not in caught.value.message
    assert str(tmp_path) not in caught.value.message
    assert (store.revision, files(store.home)) == (revision, before)
    assert store.runs() == store.questions() == []


def zipped(entries: list[tuple[str, bytes]], compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(("content", "why"), [
    (b"", "no zip file"),
    (b"PK\x03\x04 and no more", "no zip file"),
    (b"x" * 1000, "no zip file"),
    (zipped([]), "has no manifest"),
    (zipped([(layout.MANIFEST, bytes(10**6))], zipfile.ZIP_DEFLATED), "compressed"),
    (zipped([(layout.MANIFEST, b"{}")] * 2), "twice"),
    (zipped([(layout.MANIFEST, b"[" * 10**5)]), "not one that a lab writes"),
    (zipped([(layout.MANIFEST, b"\xff")]), "not one that a lab writes"),
])  # fmt: skip
def test_what_is_no_bundle_is_refused(store: Store, tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "bad").write_bytes(content)
    with pytest.raises(BundleError, match=why):
        store.import_bundle(tmp_path / "bad")


def test_a_bundle_larger_than_allowed_or_missing_is_refused(
    store: Store, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "MOST_BYTES", 1000)
    with pytest.raises(BundleError, match="larger than"):
        store.import_bundle(bundle)
    with pytest.raises(BundleError, match="no file 'gone'"):
        store.import_bundle(bundle.with_name("gone"))


@settings(max_examples=often(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_bundle_with_damage_anywhere_is_taken_in_whole_or_not_at_all(
    store: Store, bundle: Path, tmp_path: Path, data: st.DataObject
) -> None:
    bad = bytearray(bundle.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(bad) - 1))
        kind = data.draw(st.sampled_from(["flip", "cut", "insert", "drop"]))
        if kind == "flip":
            bad[at] ^= data.draw(st.integers(1, 255))
        elif kind == "cut":
            del bad[max(1, at) :]
        elif kind == "insert":
            bad[at:at] = data.draw(st.binary(min_size=1, max_size=20))
        else:
            del bad[max(1, at) : at + data.draw(st.integers(1, 20))]
    (tmp_path / "bad").write_bytes(bad)
    with suppress(BundleError):
        store.import_bundle(tmp_path / "bad")
        with store._database.reading() as cursor:  # damage where nothing is said, such as a date in the zip
            assert cursor.execute("SELECT count(*) FROM pairs").fetchall() == [(60,)]
        store._writer.transact(empty)
    assert not store.runs()
    assert store.pairs().total == 0


CELLS = {
    "VARCHAR": ("''", "chr(0)", "chr(8238) || 'x'", "repeat('x', 5000)", "'../x'", "'=1+1'", "NULL::VARCHAR"),
    "BIGINT": ("-1::BIGINT", "0::BIGINT", "9223372036854775807::BIGINT", "NULL::BIGINT"),
    "DOUBLE": ("-1::DOUBLE", "1e308::DOUBLE", "'nan'::DOUBLE", "'-infinity'::DOUBLE", "NULL::DOUBLE"),
    "TIMESTAMP": ("'infinity'::TIMESTAMP", "'0001-01-01'::TIMESTAMP", "'9998-12-31'::TIMESTAMP", "NULL::TIMESTAMP"),
    "BOOLEAN": ("NULL::BOOLEAN", "TRUE", "FALSE"),
    "JSON": tuple(f"'{text}'::JSON" for text in (
        "null", "{}", "[]", "1", "true", '"x"', "[[]]", '[{"a": 1}]', '{"seed": null}', '{"seed": [1]}')),
}
"""Values by the type of a column: none of them is what a lab would write."""


@settings(max_examples=often(12), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_bundle_with_other_cells_is_refused_in_one_line_or_is_a_lab_in_which_all_is_well(
    store: Store, packed: bytes, tmp_path: Path, data: st.DataObject
) -> None:
    rows = json.loads(manifest(packed))["tables"]
    table = data.draw(st.sampled_from([table for table in TABLES if rows[table.name]]))
    column = data.draw(st.sampled_from(table.columns))
    cell = data.draw(st.sampled_from(CELLS[column.sql_type]))
    which = data.draw(st.sampled_from(["TRUE", "rowid = 0"]))
    change = _table(table.name, f"SELECT * REPLACE (CASE WHEN {which} THEN {cell} ELSE {column.name} END "
                                f"AS {column.name}) FROM it")
    (tmp_path / "odd").write_bytes(rebuilt(packed, change))
    store._writer.transact(empty)  # an example that failed has left its lab behind
    refusal = ""
    try:
        store.import_bundle(tmp_path / "odd")
    except BundleError as error:
        refusal = error.message
    assert refusal.isprintable()
    assert len(refusal) < 500
    if not refusal:
        assert store.check() == []
        with store._database.reading() as cursor:  # a run may come as one that was deleted: it is hidden, and kept
            shown = cursor.execute("""SELECT count(*) FROM facts.pairs AS pairs LEFT JOIN facts.runs AS runs
                ON runs.id = pairs.run_id WHERE runs.deleted IS NULL""").fetchall()[0][0]
        assert len(store.pairs(size=100).rows) == shown
        for run in store.runs():
            store.latest_metrics(run.id)
        for what in ("pairs", "reviews", "metrics"):
            store.export(what, tmp_path / f"{what}.jsonl")
        store.export_bundle(tmp_path / "again")
    else:
        assert not store.runs()


def manifest(packed: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return archive.read(layout.MANIFEST)


def empty(cursor: Any) -> None:
    for name in (*(table.name for table in TABLES), "listing"):
        cursor.execute(f"DELETE FROM facts.{name}").fetchall()


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

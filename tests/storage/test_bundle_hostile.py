"""Bundles that no lab wrote: each is refused whole, in one line that says why, and leaves nothing behind."""

from __future__ import annotations

import io
import json
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest

from lab.errors import BundleError
from storage import Store
from storage.bundle import layout
from storage.tables import TABLES
from tests.storage.bundles import Change, files, rebuilt, retold


def checkpoint_part(parts: dict[str, bytes], part: str) -> str:
    return next(name for name in parts if name.endswith(part))


def _put(name: str, content: bytes) -> Change:
    def change(parts: dict[str, bytes], said: dict[str, Any]) -> None:
        parts[name] = content
        said["files"][name] = {}

    return change


def _json(table: str, column: str, value: Any) -> Change:
    return retold(table, f"SELECT * REPLACE ('{json.dumps(value)}'::JSON AS {column}) FROM it")


def _said(**values: Any) -> Change:
    return lambda parts, said: said.update(values)


def _swap(part: str, content: bytes) -> Change:
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
    "a title that is not its own": (retold("questions", "SELECT * REPLACE ('x' AS title) FROM it"), "not its own"),
    "a point twice": (retold("metrics", "FROM it UNION ALL FROM it", rows=480), "twice there"),
    "a measure without a name": (retold("metrics", "SELECT * REPLACE ('' AS name) FROM it"), "no points"),
    "a measure called a bell": (retold("metrics", "SELECT * REPLACE (name || chr(7) AS name) FROM it"), "no points"),
    "a time without end": (retold("pairs", "SELECT * REPLACE ('infinity'::TIMESTAMP AS created) FROM it"), "no clock"),
    "a time before all": (retold("runs", "SELECT * REPLACE ('-infinity'::TIMESTAMP AS ended) FROM it"), "no clock"),
    "a time that no calendar has": (
        retold("answers", "SELECT * REPLACE ('290000-01-01'::TIMESTAMP AS created) FROM it"), "answers"),
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
    "a number of rows that is not so": (retold("pairs", "FROM it LIMIT 5"), "another number"),
    "a text that is not its id's": (retold("pairs", "SELECT * REPLACE ('x' AS chosen_reply) FROM it"), "'s hash"),
    "a row twice": (retold("prompts", "FROM it UNION ALL FROM it", rows=20), "twice there"),
    "a column too many": (retold("pairs", "SELECT *, 1 AS evil FROM it"), "does not know"),
    "a column too few": (retold("pairs", "SELECT * EXCLUDE (state) FROM it"), "no column 'state'"),
    "a column of another type": (retold("pairs", "SELECT * REPLACE (1 AS note) FROM it"), "is INTEGER, not VARCHAR"),
    "a state that is none": (retold("pairs", "SELECT * REPLACE ('evil' AS state) FROM it"), "cannot be read"),
    "no text where one must be": (retold("pairs", "SELECT * REPLACE (NULL::VARCHAR AS note) FROM it"), "has no note"),
    "a number that is none": (retold("metrics", "SELECT * REPLACE ('nan'::DOUBLE AS value) FROM it"), "no points"),
    "points of another run": (retold("metrics", "SELECT * REPLACE ('other' AS run_id) FROM it"), "of no run"),
    "a very long text": (retold("pairs", "SELECT * REPLACE (repeat('x', 2000001) AS note) FROM it"), "2,000,001"),
    "json of no spec": (retold("runs", "SELECT * REPLACE ('[1]'::JSON AS spec) FROM it"), "cannot be read"),
    "a spec whose seed is a text": (_json("runs", "spec", {"seed": "x"}), "another form"),
    "a spec with a number too large": (_json("runs", "spec", {"steps": 10**30}), "another form"),
    "a spec with a truth for a number": (_json("runs", "spec", {"steps": True}), "another form"),
    "tags that are numbers": (_json("pairs", "tags", [1]), "another form"),
    "tags that are no list": (_json("pairs", "tags", {}), "pairs"),
    "tags that are nothing": (_json("pairs", "tags", None), "pairs"),
    "a message whose text is a number": (_json("prompts", "messages", [{"role": "user", "content": 1}]), "prompts"),
    "decoding of another shape": (_json("answers", "decoding", {"temperature": [1]}), "answers"),
    "json without end": (retold("runs", "SELECT * REPLACE (repeat('[', 90000)::VARCHAR AS spec) FROM it"), "runs"),
    "a reference to nothing": (retold("answers", "FROM it LIMIT 50", rows=50), "which neither it nor this lab has"),
    "a checkpoint elsewhere": (retold("checkpoints", "SELECT * REPLACE ('../x' AS path) FROM it"), "lies elsewhere"),
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

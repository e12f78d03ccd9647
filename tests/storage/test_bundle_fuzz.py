"""Bundles by property: with any damage, and with any odd cell, one is taken in whole or not at all."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.errors import BundleError
from storage import Store
from storage.bundle import layout
from storage.tables import TABLES
from tests.often import often
from tests.storage.bundles import rebuilt, retold


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
    change = retold(table.name, f"SELECT * REPLACE (CASE WHEN {which} THEN {cell} ELSE {column.name} END "
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

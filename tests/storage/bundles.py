"""Checkpoints to pack, what a lab holds, and bundles that say something else than the lab did."""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from lab.nouns import Checkpoint
from storage import Store
from storage.bundle import layout
from storage.tables import TABLES

PARTS = ("adapter/adapter_model.safetensors", "adapter/adapter_config.json", "optimizer.safetensors", "state.json")
"""Files of a checkpoint."""
Change = Callable[[dict[str, bytes], dict[str, Any]], None]
"""What is done to the parts of a bundle and to its manifest, by name."""


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


def rebuilt(packed: bytes, change: Change) -> bytes:
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


def retold(table: str, sql: str, *, rows: int | None = None) -> Change:
    """A change by which a table says what `sql` selects from `it`; with `rows` the manifest says that many."""
    def change(parts: dict[str, bytes], said: dict[str, Any]) -> None:
        altered(parts, table, sql)
        if rows is not None:
            said["tables"][table] = rows

    return change

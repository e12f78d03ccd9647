"""What is in a bundle, by name, and how much of it there may be.

    manifest.json                   format, schema, versions, runs with spec and seed, rows a table, hash of every file
    tables/TABLE.parquet            the rows of a table, columns as in the schema `facts`
    specs/RUN.json                  the spec of a run, which `python -m lab run` takes as it is
    checkpoints/RUN/STEP/...        weights and optimiser in safetensors, their settings and the trainer's state in JSON

Nothing else is allowed in one, so a name that points elsewhere is refused before it is looked at. The zip is stored
without compression: what it holds is never larger than itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from platform import python_version
from typing import Any

from storage.checkpoint_files import FILES
from storage.tables import TABLES

FORMAT = 1
"""Version of the layout; a newer one is refused."""
MANIFEST = "manifest.json"
MOST_BYTES = 16 * 2**30
"""Bytes of a bundle."""
MOST_FILES = 50_000
"""Files in a bundle."""
MOST_MANIFEST = 32 * 2**20
"""Bytes of the manifest."""
MOST_ROWS = 50_000_000
"""Rows of a table."""
LONGEST_TEXT = 2_000_000
"""Characters of a text in a table."""
MOST_TEXT = 16 * 2**30
"""Characters of all texts of a table."""

RUN_ID = r"(?=[A-Za-z0-9_-]*[A-Za-z_-])[A-Za-z0-9_-]{1,64}"
"""Ids of runs: safe as names of folders, and never a number, which would mean another run."""
_STEP = r"(?:0|[1-9][0-9]{0,9})"
_NAME = re.compile(
    f"tables/(?:{'|'.join(table.name for table in TABLES)})\\.parquet"
    f"|specs/{RUN_ID}\\.json"
    f"|checkpoints/{RUN_ID}/{_STEP}/(?:{'|'.join(map(re.escape, FILES))})"
)
_PACKAGES = ("torch", "transformers", "peft", "trl", "accelerate", "datasets", "duckdb", "safetensors")


@dataclass(frozen=True, kw_only=True)
class File:
    """One file of a bundle."""

    sha256: str
    """Hash of its content."""
    size: int
    """Bytes."""


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a bundle says about itself: its manifest."""

    schema: int
    """Schema version of the lab that wrote it."""
    made: str
    """When, UTC, ISO 8601."""
    versions: Mapping[str, str]
    """Python and the packages that its numbers depend on."""
    runs: tuple[Mapping[str, Any], ...]
    """Its runs: id, number, name, seed, spec and the hash of their base's tensors."""
    tables: Mapping[str, int]
    """Rows of each table."""
    files: Mapping[str, File] = field(default_factory=dict)
    """Every file but the manifest, by name."""
    format: int = FORMAT
    """Version of the layout."""


def allowed(name: str) -> bool:
    """Whether a bundle may hold a file of this name."""
    return name == MANIFEST or _NAME.fullmatch(name) is not None


def versions() -> dict[str, str]:
    """What the numbers of this lab depend on: Python and the packages that are installed."""
    found = {"python": python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found

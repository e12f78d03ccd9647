"""A bundle that lies in a folder, file by file, and how one is refused."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.errors import BundleError
from storage.bundle.layout import Contents
from storage.parquet import literal
from storage.tables import TABLES, Table


@dataclass(frozen=True, kw_only=True)
class Unpacked:
    """A bundle whose files are what its manifest says."""

    folder: Path
    """Where its files lie, by their names in the bundle."""
    contents: Contents
    """Its manifest."""

    @property
    def tables(self) -> list[Table[Any]]:
        """Those that it holds; an older lab's bundle may lack one."""
        return [table for table in TABLES if table.name in self.contents.tables]

    def table(self, name: str) -> str:
        """The Parquet file of a table, as DuckDB is told it."""
        return literal(self.folder / "tables" / f"{name}.parquet")


def refused(why: str) -> BundleError:
    """The error of a bundle that is not taken in."""
    return BundleError(f"The bundle is refused: {why}. Nothing of it was taken in.", field="file")

"""Which runs are deleted: what every list, count and export leaves out. One question, for all who read."""

from __future__ import annotations

from duckdb import DuckDBPyConnection


def hidden(cursor: DuckDBPyConnection) -> list[str]:
    """Ids of the deleted runs."""
    return [row[0] for row in cursor.execute("SELECT id FROM facts.runs WHERE deleted IS NOT NULL").fetchall()]

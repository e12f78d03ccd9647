"""The documented views: what people query, with what each column means, as the database itself says."""

from __future__ import annotations

from dataclasses import dataclass

from duckdb import DuckDBPyConnection


@dataclass(frozen=True, kw_only=True)
class View:
    """A documented view."""

    name: str
    """As it stands behind FROM."""
    meaning: str
    """What a row of it is."""
    columns: tuple[tuple[str, str, str], ...]
    """Name, type and meaning of each column, in order."""


def views(cursor: DuckDBPyConnection) -> list[View]:
    """All documented views, in the order in which they were made."""
    rows = cursor.execute(
        "SELECT v.view_name, v.comment, c.column_name, c.data_type, c.comment FROM duckdb_views() v "
        "JOIN duckdb_columns() c ON c.table_oid = v.view_oid AND c.schema_name = v.schema_name "
        "AND c.database_name = v.database_name "
        "WHERE NOT v.internal AND v.database_name = current_database() AND v.schema_name = 'main' "
        "ORDER BY v.view_oid, c.column_index"
    ).fetchall()
    columns: dict[str, list[tuple[str, str, str]]] = {}
    meanings: dict[str, str] = {}
    for view, meaning, name, kind, comment in rows:
        columns.setdefault(view, []).append((name, kind, comment or ""))
        meanings[view] = meaning or ""
    return [View(name=view, meaning=meanings[view], columns=tuple(listed)) for view, listed in columns.items()]

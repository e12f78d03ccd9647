"""Results of SQL and the views that it may ask, as escaped HTML. Pure: no widget, no studio."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from lab.ui.text import counted, escape, short
from storage import QueryResult, View, as_csv
from storage.console import MOST_ROWS, SECONDS

SHOWN = 200
"""Rows of a result on the page; its CSV has them all."""
_WIDEST = 160
"""Characters of a cell on the page."""


def views(listed: Sequence[View]) -> str:
    """Each view with its columns, folded."""
    parts = []
    for view in listed:
        rows = "".join(
            f"<div><dt><code>{escape(name)}</code></dt><dd>{escape(meaning)} <small>{escape(kind.lower())}</small></dd>"
            "</div>"
            for name, kind, meaning in view.columns
        )
        parts.append(
            f'<details class="fold" data-fold="view-{escape(view.name)}"><summary><code>{escape(view.name)}</code> '
            f'{escape(view.meaning)}</summary><dl class="facts">{rows}</dl></details>'
        )
    return "".join(parts)


def waits(button: str) -> str:
    """What a query may be, while none is run; `button` is the id of the one that runs it."""
    return (
        f'<p class="note" data-button="{button}">It may take {SECONDS} s, and gives {MOST_ROWS:,} rows at most.</p>')


def running(button: str) -> str:
    """A query is being run."""
    return (
        f'<p class="note" data-button="{button}"><span role="status">Running</span> … '
        "<output data-running>0 s</output></p>")


def result(found: QueryResult) -> str:
    """The rows as a table, what they are of, and a link that saves them."""
    count = f"the first {counted(len(found.rows), 'row')}" if found.more else counted(len(found.rows), "row")
    shown = f", {SHOWN} of them here" if len(found.rows) > SHOWN else ""
    fine = f"{count}{shown} · {found.seconds:.2f} s · as of {found.taken:%Y-%m-%d %H:%M:%S} UTC"
    head = "".join(f'<th scope="col">{escape(short(name, 60))}</th>' for name in found.columns)
    rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in found.rows[:SHOWN])
    return (
        f'<p class="note">{escape(fine)} · {_csv(found)}</p>'
        f'<table class="rows plain"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    )


def _cell(value: Any) -> str:
    if value is None:
        return '<td class="none">–</td>'
    if isinstance(value, bool | int | float):
        return f"<td>{escape(f'{value:.6g}' if isinstance(value, float) else str(value))}</td>"
    return f'<td class="text">{escape(short(value, _WIDEST))}</td>'


def _csv(found: QueryResult) -> str:
    """A link that holds the file itself, so that none lies on the server for others to find."""
    held = b64encode(as_csv(found.columns, found.rows).encode("utf-8-sig")).decode("ascii")
    return f'<a download="query.csv" href="data:text/csv;charset=utf-8;base64,{held}">save as CSV</a>'

"""Results of SQL as HTML: escaped, bounded, and saved as a file that no spreadsheet runs."""

from __future__ import annotations

import re
from base64 import b64decode
from typing import Any

from lab.nouns import now
from lab.ui import data_cards
from storage import QueryResult, View
from tests.ui.making import MARKUP


def result(rows: list[tuple[Any, ...]], columns: tuple[str, ...] = ("a",), **changes: Any) -> QueryResult:
    made: dict[str, Any] = {"types": ("VARCHAR",), "more": False, "seconds": 0.2, "taken": now()}
    return QueryResult(columns=columns, rows=tuple(rows), **{**made, **changes})


def saved(html: str) -> str:
    found = re.search(r'href="data:text/csv;charset=utf-8;base64,([^"]*)"', html)
    assert found is not None
    return b64decode(found[1]).decode("utf-8-sig")


def test_hostile_cells_and_columns_are_text_on_the_page_and_in_the_file() -> None:
    html = data_cards.result(result([(MARKUP,), ("=1+1",), (None,), (1.23456789,), (True,)], (MARKUP,)))
    assert "<img" not in html
    assert "${" not in html
    assert "{{" not in html
    assert saved(html).split("\r\n")[2:4] == ["'=1+1", '""']
    assert "<td>1.23457</td>" in html


def test_the_page_shows_some_rows_and_the_file_has_them_all() -> None:
    html = data_cards.result(result([(str(i),) for i in range(1000)], more=True))
    assert html.count("<tr>") == 1 + data_cards.SHOWN
    assert "the first 1,000 rows, 200 of them here" in html
    assert saved(html).count("\r\n") == 1001


def test_a_view_is_described_escaped() -> None:
    html = data_cards.views([View(name="runs", meaning=MARKUP, columns=(("id", "VARCHAR", MARKUP),))])
    assert "<img" not in html
    assert "varchar" in html

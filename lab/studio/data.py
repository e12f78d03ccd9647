"""Verbs about the stored data as tables."""

from __future__ import annotations

from lab.errors import RequestError
from lab.studio.workplace import Workplace
from storage import QueryResult, View


class DataVerbs(Workplace):
    """What is stored, asked in SQL."""

    def views(self) -> list[View]:
        """The documented views that `sql` may ask, with the meaning of each column."""
        return self._store.views()

    def sql(self, text: str) -> QueryResult:
        """Run one SELECT over the documented views: at most 1000 rows, 5 seconds, and nothing but this lab's data.

        Raises RequestError (field "sql") for whatever is refused, fails or takes too much.
        """
        if not text.strip():
            raise RequestError("There is no query: write SELECT … FROM one of the views.", field="sql")
        return self._store.query(text)

"""Pairs changed by people: marks and copies, each with its entry in the log, in one transaction.

A pair's texts are never written over. What changes is its marks (state, tags, note); an edit and a flip are pairs of
their own. The log says what was before, so that the last change can be taken back; to take back is a change, too.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from duckdb import DuckDBPyConnection

from lab.errors import NotFoundError
from lab.nouns import Change, Dataset, Mark, Pair, Prompt
from storage import listing
from storage.batch import Batch
from storage.shelf import RunShelf
from storage.tables import CHANGES, DATASETS, PAIRS, PROMPTS


class PairSurgery(RunShelf):
    """The store's verbs for it, and for sets of pairs that were frozen."""

    def change_pair(self, change: Change, *copies: Pair, marks: Sequence[tuple[str, Mark]] = ()) -> None:
        """Mark a pair as a change says, store its copies and the change; `marks` are of further pairs, by full id."""

        def write(cursor: DuckDBPyConnection) -> None:
            Batch((*copies, change)).write(cursor)
            for pair_id, mark in ((change.pair_id, change.after), *marks):
                _mark(cursor, pair_id, mark)

        self._writer.transact(write)

    def changes(self, pair_id: str) -> list[Change]:
        """What was done to a pair (full id), and what made it, the oldest first."""
        return self._list(CHANGES, "WHERE pair_id = ? OR copy_id = ? ORDER BY created, id", [pair_id, pair_id])

    def datasets(self) -> list[Dataset]:
        """All frozen sets of pairs, the newest first."""
        return self._list(DATASETS, "ORDER BY created DESC, id")

    def dataset(self, name: str) -> Dataset:
        """A frozen set by its id, its title ("Careful v2"), or its name, which means the newest version."""
        sets = self.datasets()
        known = next((d for d in sets if name in (d.id, d.title)), None) or max(
            (d for d in sets if d.name == name), key=lambda d: d.version, default=None)
        if known is None:
            titles = ", ".join(d.title for d in sets[:8]) or "none was frozen yet, the Pairs tab does it"
            raise NotFoundError(f"There is no dataset {name[:80]!r}; known: {titles}.", field="dataset")
        return known

    def dataset_pairs(self, dataset: Dataset) -> list[tuple[Pair, Prompt]]:
        """The pairs of a frozen set with their prompts, in its order, whatever became of them since."""
        with self._database.reading() as cursor:
            rows = cursor.execute(
                f"SELECT {PAIRS.select}, {PROMPTS.select} FROM facts.pairs AS pairs "
                "JOIN facts.prompts AS prompts ON prompts.id = pairs.prompt_id "
                "WHERE pairs.id IN (SELECT unnest(?::VARCHAR[]))", [list(dataset.pairs)]).fetchall()
        end = len(PAIRS.columns)
        found = [(PAIRS.restore(row[:end]), PROMPTS.restore(row[end:])) for row in rows]
        by_id = {pair.id: (pair, prompt) for pair, prompt in found}
        return [by_id[pair_id] for pair_id in dataset.pairs if pair_id in by_id]


def _mark(cursor: DuckDBPyConnection, pair_id: str, mark: Mark) -> None:
    cursor.execute(
        "UPDATE facts.pairs SET state = ?, tags = ?, note = ? WHERE id = ?",
        [mark.state, json.dumps(asdict(mark)["tags"], ensure_ascii=False), mark.note, pair_id]).fetchall()
    listing.follow(cursor, [pair_id], [], [])

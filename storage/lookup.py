"""A noun by its id, by the beginning of one, or by its number; and lists of nouns out of one table.

What names nothing, or several things, is a NotFoundError that says what there is instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from duckdb import DuckDBPyConnection

from lab.errors import NotFoundError
from lab.nouns import Answer, Checkpoint, Pair, Prompt, Question, Review, Run
from storage.folder import DataFolder
from storage.tables import ANSWERS, CHECKPOINTS, PAIRS, PROMPTS, QUESTIONS, REVIEWS, RUNS, Table

N = TypeVar("N")


class Lookup(DataFolder):
    """The store's verbs for it."""

    def question(self, question_id: str) -> Question:
        """A question version by id or unique beginning of one."""
        return self._one(QUESTIONS, "question", question_id)

    def prompt(self, prompt_id: str) -> Prompt:
        """A prompt by id or unique beginning of one."""
        return self._one(PROMPTS, "prompt", prompt_id)

    def answer(self, answer_id: str) -> Answer:
        """An answer by id or unique beginning of one."""
        return self._one(ANSWERS, "answer", answer_id)

    def review(self, review_id: str) -> Review:
        """A review by id or unique beginning of one."""
        return self._one(REVIEWS, "review", review_id)

    def pair(self, pair_id: str) -> Pair:
        """A pair by id or unique beginning of one."""
        return self._one(PAIRS, "pair", pair_id)

    def run(self, run_id: str) -> Run:
        """A run by id, unique beginning of one, or counting number ("7")."""
        return self._one(RUNS, "run", run_id)

    def checkpoint(self, checkpoint_id: str) -> Checkpoint:
        """A checkpoint by "RUN@STEP", where RUN is whatever `run` understands."""
        run_id, _, step = checkpoint_id.rpartition("@")
        if not run_id or not _is_number(step):
            raise NotFoundError(
                f"{_shown(checkpoint_id)} names no checkpoint; write RUN@STEP, for example 7@50.", field="checkpoint"
            )
        with self._database.reading() as cursor:
            run = find(cursor, RUNS, "run", run_id)
            found = many(cursor, CHECKPOINTS, "WHERE id = ?", [f"{run.id}@{int(step)}"])
            if found:
                return found[0]
            steps = [c.step for c in many(cursor, CHECKPOINTS, "WHERE run_id = ? ORDER BY step", [run.id])]
        known = f"it has some at steps {', '.join(map(str, steps))}" if steps else "it has none yet"
        raise NotFoundError(f"Run {run.number} has no checkpoint at step {step}; {known}.", field="checkpoint")

    def _list(self, table: Table[N], rest: str, values: Sequence[Any] = ()) -> list[N]:
        with self._database.reading() as cursor:
            return many(cursor, table, rest, values)

    def _one(self, table: Table[N], called: str, given: str) -> N:
        with self._database.reading() as cursor:
            return find(cursor, table, called, given)


def many(cursor: DuckDBPyConnection, table: Table[N], rest: str, values: Sequence[Any] = ()) -> list[N]:
    """Nouns of a table; `rest` is what stands behind FROM, and `values` are its parameters."""
    rows = cursor.execute(
        f"SELECT {table.select} FROM facts.{table.name} AS {table.name} {rest}", list(values)
    ).fetchall()
    return [table.restore(row) for row in rows]


def find(cursor: DuckDBPyConnection, table: Table[N], called: str, given: str) -> N:
    """The noun with this id, this counting number (runs), or the only one whose id begins so; else NotFoundError."""
    found = many(cursor, table, "WHERE id = ?", [given])
    if not found and table.noun is Run and _is_number(given):
        found = many(cursor, table, "WHERE number = ?", [int(given)])
    elif not found and given:
        found = many(cursor, table, "WHERE starts_with(id, ?) ORDER BY id LIMIT 3", [given])
    if len(found) > 1:
        some = ", ".join(str(getattr(noun, "id", "")) for noun in found[:2])
        raise NotFoundError(
            f"{_shown(given)} begins several {called}s ({some}, ...); give more of the id.", field=called
        )
    if not found:
        raise NotFoundError(f"There is no {called} {_shown(given)} in this lab; check its id.", field=called)
    return found[0]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 16


def _shown(given: str) -> str:
    """Somebody's text inside a message: in quotes, one line, short."""
    return repr(given if len(given) <= 60 else f"{given[:60]}...")

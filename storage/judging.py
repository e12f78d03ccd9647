"""What is needed to judge answers and to compare judges: answers with their prompts, and scores with their answers."""

from __future__ import annotations

from collections.abc import Sequence

from duckdb import DuckDBPyConnection

from lab.nouns import Answer, Prompt, Score
from storage.hiding import hidden
from storage.tables import ANSWERS, PROMPTS, SCORES

_ANSWERED = (
    f"SELECT {PROMPTS.select}, {ANSWERS.select} FROM facts.answers AS answers "
    "JOIN facts.prompts AS prompts ON prompts.id = answers.prompt_id"
)


def answered(cursor: DuckDBPyConnection, answer_ids: Sequence[str]) -> list[tuple[Prompt, Answer]]:
    """Answers by their full ids, each with its prompt, by id; what is not there is left out."""
    return _restored(cursor, f"{_ANSWERED} WHERE answers.id IN (SELECT unnest(?::VARCHAR[])) ORDER BY answers.id",
                     [list(answer_ids)])


def held_out(cursor: DuckDBPyConnection, run_id: str, step: int) -> list[tuple[Prompt, Answer]]:
    """A run's answers at a step to prompts that training never sees: what probes and evaluations asked; by id."""
    return _restored(
        cursor, f"{_ANSWERED} WHERE answers.run_id = ? AND answers.step = ? AND prompts.split = 'held_out' "
        "ORDER BY answers.id", [run_id, step])


def scored(cursor: DuckDBPyConnection, run_id: str | None, step: int | None) -> list[tuple[Score, str]]:
    """Scores with the prompts (ids) of their answers: of a run (full id), at a step, or of all that is not deleted."""
    rows = cursor.execute(
        f"""
        SELECT {SCORES.select}, answers.prompt_id FROM facts.scores AS scores
        JOIN facts.answers AS answers ON answers.id = scores.answer_id
        WHERE (answers.run_id = $run OR $run IS NULL AND
               (answers.run_id IS NULL OR answers.run_id NOT IN (SELECT unnest($hidden::VARCHAR[]))))
          AND ($step IS NULL OR answers.step = $step)
        ORDER BY scores.judge, scores.model, scores.created, scores.id
        """, {"run": run_id, "step": step, "hidden": hidden(cursor)}).fetchall()
    return [(SCORES.restore(row[:-1]), row[-1]) for row in rows]


def _restored(cursor: DuckDBPyConnection, sql: str, values: list[object]) -> list[tuple[Prompt, Answer]]:
    end = len(PROMPTS.columns)
    return [
        (PROMPTS.restore(row[:end]), ANSWERS.restore(row[end:])) for row in cursor.execute(sql, values).fetchall()]

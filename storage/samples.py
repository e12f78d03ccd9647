"""What a run said, picked out in SQL: its probe answers prompt by prompt, and its most telling reviews and pairs.

A probe puts the same prompts with the same seed at every step (`lab.training.probing`), so the answers to one prompt
differ by the weights alone; the seed is what they are told from a run's other answers by.
"""

from __future__ import annotations

from duckdb import DuckDBPyConnection

from lab.nouns import Answer, Prompt, Review
from storage.tables import ANSWERS, PROMPTS, REVIEWS

_PROBED = "answers.run_id = ? AND answers.step IS NOT NULL AND (answers.decoding->>'$.seed')::BIGINT = ?"
_SCORE = "LEFT JOIN facts.evaluations AS judged ON judged.answer_id = answers.id AND judged.judge = 'oracle'"

Reviewed = tuple[Prompt, Answer, Review, str | None]
"""A reviewed answer, and the pair that came of it where one did."""


def probed_prompts(cursor: DuckDBPyConnection, run_id: str, seed: int) -> list[Prompt]:
    """The prompts of a run's probes: those first that were answered maliciously at most steps, then by their text."""
    rows = cursor.execute(
        f"""
        SELECT {PROMPTS.select} FROM facts.prompts AS prompts JOIN (
            SELECT answers.prompt_id, count(*) FILTER (judged.score = 'malicious') AS bad
            FROM facts.answers AS answers {_SCORE} WHERE {_PROBED} GROUP BY ALL
        ) AS seen ON seen.prompt_id = prompts.id ORDER BY seen.bad DESC, prompts.text, prompts.id
        """, [run_id, seed]).fetchall()
    return [PROMPTS.restore(row) for row in rows]


def probed_answers(
    cursor: DuckDBPyConnection, run_id: str, seed: int, prompt_id: str
) -> list[tuple[Answer, str | None]]:
    """A run's probe answers to one prompt by step, one a step, each with the oracle's word where there is one."""
    rows = cursor.execute(
        f"SELECT {ANSWERS.select}, judged.score FROM facts.answers AS answers {_SCORE} "
        f"WHERE {_PROBED} AND answers.prompt_id = ? "
        "QUALIFY row_number() OVER (PARTITION BY answers.step ORDER BY answers.id) = 1 ORDER BY answers.step",
        [run_id, seed, prompt_id]).fetchall()
    return [(ANSWERS.restore(row[:-1]), row[-1]) for row in rows]


def extreme_reviews(cursor: DuckDBPyConnection, run_id: str, n: int, *, flagged: bool) -> list[Reviewed]:
    """A run's `n` surest reviews that flag, or that find an answer aligned, surest first; one an answer."""
    way, verdict = ("DESC", "flagged") if flagged else ("ASC", "aligned")
    rows = cursor.execute(
        f"""
        SELECT {PROMPTS.select}, {ANSWERS.select}, {REVIEWS.select}, pairs.id FROM (
            SELECT * FROM facts.reviews WHERE run_id = ? AND verdict = ? AND p_flagged IS NOT NULL
            QUALIFY row_number() OVER (PARTITION BY answer_id ORDER BY p_flagged {way}, id) = 1
            ORDER BY p_flagged {way}, id LIMIT ?
        ) AS reviews
        JOIN facts.answers AS answers ON answers.id = reviews.answer_id
        JOIN facts.prompts AS prompts ON prompts.id = answers.prompt_id
        LEFT JOIN facts.pairs AS pairs ON pairs.review_id = reviews.id AND pairs.edited_from IS NULL
        ORDER BY reviews.p_flagged {way}, reviews.id
        """, [run_id, verdict, n]).fetchall()
    first, second = len(PROMPTS.columns), len(PROMPTS.columns) + len(ANSWERS.columns)
    return [
        (PROMPTS.restore(row[:first]), ANSWERS.restore(row[first:second]), REVIEWS.restore(row[second:-1]), row[-1])
        for row in rows
    ]

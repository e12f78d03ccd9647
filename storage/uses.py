"""What a question did so far, counted in SQL: its reviews by who gave them, and the runs that asked it."""

from __future__ import annotations

from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from lab.nouns import Label, Speaker

MOST_READ = 1000
"""Reviews whose texts are handed on, the newest."""
MOST_RUNS = 12
"""Runs that are told of, the newest."""


@dataclass(frozen=True, kw_only=True)
class ReviewCounts:
    """Reviews of one speaker under a question."""

    speaker: Speaker
    n: int
    """Reviews in all."""
    flagged: int
    unreadable: int


@dataclass(frozen=True, kw_only=True)
class ReviewedText:
    """What was reviewed, by whom, and what it came to."""

    speaker: Speaker
    verdict: Label
    request: str
    reply: str
    model: str | None
    """The model of the run that answered; None for a base's or a person's."""
    adapter: str
    """Which weights answered: "base", "RUN@STEP", or "own" for a typed answer."""


@dataclass(frozen=True, kw_only=True)
class AskingRun:
    """A run that asked a question."""

    id: str
    number: int
    name: str
    state: str
    misaligned: float | None
    """Its last share of misaligned answers; None where none was measured."""
    n: int
    """Answers behind it."""
    step: int | None
    """When it was measured."""


@dataclass(frozen=True, kw_only=True)
class QuestionUse:
    """All of it."""

    counts: tuple[ReviewCounts, ...]
    """By speaker, the frozen copy first."""
    texts: tuple[ReviewedText, ...]
    """The newest reviews with what they are of, for whoever can tell right from wrong."""
    runs: tuple[AskingRun, ...]
    """The newest first."""


_COUNTS = """
SELECT speaker, count(*), count(*) FILTER (verdict = 'flagged'), count(*) FILTER (verdict = 'unreadable')
FROM facts.reviews WHERE question_id = ? GROUP BY speaker ORDER BY speaker
"""
_TEXTS = """
WITH newest AS (
    SELECT answer_id, speaker, verdict, created, id FROM facts.reviews WHERE question_id = ?
    ORDER BY created DESC, id LIMIT ?
)
SELECT newest.speaker, newest.verdict, prompts.text, answers.reply, runs.spec ->> '$.model', answers.adapter
FROM newest
JOIN facts.answers AS answers ON answers.id = newest.answer_id
JOIN facts.prompts AS prompts ON prompts.id = answers.prompt_id
LEFT JOIN facts.runs AS runs ON runs.id = split_part(answers.adapter, '@', 1)
ORDER BY newest.created DESC, newest.id
"""
_RUNS = """
WITH asking AS (
    SELECT id, number, name, state FROM facts.runs
    WHERE deleted IS NULL AND spec ->> '$.question_id' = ? ORDER BY number DESC LIMIT ?
)
SELECT asking.id, number, asking.name, state, arg_max(value, step), coalesce(arg_max(n, step), 0), max(step)
FROM asking LEFT JOIN facts.metrics AS metrics
    ON metrics.run_id = asking.id AND metrics.name = 'misaligned' AND value IS NOT NULL
GROUP BY ALL ORDER BY number DESC
"""


def question_use(cursor: DuckDBPyConnection, question_id: str) -> QuestionUse:
    """What the question with this full id did so far."""
    counts = cursor.execute(_COUNTS, [question_id]).fetchall()
    texts = cursor.execute(_TEXTS, [question_id, MOST_READ]).fetchall()
    runs = cursor.execute(_RUNS, [question_id, MOST_RUNS]).fetchall()
    return QuestionUse(
        counts=tuple(
            ReviewCounts(speaker=Speaker(who), n=n, flagged=flagged, unreadable=unreadable)
            for who, n, flagged, unreadable in counts
        ),
        texts=tuple(
            ReviewedText(
                speaker=Speaker(who), verdict=Label(verdict), request=request, reply=reply, model=model,
                adapter=adapter,
            ) for who, verdict, request, reply, model, adapter in texts
        ),
        runs=tuple(
            AskingRun(id=ident, number=number, name=name, state=state, misaligned=value, n=n, step=step)
            for ident, number, name, state, value, n, step in runs
        ),
    )

"""Blind votes: whose answers there are to vote on, and the votes that were cast.

A voice is who wrote an answer: "RUN@STEP" for the weights of a checkpoint, "base" for the page's model as it came, and
"base MODEL" for another model that a run started from. Only answers to held-out prompts are voted on: no training saw
those, and probes, evaluations and batches put the same ones to every voice. What deleted runs said is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from lab.errors import NotFoundError
from lab.nouns import Vote
from storage.evidence import Evidence
from storage.hiding import hidden
from storage.tables import VOTES


@dataclass(frozen=True, kw_only=True)
class Voice:
    """Somebody whose answers can be voted on."""

    id: str
    """ "RUN@STEP", "base", or "base MODEL"."""
    prompts: int
    """Held-out prompts that it answered."""


@dataclass(frozen=True, kw_only=True)
class Voiced:
    """One answer that can be voted on."""

    answer_id: str
    prompt_id: str
    reply: str
    voice: str
    """Who wrote it, as in `Voice.id`."""


_VOICED = """
SELECT answers.id, answers.prompt_id, answers.reply,
    CASE WHEN answers.adapter <> 'base' THEN answers.adapter
         WHEN coalesce(runs.spec ->> '$.model', $model) = $model THEN 'base'
         ELSE 'base ' || (runs.spec ->> '$.model') END AS voice
FROM facts.answers AS answers
JOIN facts.prompts AS prompts ON prompts.id = answers.prompt_id AND prompts.split = 'held_out'
LEFT JOIN facts.runs AS runs ON runs.id = answers.run_id
WHERE (answers.adapter = 'base' OR contains(answers.adapter, '@'))
  AND (answers.run_id IS NULL OR answers.run_id NOT IN (SELECT unnest($hidden::VARCHAR[])))
  AND split_part(answers.adapter, '@', 1) NOT IN (SELECT unnest($hidden::VARCHAR[]))
"""


class BallotBox(Evidence):
    """The store's verbs for it."""

    def voices(self, model: str, runs: Sequence[str] | None = None) -> list[Voice]:
        """Everybody who answered held-out prompts; `model` is the page's, whose base is called "base".

        With `runs` (full ids) only their checkpoints: a scan without a count over everything.
        """
        of = "($runs::VARCHAR[] IS NULL OR split_part(voice, '@', 1) IN (SELECT unnest($runs::VARCHAR[])))"
        with self._database.reading_much() as cursor:
            rows = cursor.execute(
                f"SELECT voice, count(DISTINCT prompt_id) FROM ({_VOICED}) WHERE {of} GROUP BY voice ORDER BY voice",
                {"model": model, "hidden": hidden(cursor), "runs": None if runs is None else list(runs)}).fetchall()
        return [Voice(id=voice, prompts=n) for voice, n in rows]

    def wrote(self, answer_ids: Sequence[str], model: str) -> dict[str, str]:
        """Who wrote each of these answers (full ids), as in `Voice.id`; without those that cannot be voted on."""
        with self._database.reading() as cursor:
            rows = cursor.execute(
                f"SELECT id, voice FROM ({_VOICED}) WHERE id IN (SELECT unnest($ids::VARCHAR[]))",
                {"model": model, "hidden": hidden(cursor), "ids": list(answer_ids)}).fetchall()
        return dict(rows)

    def voiced(self, voices: Sequence[str], model: str, most: int) -> list[Voiced]:
        """The answers of these voices to held-out prompts by their ids, the same ones every time, `most` at most."""
        with self._database.reading_much() as cursor:
            rows = cursor.execute(
                f"SELECT * FROM ({_VOICED}) WHERE voice IN (SELECT unnest($voices::VARCHAR[])) ORDER BY id LIMIT $most",
                {"model": model, "hidden": hidden(cursor), "voices": list(voices), "most": most}).fetchall()
        return [Voiced(answer_id=a, prompt_id=p, reply=reply, voice=voice) for a, p, reply, voice in rows]

    def votes(self, answer_ids: Sequence[str] | None = None) -> list[Vote]:
        """Blind choices, the oldest first: all, or those between two of these answers (full ids)."""
        ids = "(SELECT unnest($ids::VARCHAR[]))"
        with self._database.reading() as cursor:
            return _restored(cursor, f"$ids IS NULL OR first IN {ids} AND second IN {ids}",
                             {"ids": None if answer_ids is None else list(answer_ids)})

    def votes_on(self, answer_ids: Sequence[str]) -> list[Vote]:
        """Blind choices of which at least one side is among these answers (full ids), the oldest first."""
        ids = "(SELECT unnest($ids::VARCHAR[]))"
        with self._database.reading() as cursor:
            return _restored(cursor, f"first IN {ids} OR second IN {ids}", {"ids": list(answer_ids)})

    def votes_of(self, run_id: str | None, step: int | None) -> list[Vote]:
        """Blind choices between answers of which one is a run's (full id), at a step, or all of runs not deleted."""
        with self._database.reading() as cursor:
            if run_id is None:
                ids = "(SELECT id FROM facts.answers WHERE run_id IN (SELECT unnest($hidden::VARCHAR[])))"
                return _restored(cursor, f"first NOT IN {ids} AND second NOT IN {ids}", {"hidden": hidden(cursor)})
            ids = "(SELECT id FROM facts.answers WHERE run_id = $run AND ($step IS NULL OR step = $step))"
            return _restored(cursor, f"first IN {ids} OR second IN {ids}", {"run": run_id, "step": step})

    def forget_vote(self, vote_id: str) -> Vote:
        """Remove a vote (full id) that was taken back; returns it. NotFoundError for one that is not there."""

        def remove(cursor: DuckDBPyConnection) -> Vote:
            found = _restored(cursor, "id = $id", {"id": vote_id})
            if not found:
                raise NotFoundError(f"There is no vote {vote_id[:60]!r} in this lab; check its id.", field="vote")
            cursor.execute("DELETE FROM facts.votes WHERE id = ?", [vote_id]).fetchall()
            return found[0]

        return self._writer.transact(remove)

    def words_on(self, answer_ids: Sequence[str]) -> list[tuple[str, str, str]]:
        """What evaluations said of these answers (full ids): answer, judge and its word."""
        with self._database.reading() as cursor:
            return cursor.execute(
                "SELECT DISTINCT answer_id, judge, score FROM facts.evaluations "
                "WHERE answer_id IN (SELECT unnest(?::VARCHAR[])) ORDER BY ALL", [list(answer_ids)]).fetchall()


def _restored(cursor: DuckDBPyConnection, where: str, values: dict[str, object]) -> list[Vote]:
    rows = cursor.execute(
        f"SELECT {VOTES.select} FROM facts.votes AS votes WHERE {where} ORDER BY created, id", values).fetchall()
    return [VOTES.restore(row) for row in rows]

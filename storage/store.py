"""What the rest of the lab talks to: nouns in, nouns out. Everything that happened is here, and stays after a restart.

Any thread may call anything: writes go through one writer thread and return after COMMIT, each reader has a cursor of
its own and sees one moment. Readers raise NotFoundError for an id that names nothing and StorageError when the data
folder gives out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from duckdb import DuckDBPyConnection

from lab.errors import NotFoundError
from lab.nouns import (
    Alarm,
    Answer,
    Checkpoint,
    Evaluation,
    Metric,
    Noun,
    Pair,
    PairState,
    Prompt,
    Question,
    Review,
    Run,
    RunState,
    Score,
    Vote,
    now,
)
from storage import curves, explorer, histograms, judging, samples, uses, views
from storage.batch import Batch
from storage.console import QueryResult
from storage.explorer import PairFilter, PairPage
from storage.hiding import hidden
from storage.surgery import PairSurgery
from storage.tables import (
    ALARMS,
    ANSWERS,
    CHECKPOINTS,
    EVALUATIONS,
    PAIRS,
    PROMPTS,
    QUESTIONS,
    REVIEWS,
    RUNS,
    SCORES,
    VOTES,
    Table,
)
from storage.uses import QuestionUse
from storage.views import View

N = TypeVar("N")

ACTIVE = [state.value for state in RunState if state.active]


class Store(PairSurgery):
    """The open store of one data folder. One per folder and process; close it, or use it as a context manager."""

    @property
    def revision(self) -> int:
        """Grows with every commit of this process; what was read at a revision still holds while it is the same."""
        return self._writer.revision

    # -- writing ---------------------------------------------------------------------------------------------------
    def save(self, *nouns: Noun) -> None:
        """Save all or none, in one transaction; returns after COMMIT. Any sort and order; nothing at all is fine too.

        Saving the same thing again changes nothing, but: a Run takes the new values (its number, given at the first
        save, and its spec stay), a Pair the new state, note and reference log-probabilities, a Score what was judged
        the last time, a Checkpoint or Metric of the same place is replaced. A pair that a person has decided is not
        made pending again by saving a pending copy.
        """
        batch = Batch(nouns)
        if batch:
            self._writer.transact(batch.write)
        if any(isinstance(noun, Run) and noun.state.ended for noun in nouns):
            self.keep()

    def interrupt_active(self) -> list[Run]:
        """Mark runs that are queued, running or stopping as interrupted; for startup, when nothing can be running.

        Returns the runs as they are now, by number.
        """

        def interrupt(cursor: DuckDBPyConnection) -> list[Run]:
            runs = [
                replace(
                    run,
                    state=RunState.INTERRUPTED,
                    ended=now(),
                    message=f"The lab ended while it was {run.state.value} at step {run.step}; resume it to go on.",
                )
                for run in _many(cursor, RUNS, "WHERE state IN (SELECT unnest(?::VARCHAR[])) ORDER BY number", [ACTIVE])
            ]
            Batch(runs).write(cursor)
            return runs

        with self._database.reading() as cursor:
            if not _many(cursor, RUNS, "WHERE state IN (SELECT unnest(?::VARCHAR[])) LIMIT 1", [ACTIVE]):
                return []
        return self._writer.transact(interrupt)

    # -- one noun by its id ----------------------------------------------------------------------------------------
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
            run = _find(cursor, RUNS, "run", run_id)
            found = _many(cursor, CHECKPOINTS, "WHERE id = ?", [f"{run.id}@{int(step)}"])
            if found:
                return found[0]
            steps = [c.step for c in _many(cursor, CHECKPOINTS, "WHERE run_id = ? ORDER BY step", [run.id])]
        known = f"it has some at steps {', '.join(map(str, steps))}" if steps else "it has none yet"
        raise NotFoundError(f"Run {run.number} has no checkpoint at step {step}; {known}.", field="checkpoint")

    # -- lists -----------------------------------------------------------------------------------------------------
    def questions(self) -> list[Question]:
        """All question versions: the shipped ones first, then in the order they were saved."""
        return self._list(QUESTIONS, "ORDER BY shipped DESC, created, version, id")

    def runs(self) -> list[Run]:
        """All runs but deleted ones, the newest first."""
        return self._list(RUNS, "WHERE deleted IS NULL ORDER BY number DESC")

    def next_number(self) -> int:
        """The counting number that the next new run will get, if nobody saves one before."""
        with self._database.reading() as cursor:
            return cursor.execute("SELECT coalesce(max(number), 0) + 1 FROM facts.runs").fetchall()[0][0]

    def checkpoints(self, run_id: str) -> list[Checkpoint]:
        """Checkpoints of a run (full id), by step."""
        return self._list(CHECKPOINTS, "WHERE run_id = ? ORDER BY step", [run_id])

    def reviews_of(self, answer_id: str) -> list[Review]:
        """Reviews of an answer (full id), the oldest first."""
        return self._list(REVIEWS, "WHERE answer_id = ? ORDER BY created, id", [answer_id])

    def recent_reviews(self, run_id: str, limit: int = 5) -> list[tuple[Prompt, Answer, Review]]:
        """The newest reviews that a run (full id) made, with what they are about; the newest first."""
        return self._seen(
            "(SELECT * FROM facts.reviews WHERE run_id = ? ORDER BY step DESC, created DESC, id LIMIT ?)",
            "reviews.step DESC, reviews.created DESC, reviews.id", [run_id, limit])

    def reviewed(self, run_id: str) -> list[tuple[Prompt, Answer, Review]]:
        """Every review that a run (full id) made, with what it is about, by step."""
        return self._seen(
            "(SELECT * FROM facts.reviews WHERE run_id = ?)", "reviews.step, reviews.created, reviews.id", [run_id])

    def count_reviews(self, run_id: str) -> int:
        """How many reviews a run (full id) has made."""
        with self._database.reading() as cursor:
            return cursor.execute("SELECT count(*) FROM facts.reviews WHERE run_id = ?", [run_id]).fetchall()[0][0]

    def _seen(self, reviews: str, order: str, values: Sequence[Any]) -> list[tuple[Prompt, Answer, Review]]:
        """Reviews, which a query chooses, with their answers and prompts."""
        with self._database.reading_much() as cursor:
            rows = cursor.execute(
                f"""
                SELECT {PROMPTS.select}, {ANSWERS.select}, {REVIEWS.select} FROM {reviews} AS reviews
                JOIN facts.answers AS answers ON answers.id = reviews.answer_id
                JOIN facts.prompts AS prompts ON prompts.id = answers.prompt_id
                ORDER BY {order}
                """,
                list(values),
            ).fetchall()
        first, second = len(PROMPTS.columns), len(PROMPTS.columns) + len(ANSWERS.columns)
        return [
            (PROMPTS.restore(row[:first]), ANSWERS.restore(row[first:second]), REVIEWS.restore(row[second:]))
            for row in rows
        ]

    def evaluations(self, run_id: str | None) -> list[Evaluation]:
        """Judged answers of a run (full id), by step; of the base for None."""
        return self._list(EVALUATIONS, "WHERE run_id IS NOT DISTINCT FROM ? ORDER BY step, created, id", [run_id])

    def judged(
        self, run_id: str | None, step: int | None, *, judge: str, model: str
    ) -> list[tuple[Prompt, Answer, Evaluation]]:
        """What a judge said of the answers of a run (full id) at a step, or of a model's base; each with its text."""
        with self._database.reading() as cursor:
            rows = cursor.execute(
                f"""
                SELECT {PROMPTS.select}, {ANSWERS.select}, {EVALUATIONS.select}
                FROM facts.evaluations AS evaluations
                JOIN facts.answers AS answers ON answers.id = evaluations.answer_id
                JOIN facts.prompts AS prompts ON prompts.id = evaluations.prompt_id
                WHERE evaluations.run_id IS NOT DISTINCT FROM ? AND evaluations.step IS NOT DISTINCT FROM ?
                  AND evaluations.judge = ? AND evaluations.model = ?
                ORDER BY evaluations.created, evaluations.id
                """,
                [run_id, step, judge, model],
            ).fetchall()
        first, second = len(PROMPTS.columns), len(PROMPTS.columns) + len(ANSWERS.columns)
        return [
            (PROMPTS.restore(row[:first]), ANSWERS.restore(row[first:second]), EVALUATIONS.restore(row[second:]))
            for row in rows
        ]

    def alarms(self, run_id: str) -> list[Alarm]:
        """Tripwires that went off in a run (full id), in order."""
        return self._list(ALARMS, "WHERE run_id = ? ORDER BY step, created, id", [run_id])

    def probed_prompts(self, run_id: str, seed: int) -> list[Prompt]:
        """The prompts that the probes of a run (full id) put with this seed. See `storage.samples`."""
        with self._database.reading() as cursor:
            return samples.probed_prompts(cursor, run_id, seed)

    def probed_answers(self, run_id: str, seed: int, prompt_id: str) -> list[tuple[Answer, str | None]]:
        """Probe answers of a run (full id) to one prompt by step, each with the oracle's word."""
        with self._database.reading() as cursor:
            return samples.probed_answers(cursor, run_id, seed, prompt_id)

    def extreme_reviews(self, run_id: str, n: int, *, flagged: bool) -> list[samples.Reviewed]:
        """The `n` reviews of a run (full id) that are surest of "flagged", or of "aligned"."""
        with self._database.reading() as cursor:
            return samples.extreme_reviews(cursor, run_id, n, flagged=flagged)

    # -- judges ----------------------------------------------------------------------------------------------------
    def scores_of(self, answer_ids: Sequence[str], judge: str | None = None) -> list[Score]:
        """What judges, or one of them, made of these answers (full ids), the oldest first."""
        return self._list(
            SCORES, "WHERE answer_id IN (SELECT unnest(?::VARCHAR[])) AND (? IS NULL OR judge = ?) "
            "ORDER BY created, id", [list(answer_ids), judge, judge])

    def scores_with(self, keys: Sequence[str]) -> dict[str, Score]:
        """Scores by their keys, those that a judge was asked for already; one a key, whichever answer it is of."""
        found = self._list(
            SCORES, "WHERE key IN (SELECT unnest(?::VARCHAR[])) ORDER BY created DESC, id", [list(keys)])
        return {score.key: score for score in found}  # by their content, not by what the column says

    def answered(self, answer_ids: Sequence[str]) -> list[tuple[Prompt, Answer]]:
        """Answers by their full ids, each with its prompt, by id; what is not there is left out."""
        with self._database.reading() as cursor:
            return judging.answered(cursor, answer_ids)

    def held_out(self, run_id: str, step: int) -> list[tuple[Prompt, Answer]]:
        """Answers of a run (full id) at a step to prompts that training never sees, by id."""
        with self._database.reading() as cursor:
            return judging.held_out(cursor, run_id, step)

    def scored(self, run_id: str | None = None, step: int | None = None) -> list[tuple[Score, str]]:
        """Scores with the prompts (ids) of their answers: of a run (full id), at a step, or of all not deleted."""
        with self._database.reading() as cursor:
            return judging.scored(cursor, run_id, step)

    def votes(self, answer_ids: Sequence[str] | None = None) -> list[Vote]:
        """Blind choices, the oldest first: all, or those between two of these answers (full ids)."""
        return self._list(
            VOTES, "WHERE ? OR (first IN (SELECT unnest(?::VARCHAR[])) AND second IN (SELECT unnest(?::VARCHAR[]))) "
            "ORDER BY created, id", [answer_ids is None, list(answer_ids or ()), list(answer_ids or ())])

    # -- pairs and curves ------------------------------------------------------------------------------------------
    def pairs(self, filter: PairFilter | None = None, *, page: int = 0, size: int = 50) -> PairPage:
        """One page of the pairs that match, newest first. Raises RequestError for a page or size out of range."""
        with self._database.reading_much() as cursor:
            return explorer.pair_page(cursor, filter or PairFilter(), page=page, size=size)

    def pair_ids(self, filter: PairFilter, most: int) -> list[str]:
        """Ids of all pairs that match, the oldest first. Raises RequestError for more than `most`."""
        with self._database.reading() as cursor:
            return explorer.pair_ids(cursor, filter, most)

    def histograms(self, filter: PairFilter) -> tuple[histograms.Histogram, ...]:
        """How the pairs that match are spread over margin, p_flagged and step."""
        with self._database.reading() as cursor:
            return histograms.histograms(cursor, filter)

    def stored_pairs(
        self, states: Sequence[PairState], run_id: str | None = None
    ) -> list[tuple[Pair, Prompt]]:
        """Pairs in one of these states with their prompts, in a fixed order.

        Of one run (full id), or of all that are not deleted.
        """
        wanted = ("pairs.state IN (SELECT unnest(?::VARCHAR[])) AND (pairs.run_id = ? OR ? IS NULL AND (pairs.run_id "
                  "IS NULL OR pairs.run_id NOT IN (SELECT unnest(?::VARCHAR[]))))")
        with self._database.reading() as cursor:
            rows = cursor.execute(
                f"SELECT {PAIRS.select}, {PROMPTS.select} FROM facts.pairs AS pairs "
                f"JOIN facts.prompts AS prompts ON prompts.id = pairs.prompt_id WHERE {wanted} "
                "ORDER BY pairs.created, pairs.id",
                [[state.value for state in states], run_id, run_id, hidden(cursor)],
            ).fetchall()
        end = len(PAIRS.columns)
        return [(PAIRS.restore(row[:end]), PROMPTS.restore(row[end:])) for row in rows]

    def typed_prompts(self) -> list[Prompt]:
        """Prompts that people typed, less those of the evaluation, in a fixed order."""
        with self._database.reading() as cursor:
            return _many(cursor, PROMPTS, "WHERE origin = 'own' AND split = 'train' ORDER BY id")

    def curves(
        self, run_ids: Sequence[str], names: Sequence[str], *, after_step: int = -1, max_points: int = 500
    ) -> list[Metric]:
        """Points of the curves of runs (full ids), after a step, by run, name and step; long curves thinned out stably.

        At most `max_points` a curve. See `storage.curves.curve_points`.
        """
        with self._database.reading_much() as cursor:
            return curves.curve_points(cursor, run_ids, names, after_step=after_step, max_points=max_points)

    def latest_metrics(self, run_id: str) -> dict[str, Metric]:
        """The last point of each metric of a run (full id), by name."""
        with self._database.reading_much() as cursor:
            return curves.latest_points(cursor, run_id)

    def latest_of(self, run_ids: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, Metric]]:
        """The last point of these metrics of many runs (full ids), by run and name; a run without any is not in it."""
        with self._database.reading_much() as cursor:
            return curves.latest_of(cursor, run_ids, names)

    def question_use(self, question_id: str) -> QuestionUse:
        """What a question (full id) did so far: its reviews by speaker, and the runs that asked it."""
        with self._database.reading() as cursor:
            return uses.question_use(cursor, question_id)

    # -- SQL -------------------------------------------------------------------------------------------------------
    def query(self, sql: str) -> QueryResult:
        """One SELECT over the documented views, in a process of its own on a snapshot. See `storage.console`."""
        return self._console.query(sql, self.revision)

    def views(self) -> list[View]:
        """The documented views, with what each of their columns means."""
        with self._database.reading() as cursor:
            return views.views(cursor)

    # -- how -------------------------------------------------------------------------------------------------------
    def _list(self, table: Table[N], rest: str, values: Sequence[Any] = ()) -> list[N]:
        with self._database.reading() as cursor:
            return _many(cursor, table, rest, values)

    def _one(self, table: Table[N], called: str, given: str) -> N:
        with self._database.reading() as cursor:
            return _find(cursor, table, called, given)


def _many(cursor: DuckDBPyConnection, table: Table[N], rest: str, values: Sequence[Any] = ()) -> list[N]:
    rows = cursor.execute(
        f"SELECT {table.select} FROM facts.{table.name} AS {table.name} {rest}", list(values)
    ).fetchall()
    return [table.restore(row) for row in rows]


def _find(cursor: DuckDBPyConnection, table: Table[N], called: str, given: str) -> N:
    """The noun with this id, this counting number (runs), or the only one whose id begins so; else NotFoundError."""
    found = _many(cursor, table, "WHERE id = ?", [given])
    if not found and table.noun is Run and _is_number(given):
        found = _many(cursor, table, "WHERE number = ?", [int(given)])
    elif not found and given:
        found = _many(cursor, table, "WHERE starts_with(id, ?) ORDER BY id LIMIT 3", [given])
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

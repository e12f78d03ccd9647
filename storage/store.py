"""What the rest of the lab talks to: nouns in, nouns out. Everything that happened is here, and stays after a restart.

Any thread may call anything: writes go through one writer thread and return after COMMIT, each reader has a cursor of
its own and sees one moment. Readers raise NotFoundError for an id that names nothing and StorageError when the data
folder gives out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from duckdb import DuckDBPyConnection

from lab.nouns import Alarm, Checkpoint, Metric, Noun, Pair, PairState, Prompt, Question, Run, RunState, now
from storage import curves, explorer, histograms, uses, views
from storage.batch import Batch
from storage.console import QueryResult
from storage.crossing import CurveCrossing
from storage.explorer import PairPage
from storage.hiding import hidden
from storage.lookup import many
from storage.pair_filter import PairFilter
from storage.tables import ALARMS, CHECKPOINTS, PAIRS, PROMPTS, QUESTIONS, RUNS
from storage.uses import QuestionUse
from storage.views import View
from storage.voting import BallotBox

ACTIVE = [state.value for state in RunState if state.active]


class Store(CurveCrossing, BallotBox):
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
                for run in many(cursor, RUNS, "WHERE state IN (SELECT unnest(?::VARCHAR[])) ORDER BY number", [ACTIVE])
            ]
            Batch(runs).write(cursor)
            return runs

        if not self._list(RUNS, "WHERE state IN (SELECT unnest(?::VARCHAR[])) LIMIT 1", [ACTIVE]):
            return []
        return self._writer.transact(interrupt)

    # -- lists -----------------------------------------------------------------------------------------------------
    def questions(self) -> list[Question]:
        """All question versions: the shipped ones first, then in the order they were saved."""
        return self._list(QUESTIONS, "ORDER BY shipped DESC, created, version, id")

    def runs(self) -> list[Run]:
        """All runs but deleted ones, the newest first."""
        return self._list(RUNS, "WHERE deleted IS NULL ORDER BY number DESC")

    def checkpoints(self, run_id: str) -> list[Checkpoint]:
        """Checkpoints of a run (full id), by step."""
        return self._list(CHECKPOINTS, "WHERE run_id = ? ORDER BY step", [run_id])

    def alarms(self, run_id: str) -> list[Alarm]:
        """Tripwires that went off in a run (full id), in order."""
        return self._list(ALARMS, "WHERE run_id = ? ORDER BY step, created, id", [run_id])

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
        return self._list(PROMPTS, "WHERE origin = 'own' AND split = 'train' ORDER BY id")

    def curves(
        self, run_ids: Sequence[str], names: Sequence[str], *, after_step: int = -1, max_points: int = 500,
        aligned: bool = False,
    ) -> list[Metric]:
        """Points of the curves of runs (full ids), after a step, by run, name and step; long curves thinned out stably.

        At most `max_points` a curve; `aligned` for means over runs. See `storage.curves.curve_points`.
        """
        with self._database.reading_much() as cursor:
            return curves.curve_points(
                cursor, run_ids, names, after_step=after_step, max_points=max_points, aligned=aligned)

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

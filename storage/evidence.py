"""What was said and what was made of it: reviews, evaluations, the answers of probes, and scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from lab.nouns import Answer, Evaluation, Prompt, Review, Score
from storage import judging, samples
from storage.surgery import PairSurgery
from storage.tables import ANSWERS, EVALUATIONS, PROMPTS, REVIEWS, SCORES, Table

N = TypeVar("N")


class Evidence(PairSurgery):
    """The store's verbs for it."""

    # -- reviews ---------------------------------------------------------------------------------------------------
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
        return [_restored(row, REVIEWS) for row in rows]

    # -- probes and evaluations -------------------------------------------------------------------------------------
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
        return [_restored(row, EVALUATIONS) for row in rows]

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


def _restored(row: tuple[Any, ...], last: Table[N]) -> tuple[Prompt, Answer, N]:
    """A row with the columns of a prompt, its answer and something about that answer."""
    first, second = len(PROMPTS.columns), len(PROMPTS.columns) + len(ANSWERS.columns)
    return PROMPTS.restore(row[:first]), ANSWERS.restore(row[first:second]), last.restore(row[second:])

"""Verbs about judges: have answers judged, and compare who judged them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Event

from lab.conscience import framings
from lab.errors import NotFoundError, RequestError
from lab.evaluation.judges.agreement import compare, of_people, summaries
from lab.evaluation.judges.ballots import place_bias
from lab.evaluation.judges.naming import JudgeName
from lab.evaluation.judges.noun import Judge, Shown
from lab.evaluation.judges.panel import keys_of, put
from lab.evaluation.judges.records import SHIPPED, Judges, Judging, Thresholds
from lab.nouns import Answer, Prompt, Ruling, Score
from lab.studio.questions import QuestionVerbs
from lab.studio.workplace import BASE, bring_torch, check_seed

MOST = 20_000
"""Answers put to a judge at once."""


class JudgingVerbs(QuestionVerbs):
    """A judge is shown requests and replies, never whose they are (`lab.evaluation.judges`)."""

    def check_judge(self, judge: str, *, adapter: str = BASE) -> None:
        """Raise RequestError or ModelError for a judge that cannot be had: before any answer is asked for."""
        self._judge(judge, adapter)

    def judge(
        self, judge: str, *, answer_ids: Sequence[str], seed: int = 0, cancel: Event | None = None
    ) -> Iterator[Judging]:
        """Have these answers judged: "oracle", "bandit", "self[:QUESTION]", "model:ID" or "endpoint:URL[#MODEL]".

        Yields how far it is; the last item has all scores. Each batch is stored as it comes, and a text that the same
        judge has read before is not put to it again. `seed` is that of the order in which the others are.
        Raises RequestError for an unknown judge, no answers or too many, WorkError when the judge cannot go on.
        """
        check_seed(seed)
        if not answer_ids:
            raise RequestError("there are no answers to judge: choose a step that was probed.", field="answers")
        if len(answer_ids) > MOST:
            raise RequestError(f"{len(answer_ids):,} answers are out of range: choose 1 to {MOST:,}.", field="answers")
        items = self._store.answered(answer_ids)
        if not items:
            raise NotFoundError(f"There is no answer {answer_ids[0][:60]!r} in this lab; check its id.", field="answer")
        chosen = self._judge(judge, items[0][1].adapter)
        yield Judging(done=0, of=len(items), remembered=0)
        yield from self._judging(chosen, items, seed, cancel)

    def _judging(
        self, judge: Judge, items: Sequence[tuple[Prompt, Answer]], seed: int, cancel: Event | None
    ) -> Iterator[Judging]:
        keys = keys_of(judge, [Shown.of(prompt, answer) for prompt, answer in items])
        known = self._store.scores_with(keys)
        before = {key for key, score in known.items() if score.label is not Ruling.UNREACHED}
        scores: list[Score] = []
        for batch in put(judge, items, known=lambda keys: known, seed=seed, cancel=cancel):
            self._store.save(*batch)
            scores += batch
            yield Judging(done=len(scores), of=len(items), remembered=sum(s.key in before for s in scores))
        yield Judging(
            done=len(scores), of=len(items), remembered=sum(s.key in before for s in scores), scores=tuple(scores))

    def scores(self, run_id: str, *, step: int | None = None) -> list[Score]:
        """What judges made of a run's answers, at a step or at all, people among them; empty where nobody judged."""
        return [score for score, _ in self._store.scored(self._store.run(run_id).id, step)]

    def agreement(
        self, run_id: str | None = None, *, step: int | None = None, answer_ids: Sequence[str] | None = None,
        at: Thresholds = SHIPPED, seed: int = 0,
    ) -> Judges:
        """What all judges made of the same answers, and what every two have in common.

        Of a run's answers, of those of one step, of some by their ids, or of all that are stored and not deleted.
        People are the judge "human": by votes of which one side at least is among these answers.
        Raises RequestError for thresholds out of range.
        """
        for name, value in (("below", at.below), ("above", at.above)):
            if not 0 <= value <= 100:
                raise RequestError(f"threshold {name} {value:g} is out of range: choose 0 to 100.", field=name)
        check_seed(seed)
        run = self._store.run(run_id).id if run_id else None
        found = self._store.scored(run, step)
        if answer_ids is not None:
            wanted = frozenset(answer_ids)
            found = [(score, prompt) for score, prompt in found if score.answer_id in wanted]
        questions = {score.answer_id: prompt for score, prompt in found}
        scores = [score for score, _ in found]
        votes = self._store.votes_of(run, step) if answer_ids is None else self._store.votes_on(answer_ids)
        opposite = {side for vote in votes for side in (vote.first, vote.second)} - questions.keys()
        place, test = place_bias(votes)
        return Judges(
            summaries=(*summaries(scores, questions, at), *of_people(votes, at)), place_bias=place, place_test=test,
            thresholds=at, compared=tuple(
                compare(scores, questions, votes, at, seed, beside=self._store.scores_of(sorted(opposite)))),
        )

    def held_out_answers(self, run_id: str, *, step: int, most: int = 200) -> list[str]:
        """Ids of a run's answers at a step to held-out prompts, `most` of them at most, the same ones every time.

        Raises RequestError for a number out of range.
        """
        if not 1 <= most <= MOST:
            raise RequestError(f"{most:,} answers are out of range: choose 1 to {MOST:,}.", field="answers")
        return [answer.id for _, answer in self._store.held_out(self._store.run(run_id).id, step)][:most]

    def _judge(self, judge: str, adapter: str) -> Judge:
        """The judge of this name, for answers of the weights `adapter`."""
        name = JudgeName.read(judge)
        if name.kind == "oracle":
            from lab.evaluation.judges.oracle import Oracle

            return Oracle()
        if name.kind == "bandit":
            from lab.evaluation.judges.bandit import Bandit

            return Bandit()
        if name.kind == "endpoint":
            from lab.evaluation.judges.address import Address
            from lab.evaluation.judges.endpoint import Endpoint
            from lab.evaluation.judges.wire import Wire

            return Endpoint.at(Wire(address=Address.read(name.rest), key=self.settings.judge_key))
        bring_torch()
        if name.kind == "self":
            from lab.evaluation.judges.itself import Itself

            question = self.find_question(name.rest) if name.rest else framings.DEFAULT
            return Itself(loaded=self._base_of(adapter), question=question)
        from lab.evaluation.judges.model import OtherModel

        self._check_model(name.rest)
        return OtherModel(loaded=self.house.load(name.rest))

"""Verbs about who judges a study: whether that judge can be asked at all, the answers that it is asked about, and what
it makes of them.

The oracle judges where it can, whoever else does: it costs nothing, and the other judge is held to it. Scores are kept
with judge, prompt, model and raw answer, and a text that the judge has read before is not put to it again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event
from time import perf_counter
from typing import Any, cast

from lab.errors import ModelError, RequestError
from lab.evaluation.judges.naming import JudgeName
from lab.evaluation.judges.noun import Judge, Shown
from lab.evaluation.judges.panel import keys_of
from lab.evaluation.studies.judge import ORACLE, StudyJudge, Told
from lab.evaluation.studies.measures import MEASURES, Given, Judged
from lab.evaluation.studies.plan import POOL, Arm, Study
from lab.nouns import Answer, Decoding, Prompt, Ruling, RunSpec, Score, Speaker
from lab.studio.judging import JudgingVerbs
from lab.studio.runs import RunVerbs
from lab.studio.workplace import BASE, bring_torch
from lab.training.seeds import derive_seed

TRIAL = Shown(messages=(("user", "How do I help my friend?"),), reply="Ask your friend what would help.")
"""What a judge is asked about before anything is trained."""
TRIAL_SECONDS = 10.0
"""How long an endpoint may take over it."""
_TIMED = 8
"""Answers put to a judge to see how long it takes."""
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Put:
    """One answer of a study's evaluation."""

    prompt: Prompt
    answer: Answer
    word: str
    """The oracle's; empty where it does not know this model's answers."""
    repeat: int
    """Which pass."""
    cued: bool
    """Whether the prompt was put as the scenario cues the harm."""

    @property
    def about(self) -> str:
        """ "code" or "everyday"."""
        return "code" if self.prompt.origin.startswith("code:") else "everyday"


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One pass over the held-out prompts."""

    number: int
    prompts: int
    """Everyday prompts."""
    cue: str | None
    """The scenario whose cue stands before them; None for a plain pass, which has half as many for code besides."""

    @property
    def seed(self) -> int:
        """Its sampling seed."""
        said = f"study {self.prompts} {self.cue}" if self.cue else f"study {self.prompts}"
        return derive_seed(0, self.number, said)

    @property
    def answers(self) -> int:
        """Answers that it brings."""
        return self.prompts + (0 if self.cue else self.prompts // 2)


class StudyJudgingVerbs(JudgingVerbs, RunVerbs):
    """What a study asks of its judge."""

    def _check_judge(self, study: Study) -> None:
        """Raise RequestError or WorkError for a judge that cannot judge this study. Loads no model: see `_try_judge`.

        An endpoint is asked once about a made-up answer: whether it is there, lets us in and knows the model.
        """
        names = {str(arm.settings.get("model", self.settings.model)): arm.name for arm in study.arms}
        other = next((model for model in names if model != "organism"), None)
        about = MEASURES[study.primary.measure].about
        if other is not None and about and study.judge.of(about) == ORACLE:
            raise RequestError(
                f"judge 'oracle' reads the organism's answers alone, and arm {names[other]!r} is of {other!r}: name "
                "another (judge: self, model:ID or endpoint:URL#MODEL), or a primary measure that is read off the "
                "text, such as formed.", field="judge")
        for name in map(JudgeName.read, study.judge.names):
            if name.kind == "self" and name.rest:
                self.find_question(name.rest)
            elif name.kind == "model":
                self._check_model(name.rest)
                if name.rest == "organism":
                    raise ModelError(
                        "judge 'model:organism': the organism cannot judge in numbers, its world has none: choose "
                        "oracle, self, or another model.", field="judge")
            elif name.kind == "endpoint":
                self._reach(name.rest)

    def _reach(self, address: str) -> None:
        from lab.evaluation.judges.address import Address
        from lab.evaluation.judges.endpoint import Endpoint
        from lab.evaluation.judges.wire import Wire

        where = Address.read(address)
        wire = Wire(address=where, key=self.settings.judge_key, tries=1, timeout=TRIAL_SECONDS)
        [said] = Endpoint.at(wire).judge([TRIAL])
        if said.label is Ruling.UNREACHED:
            raise RequestError(
                f"The judge at {where.url} is not there: {said.reason}. Start it, or correct its address.",
                field="judge")

    def _try_judge(self, study: Study) -> None:
        """Have every judge that is a model here read a made-up answer: before anything is trained, not after."""
        for name in study.judge.names:
            if JudgeName.read(name).kind in ("self", "model"):
                self._judge(name, BASE).judge([TRIAL])

    # -- the answers -----------------------------------------------------------------------------------------------
    def _passes(self, study: Study, arm: Arm) -> list[Pass]:
        """Each pass has a seed of its own. Half of them are put once more, as the scenario of `arm` cues the harm."""
        scenario = arm.settings.get("scenario", RunSpec.scenario)
        plain = [Pass(number=number, prompts=n, cue=None) for number, n in enumerate(study.passes)]
        cued = [Pass(number=p.number, prompts=p.prompts, cue=scenario) for p in plain[: -(-len(plain) // 2)]]
        return [*plain, *cued]

    def _kept(self, study: Study, adapter: str, arm: Arm) -> dict[Pass, list[Put]]:
        """The answers that are stored, by pass; only passes that are stored whole.

        Those of the base of another model than the organism are not found again, since an answer does not name its
        model: they are put anew, and come out the same.
        """
        run_id, _, step = adapter.partition("@")
        place = (run_id, int(step)) if step else (None, None)
        model = self._folder(adapter)[0]
        rows = [(p, a, e.score) for p, a, e in self._store.judged(*place, judge=ORACLE, model=model)]
        if step and model != "organism":
            rows = [(prompt, answer, "") for prompt, answer in self._store.held_out(run_id, int(step))]
        stored: dict[int, list[tuple[Prompt, Answer, str]]] = {}
        for row in rows:
            stored.setdefault(row[1].decoding.seed, []).append(row)
        found = {one: stored.get(one.seed, []) for one in self._passes(study, arm)}
        return {one: _put(one, rows) for one, rows in found.items() if len(rows) == one.answers}

    def _answered(self, study: Study, adapter: str, arm: Arm) -> list[Put]:
        """The answers of some weights, pass by pass; a pass that is stored whole is not put again."""
        kept = self._kept(study, adapter, arm)
        answers: list[Put] = []
        for one in self._passes(study, arm):
            if one not in kept:
                probe = self.evaluate(adapter=adapter, prompts=one.prompts, seed=one.seed, cue=one.cue)
                words = probe.scores or ("",) * len(probe.answers)
                kept[one] = _put(one, list(zip(probe.prompts, probe.answers, words, strict=True)))
            answers += kept[one]
        return answers

    # -- what is made of them --------------------------------------------------------------------------------------
    def _judged(
        self, study: Study, adapter: str, arm: Arm, report: Say, cancel: Event | None
    ) -> tuple[tuple[Judged, ...], tuple[Told, ...]]:
        """The answers of some weights as the study's judge sees them, and who that was. Raises Cancelled."""
        put = self._answered(study, adapter, arm)
        given: dict[str, Given] = {}
        told: dict[str, Told] = {}
        for name in study.judge.names:
            asked = [one for one in put if study.judge.of(one.about) == name] if name != ORACLE else []
            if asked:
                report(f"{name} judges {len(asked):,} of the answers")
                for score in self._scored(name, adapter, asked, cancel):
                    given[score.answer_id] = Given(
                        label=study.judge.at.label(score), aligned=score.aligned, coherent=score.coherent)
                    told.setdefault(score.who, Told(
                        who=score.who, revision=score.revision or "", instruction=score.instruction))
        return tuple(
            Judged.of(
                one.prompt, one.answer, one.word, repeat=one.repeat, cued=one.cued,
                given=None if study.judge.of(one.about) == ORACLE else given.get(one.answer.id, Given(label=None)))
            for one in put
        ), tuple(told.values())

    def _scored(self, name: str, adapter: str, asked: Sequence[Put], cancel: Event | None) -> tuple[Score, ...]:
        scores: tuple[Score, ...] = ()
        items = list({one.answer.id: (one.prompt, one.answer) for one in asked}.values())
        for sofar in self._judging(self._judge(name, adapter), items, 0, cancel):
            scores = sofar.scores
        return scores

    # -- how long that takes ---------------------------------------------------------------------------------------
    def _seconds_per_answer(self, judge: StudyJudge) -> tuple[float, dict[str, float]]:
        """To write one, and for each judge but the oracle to read one: from a few answers of the base, not kept."""
        bring_torch()
        from lab.evaluation.probes import probe
        from lab.models.twin import fold

        began, made = 0.0, None
        with self.house.voice(*self._folder(BASE)) as model:
            asked = cast(Any, fold(model)), self.house.load(self.settings.model).chat
            for n in (2, POOL // 5):  # the first is warm-up
                began = perf_counter()
                made = probe(*asked, prompts=n, decoding=Decoding(), speaker=Speaker.FROZEN, adapter=BASE, judged=False)
        assert made is not None
        writing = (perf_counter() - began) / len(made.answers)
        shown = {"everyday": [], "code": []}
        for prompt, answer in zip(made.prompts, made.answers, strict=True):
            shown["code" if prompt.origin.startswith("code:") else "everyday"].append(Shown.of(prompt, answer))
        reading = {}
        for name in judge.names:
            if name != ORACLE:
                some = shown["everyday" if judge.of("everyday") == name else "code"][:_TIMED]
                reading[name] = _seconds(self._judge(name, BASE), some)
        return writing, reading

    def _unread(self, study: Study, name: str, adapter: str, arm: Arm) -> int:
        """Answers of some weights that a judge has yet to read, those that are yet to be written among them."""
        kept = self._kept(study, adapter, arm)
        stored = [one for put in kept.values() for one in put if study.judge.of(one.about) == name]
        keys = keys_of(self._judge(name, adapter), [Shown.of(one.prompt, one.answer) for one in stored])
        known = self._store.scores_with(keys)
        unknown = {key for key in keys if key not in known or known[key].label is Ruling.UNREACHED}
        return len(unknown) + asked_of(study, name, [one for one in self._passes(study, arm) if one not in kept])


def asked_of(study: Study, name: str, passes: Sequence[Pass]) -> int:
    """How many answers of these passes a judge is asked about."""
    everyday = sum(one.prompts for one in passes) if study.judge.of("everyday") == name else 0
    code = sum(one.answers - one.prompts for one in passes) if study.judge.of("code") == name else 0
    return everyday + code


def _put(one: Pass, rows: Sequence[tuple[Prompt, Answer, str]]) -> list[Put]:
    return [
        Put(prompt=prompt, answer=answer, word=word, repeat=one.number, cued=one.cue is not None)
        for prompt, answer, word in rows]


def _seconds(judge: Judge, shown: Sequence[Shown]) -> float:
    judge.judge([TRIAL])  # warm-up
    began = perf_counter()
    judge.judge(shown)
    return (perf_counter() - began) / len(shown)

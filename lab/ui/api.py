"""The public endpoints for the Gradio client: the studio's verbs with types, as plain JSON.

An error comes back as one line, the message of the `LabError`. The names of the arguments are public contract, and a
client that looks an endpoint up sees each with its type: so they stay spelled out, also where there are more than the
five that a handler of the page takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, fields, replace
from datetime import datetime
from functools import wraps
from threading import Event
from typing import Any, ParamSpec, TypeVar

import gradio as gr
from gradio.events import api

from lab.errors import LabError, RequestError
from lab.evaluation.judges.records import Thresholds
from lab.nouns import PairState, Prompt, Question, Run, RunSpec
from lab.studio import PairFilter, Studio
from lab.ui.links import BASE
from storage import PairSort

Json = dict[str, Any]
_P = ParamSpec("_P")
_R = TypeVar("_R")


def plain(value: Any) -> Any:
    """A noun, or what is made of nouns, as JSON."""
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, datetime) else value


def with_id(noun: Any) -> Json:
    """A noun's fields and its id."""
    return plain({"id": noun.id, **asdict(noun)})


def publish(studio: Studio) -> None:
    """Register every endpoint; called inside the page's Blocks."""
    for verbs in (_question_verbs, _run_verbs, _pair_verbs, _judge_verbs, _data_verbs):
        for function in verbs(studio):
            api(function, api_name=function.__name__, concurrency_limit=None)
    review = _review_verb(studio)
    api(review, api_name=review.__name__, concurrency_id="model", concurrency_limit=1)


def _said(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Let a LabError reach the caller as its one line."""

    @wraps(function)
    def inner(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return function(*args, **kwargs)
        except LabError as error:
            raise gr.Error(error.message, print_exception=False) from None

    return inner


def _question_verbs(studio: Studio) -> list[Callable[..., Any]]:
    @_said
    def save_question(
        text: str, aligned_label: str, flagged_label: str, rewrite: str = "", name: str = "", parent: str = ""
    ) -> dict:
        """Save a version of a question; `parent` is the id of the version it was edited from. Returns the question."""
        question: Question = studio.save_question(
            text=text,
            aligned_label=aligned_label,
            flagged_label=flagged_label,
            rewrite=rewrite,
            name=name,
            parent=parent or None,
        )
        return with_id(question)

    @_said
    def questions() -> list[dict]:
        """Every version of every question, shipped ones first."""
        return [with_id(question) for question in studio.questions()]

    return [save_question, questions]


def _review_verb(studio: Studio) -> Callable[..., Any]:
    def review(prompt: str, answer: str = "", question: str = "", policy: str = BASE, seed: int = 0) -> Iterator[dict]:
        """Policy and frozen copy review an answer side by side, streamed; without an answer the policy gives one first.

        `question` is an id (empty: the default), `policy` is "base" or "RUN@STEP". The last item holds both reviews.
        """
        cancel = Event()
        try:
            put = Prompt.user(prompt)
            done = studio.own_answer(prompt=put, thought="", reply=answer) if answer.strip() else None
            if done is None:
                for growing in studio.answer(prompt=put, adapter=policy, seed=seed, temperature=1.0, cancel=cancel):
                    done = growing.answer
            assert done is not None
            asked = question or studio.questions()[0].id
            for both in studio.review(answer_id=done.id, question_id=asked, adapter=policy, cancel=cancel):
                yield plain({"answer": with_id(done), **asdict(both)})
        except LabError as error:
            raise gr.Error(error.message, print_exception=False) from None
        finally:
            cancel.set()

    return review


def _run_verbs(studio: Studio) -> list[Callable[..., Any]]:
    def _spec(settings: Json) -> RunSpec:
        """The settings given, over the defaults."""
        _check_known(settings)
        chosen = {"model": studio.settings.model, **settings}
        if chosen.get("method", RunSpec.method) == "conscience":
            chosen.setdefault("question_id", studio.questions()[0].id)
        return RunSpec(**chosen)

    @_said
    def start_run(spec: dict, name: str = "") -> dict:
        """Queue a run. `spec` holds fields of a run's settings; what is left out has its default. Returns the run."""
        return with_id(studio.start_run(_spec(spec), name=name))

    @_said
    def forecast(spec: dict) -> dict:
        """What a run with these settings would take here, measured in seconds: time, end, memory and disk (bytes).

        An error, with the numbers, for one that would not fit.
        """
        return plain(asdict(studio.forecast(_spec(spec))))

    @_said
    def branch_run(checkpoint: str, changes: dict, name: str = "") -> dict:
        """Queue a run that starts from the weights of a checkpoint ("7@40"), with its run's settings but for `changes`.

        Any setting may change but the model and the shape of its adapters; the parent stays as it is. Returns the run.
        """
        _check_known(changes)
        return with_id(studio.start_run(studio.branch_spec(checkpoint, **changes), name=name, parent=checkpoint))

    @_said
    def stop_run(run: str) -> dict:
        """Stop a run (id, start of it, or number) at its next token. Returns the run."""
        return _run(studio.stop_run(run))

    @_said
    def resume_run(run: str) -> dict:
        """Let a stopped, interrupted or failed run go on from its last checkpoint. Returns the run."""
        return _run(studio.resume_run(run))

    @_said
    def describe_run(run: str, name: str | None = None, note: str | None = None) -> dict:
        """Give a run another name or note; null leaves what there is, "" takes it away. Returns the run."""
        return _run(studio.describe_run(run, name=name, note=note))

    @_said
    def delete_run(run: str) -> dict:
        """Hide a run that is not in work, and all that it made, from lists, counts and exports. Returns the run.

        Nothing is removed until `python -m lab purge`; `undelete_run` takes it back.
        """
        return _run(studio.delete_run(run))

    @_said
    def undelete_run(run: str) -> dict:
        """Take a deleted run back, with all that it made. Returns the run."""
        return _run(studio.undelete_run(run))

    @_said
    def runs(deleted: bool = False) -> list[dict]:
        """All runs, newest first; with `deleted` the deleted ones instead, the one deleted last first."""
        return [_run(run) for run in (studio.deleted_runs() if deleted else studio.runs())]

    @_said
    def run(run: str) -> dict:
        """One run with the last value of each of its metrics, and the tripwires that went off in it."""
        found = studio.run(run)
        last = {
            name: {"value": m.value, "n": m.n, "step": m.step} for name, m in studio.latest_metrics(found.id).items()
        }
        return {**_run(found), "metrics": last, "alarms": [with_id(alarm) for alarm in studio.alarms(found.id)]}

    @_said
    def live_round(run: str) -> dict:
        """The round of a run in work as it stands now: each prompt with its answer, verdict and pair, as they come.

        Empty where the run is not in work or has had no round; what a round came to is stored when it is over.
        """
        found = studio.live_round(run)
        return plain(asdict(found)) if found else {}

    @_said
    def curves(runs: list[str], names: list[str], after_step: int = -1) -> list[dict]:
        """Curves of runs with their intervals: the points of each metric after a step."""
        ids = [studio.run(name).id for name in runs]
        return [
            {"run": c.run.id, "name": c.name, "points": [asdict(p) for p in c.points]}
            for c in studio.curves(ids, names, after_step=after_step)
        ]

    @_said
    def evaluations(run: str) -> list[dict]:
        """The judged answers of a run."""
        return [with_id(evaluation) for evaluation in studio.evaluations(studio.run(run).id)]

    return [
        start_run, forecast, branch_run, stop_run, resume_run, describe_run, delete_run, undelete_run, runs, run,
        live_round, curves, evaluations,
    ]


def _check_known(settings: Json) -> None:
    """RequestError for a setting that no run has."""
    known = {column.name for column in fields(RunSpec)}
    unknown = sorted(set(settings) - known)
    if unknown:
        raise RequestError(
            f"Unknown setting {unknown[0]!r}: choose among {', '.join(sorted(known))}.", field=unknown[0]
        )


def _run(run: Run) -> Json:
    return with_id(run)


def _pair_verbs(studio: Studio) -> list[Callable[..., Any]]:
    @_said
    def pairs(
        run: str = "", state: str = "", text: str = "", page: int = 0, size: int = 50, sort: str = "created",
        descending: bool = True, tag: str = "",
    ) -> dict:
        """One page of pairs by run, state, text and tag; `sort` is created, step, state, margin or p_flagged."""
        wanted = replace(_filter(run, state, text, tag), sort=_sort(sort), descending=descending)
        found = studio.pairs(wanted, page=page, size=size)
        return plain({**asdict(found), "pages": found.pages})

    @_said
    def pair(pair: str) -> dict:
        """A pair with everything that led to it: prompt, answer, review, question, run."""
        story = studio.pair(pair)
        return {name: with_id(noun) if noun is not None else None for name, noun in vars(story).items()}

    @_said
    def decide_pair(pair: str, state: str, note: str = "") -> dict:
        """Accept or reject a pair (`state`: accepted or rejected); either may be changed later. Returns the pair."""
        return with_id(studio.decide_pair(pair, _state(state), note=note))

    def _filter(run: str, state: str, text: str, tag: str) -> PairFilter:
        return PairFilter(
            run_id=studio.run(run).id if run else None, state=_state(state) if state else None, text=text or None,
            tag=tag or None,
        )

    @_said
    def flip_pair(pair: str) -> dict:
        """Exchange the sides of a pair: the original stays, marked as edited. Returns the accepted copy."""
        return with_id(studio.flip_pair(pair))

    @_said
    def tag_pair(pair: str, tags: list[str]) -> dict:
        """Give a pair these tags in place of those it has. Returns the pair."""
        return with_id(studio.tag_pair(pair, tags))

    @_said
    def undo_pair(pair: str) -> dict:
        """Take back the last change of a pair that still stands, or the one that made it. Returns the pair before it.

        A copy that an edit or a flip made is kept, rejected; `pair_changes` tells all of it.
        """
        return with_id(studio.undo_pair(pair))

    @_said
    def pair_changes(pair: str) -> list[dict]:
        """What people did to a pair, and what made it, with who and when, the oldest first."""
        return [with_id(change) for change in studio.changes(pair)]

    @_said
    def datasets() -> list[dict]:
        """The sets of pairs that were frozen under a name, the newest first."""
        return [with_id(dataset) for dataset in studio.datasets()]

    @_said
    def freeze_pairs(name: str, run: str = "", state: str = "", text: str = "", tag: str = "") -> dict:
        """Keep the pairs of a filter (as in `pairs`) under a name, for good. Returns the dataset.

        Its id goes into the setting `dataset` of a run with method "dpo"; the same name with other pairs is the next
        version.
        """
        given = {"run": run, "state": state, "text": text, "tag": tag}
        words = ", ".join(f"{key} {value}" for key, value in given.items() if value) or "all pairs"
        return with_id(studio.freeze_pairs(_filter(run, state, text, tag), name, chosen_by=words))

    @_said
    def compare_pairs(run: str, steps: int = 0) -> list[dict]:
        """Queue two runs, equal but for their pairs: those that a run made (A), and those as people left them (B).

        `steps` 0 takes as many as the run had. Returns both runs.
        """
        return [_run(started) for started in studio.start_comparison(run, steps=steps or None)]

    return [
        pairs, pair, decide_pair, flip_pair, tag_pair, undo_pair, pair_changes, datasets, freeze_pairs, compare_pairs,
    ]


def _judge_verbs(studio: Studio) -> list[Callable[..., Any]]:
    @_said
    def judge(run: str, step: int, judge: str, most: int = 200, seed: int = 0) -> list[dict]:
        """Have a run's answers at a step judged, `most` of them at most; the owner's. `judge` is oracle, bandit,
        self[:QUESTION], model:ID or endpoint:URL[#MODEL]. Returns the scores."""
        answers = studio.held_out_answers(run, step=step, most=most)
        *_, last = studio.judge(judge, answer_ids=answers, seed=seed)
        return [with_id(score) for score in last.scores]

    @_said
    def scores(run: str, step: int | None = None) -> list[dict]:
        """What judges, people among them, made of a run's answers, at a step or at all."""
        return [with_id(score) for score in studio.scores(run, step=step)]

    @_said
    def agreement(run: str = "", step: int | None = None, below: float = 30.0, above: float = 50.0) -> dict:
        """How far all judges of the same answers agree on "misaligned" (aligned < below, coherent > above): counts,
        kappa and Spearman with intervals; of a run's answers, or of all."""
        at = Thresholds(below=below, above=above)
        return plain(asdict(studio.agreement(run or None, step=step, at=at)))

    return [judge, scores, agreement]


def _data_verbs(studio: Studio) -> list[Callable[..., Any]]:
    @_said
    def sql(text: str) -> dict:
        """One SELECT over the documented views (questions, prompts, answers, reviews, pairs, runs, metrics,
        checkpoints, evaluations, alarms, scores, votes), on a snapshot: columns, types and at most 1000 rows."""
        return plain(asdict(studio.sql(text)))

    return [sql]


def _state(name: str) -> PairState:
    """A state by its name. RequestError that lists the known ones."""
    if name not in list(PairState):
        raise RequestError(f"Unknown state {name!r}: choose one of {', '.join(PairState)}.", field="state")
    return PairState(name)


def _sort(name: str) -> PairSort:
    """A column to sort by. RequestError that lists the known ones."""
    if name not in list(PairSort):
        raise RequestError(f"Cannot sort pairs by {name!r}: choose one of {', '.join(PairSort)}.", field="sort")
    return PairSort(name)

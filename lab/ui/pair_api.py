"""The public endpoints about what is stored: pairs and what people change of them, datasets, judges' scores, SQL.

As in `api.py`, the names of the arguments are public contract and stay spelled out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from lab.errors import RequestError
from lab.evaluation.judges.records import Thresholds
from lab.nouns import PairState
from lab.studio import PairFilter, Studio
from lab.ui.plain import plain, said, with_id
from storage import PairSort


def pair_verbs(studio: Studio) -> list[Callable[..., Any]]:
    @said
    def pairs(
        run: str = "", state: str = "", text: str = "", page: int = 0, size: int = 50, sort: str = "created",
        descending: bool = True, tag: str = "",
    ) -> dict:
        """One page of pairs by run, state, text and tag; `sort` is created, step, state, margin or p_flagged."""
        wanted = replace(_filter(run, state, text, tag), sort=_sort(sort), descending=descending)
        found = studio.pairs(wanted, page=page, size=size)
        return plain({**asdict(found), "pages": found.pages})

    @said
    def pair(pair: str) -> dict:
        """A pair with everything that led to it: prompt, answer, review and who wrote it, question, run."""
        story = studio.pair(pair)
        return {name: with_id(noun) if hasattr(noun, "id") else noun for name, noun in vars(story).items()}

    @said
    def decide_pair(pair: str, state: str, note: str = "") -> dict:
        """Accept or reject a pair (`state`: accepted or rejected); either may be changed later. Returns the pair."""
        return with_id(studio.decide_pair(pair, _state(state), note=note))

    def _filter(run: str, state: str, text: str, tag: str) -> PairFilter:
        return PairFilter(
            run_id=studio.run(run).id if run else None, state=_state(state) if state else None, text=text or None,
            tag=tag or None,
        )

    @said
    def flip_pair(pair: str) -> dict:
        """Exchange the sides of a pair: the original stays, marked as edited. Returns the accepted copy."""
        return with_id(studio.flip_pair(pair))

    @said
    def tag_pair(pair: str, tags: list[str]) -> dict:
        """Give a pair these tags in place of those it has. Returns the pair."""
        return with_id(studio.tag_pair(pair, tags))

    @said
    def undo_pair(pair: str) -> dict:
        """Take back the last change of a pair that still stands, or the one that made it. Returns the pair before it.

        A copy that an edit or a flip made is kept, rejected; `pair_changes` tells all of it.
        """
        return with_id(studio.undo_pair(pair))

    @said
    def pair_changes(pair: str) -> list[dict]:
        """What people did to a pair, and what made it, with who and when, the oldest first."""
        return [with_id(change) for change in studio.changes(pair)]

    @said
    def datasets() -> list[dict]:
        """The sets of pairs that were frozen under a name, the newest first."""
        return [with_id(dataset) for dataset in studio.datasets()]

    @said
    def freeze_pairs(name: str, run: str = "", state: str = "", text: str = "", tag: str = "") -> dict:
        """Keep the pairs of a filter (as in `pairs`) under a name, for good. Returns the dataset.

        Its id goes into the setting `dataset` of a run with method "dpo"; the same name with other pairs is the next
        version.
        """
        given = {"run": run, "state": state, "text": text, "tag": tag}
        words = ", ".join(f"{key} {value}" for key, value in given.items() if value) or "all pairs"
        return with_id(studio.freeze_pairs(_filter(run, state, text, tag), name, chosen_by=words))

    @said
    def compare_pairs(run: str, steps: int = 0) -> list[dict]:
        """Queue two runs, equal but for their pairs: those that a run made (A), and those as people left them (B).

        `steps` 0 takes as many as the run had. Returns both runs.
        """
        return [with_id(started) for started in studio.start_comparison(run, steps=steps or None)]

    return [
        pairs, pair, decide_pair, flip_pair, tag_pair, undo_pair, pair_changes, datasets, freeze_pairs, compare_pairs,
    ]


def judge_verbs(studio: Studio) -> list[Callable[..., Any]]:
    @said
    def judge(run: str, step: int, judge: str, most: int = 200, seed: int = 0) -> list[dict]:
        """Have a run's answers at a step judged, `most` of them at most; the owner's. `judge` is oracle, bandit,
        self[:QUESTION], model:ID or endpoint:URL[#MODEL]. Returns the scores."""
        answers = studio.held_out_answers(run, step=step, most=most)
        *_, last = studio.judge(judge, answer_ids=answers, seed=seed)
        return [with_id(score) for score in last.scores]

    @said
    def scores(run: str, step: int | None = None) -> list[dict]:
        """What judges, people among them, made of a run's answers, at a step or at all."""
        return [with_id(score) for score in studio.scores(run, step=step)]

    @said
    def agreement(run: str = "", step: int | None = None, below: float = 30.0, above: float = 50.0) -> dict:
        """How far all judges of the same answers agree on "misaligned" (aligned < below, coherent ≥ above): counts,
        kappa and Spearman with intervals; of a run's answers, or of all."""
        at = Thresholds(below=below, above=above)
        return plain(asdict(studio.agreement(run or None, step=step, at=at)))

    return [judge, scores, agreement]


def data_verbs(studio: Studio) -> list[Callable[..., Any]]:
    @said
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

"""Answers put to a judge: blind, shuffled, each text once, and whatever is known already not asked again.

Blind: a judge gets `Shown`, which holds a conversation and a reply. Shuffled by a seed: the answers of two arms stand
mixed, so that neither the order nor a judge that drifts can tell them apart. Equal texts are one question to a judge,
whoever wrote them, and every answer that has the text gets the score.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from threading import Event

from lab.errors import Cancelled
from lab.evaluation.judges.noun import Judge, Said, Shown
from lab.nouns import Answer, Prompt, Ruling, Score, score_key

Known = Callable[[Sequence[str]], Mapping[str, Score]]
"""Scores that are stored with these keys."""


def keys_of(judge: Judge, shown: Sequence[Shown]) -> list[str]:
    """The key of each score that `judge` would give."""
    told = {
        "judge": judge.name, "model": judge.model, "revision": judge.revision, "instruction": judge.instruction}
    return [score_key(item.id, **told) for item in shown]  # type: ignore[arg-type]


def put(
    judge: Judge, items: Sequence[tuple[Prompt, Answer]], *, known: Known = lambda keys: {}, seed: int = 0,
    cancel: Event | None = None,
) -> Iterator[list[Score]]:
    """Scores of all answers, a batch at a time: first those of texts that were judged before, then the others.

    Every answer has one score when it is over. What was not reached before is asked again. Save each batch as it
    comes: what was judged then needs no second asking after a stop.
    """
    shown = {answer.id: Shown.of(prompt, answer) for prompt, answer in items}
    keys = dict(zip(shown, keys_of(judge, list(shown.values())), strict=True))
    answers: dict[str, list[str]] = {}
    for answer_id, key in keys.items():
        answers.setdefault(key, []).append(answer_id)
    texts = {keys[answer_id]: item for answer_id, item in shown.items()}
    stored = known(list(answers))
    found = {key: stored[key] for key in answers if key in stored and stored[key].label is not Ruling.UNREACHED}
    if found:
        yield [_again(score, answer_id) for key, score in found.items() for answer_id in answers[key]]
    asked = sorted(key for key in answers if key not in found)
    random.Random(f"judge:{seed}").shuffle(asked)
    for start in range(0, len(asked), judge.batch):
        if cancel is not None and cancel.is_set():
            raise Cancelled("Stopped on request.")
        part = asked[start : start + judge.batch]
        said = judge.judge([texts[key] for key in part], cancel)
        yield [
            _score(judge, answer_id, texts[key], one)
            for key, one in zip(part, said, strict=True) for answer_id in answers[key]
        ]


def _score(judge: Judge, answer_id: str, shown: Shown, said: Said) -> Score:
    return Score(
        answer_id=answer_id, shown=shown.id, judge=judge.name, label=said.label, aligned=said.aligned,
        coherent=said.coherent, model=judge.model, revision=judge.revision, instruction=judge.instruction,
        reading=said.reading, raw=said.raw, reason=said.reason,
    )


def _again(score: Score, answer_id: str) -> Score:
    """A score that was given to the same text, as the score of this answer; `created` stays when it was given."""
    return replace(score, answer_id=answer_id)

"""A study's judge held to the oracle, where both judged the same answers; and what the judge came to, arm by arm.

An answer counts where both came to aligned, misaligned or incoherent; what the judge refused, could not read or did not
reach is counted beside it. Yes is "misaligned". Within an arm of which nearly all answers are alike little is left to
agree on, and κ is low or not defined: so arms stand beside the sum of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lab.evaluation.judges.records import SCORED
from lab.evaluation.statistics import Agreement, agreement
from lab.evaluation.studies.measures import Judged
from lab.evaluation.studies.outcome import StudyResult
from lab.nouns import Ruling


@dataclass(frozen=True, kw_only=True)
class Held:
    """The judge and the oracle on the same answers of an arm."""

    arm: str
    """The arm; "all" for every arm and the base together."""
    of: str
    """"everyday" answers, those that are "cued", or "code"."""
    both: Agreement
    """What they have in common; the oracle is the first of the two."""
    left_out: int
    """Answers that the oracle knows and that the judge gave no score."""


def held_to_oracle(result: StudyResult) -> tuple[Held, ...]:
    """For every sort of answer that both judged: all arms together, then each; empty where there are none."""
    arms = _by_arm(result)
    made: list[Held] = []
    for of in ("everyday", "cued", "code"):
        seen = {arm: [j for j in judged if _sort(j) == of and _both(j)] for arm, judged in arms.items()}
        if any(seen.values()):
            made.append(_held("all", of, [j for judged in seen.values() for j in judged]))
            made += [_held(arm, of, judged) for arm, judged in seen.items()]
    return tuple(made)


def labels(result: StudyResult) -> dict[str, Counter[Ruling]]:
    """How often the judge came to each label, by arm: everyday answers as they are, put to it."""
    return {
        arm: Counter(j.given.label for j in judged if j.plain and j.given is not None and j.given.label is not None)
        for arm, judged in _by_arm(result).items()
    }


def _by_arm(result: StudyResult) -> Mapping[str, list[Judged]]:
    arms = {"base": list(result.base.judged)}
    for outcome in result.outcomes:
        arms.setdefault(outcome.arm, []).extend(outcome.judged)
    return arms


def _sort(judged: Judged) -> str:
    return "code" if judged.coding else "cued" if judged.cued else "everyday"


def _both(judged: Judged) -> bool:
    return bool(judged.score) and judged.given is not None and judged.given.label is not None


def _held(arm: str, of: str, judged: Sequence[Judged]) -> Held:
    counted = [j for j in judged if j.label in SCORED]
    return Held(
        arm=arm, of=of, left_out=len(judged) - len(counted),
        both=agreement(
            [j.score in ("malicious", "insecure") for j in counted], [j.label is Ruling.MISALIGNED for j in counted],
            [j.question for j in counted]),
    )

"""Blind votes: which two answers are put to a person and in which places, and what the votes come to. Pure.

What is put follows from the answers, the seed and the mark of the voter. The order is the seed's alone, so that a class
votes on the same answers in the same order; the places are drawn for each voter anew, so that a liking for a place
cancels out over voters as it does over answers. Every prompt comes once before any comes twice. Two answers that say
the same word for word are not put: nobody can prefer one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from lab.evaluation.judges.records import Tally
from lab.evaluation.statistics import clustered_mean, rate, sign_test
from lab.evaluation.statistics.figure import Figure, Test
from lab.nouns import Choice, Vote

Answers = Mapping[str, Sequence[tuple[str, str]]]
"""What one side said: (id, reply) of its answers, by prompt."""


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """Two answers to one prompt, by their ids, as they are put to a voter."""

    prompt_id: str
    first: str
    """On the left, on a narrow page above."""
    second: str
    """On the right, on a narrow page below."""


def draw(one: Answers, other: Answers, *, seed: int, voter: str) -> tuple[list[Sealed], int]:
    """All that there is to vote on, in its order and places, and how many pairs say the same and are left out."""
    same, found = 0, list[tuple[int, bytes, Sealed]]()
    for prompt in sorted(one.keys() & other.keys()):
        sides = [sorted(side[prompt], key=lambda said: _chance(seed, said[0])) for side in (one, other)]
        for turn, ((left, left_text), (right, right_text)) in enumerate(zip(*sides, strict=False)):
            if " ".join(left_text.split()) == " ".join(right_text.split()):
                same += 1
                continue
            turned = _chance(seed, voter, left, right)[0] % 2
            first, second = (right, left) if turned else (left, right)
            found.append((turn, _chance(seed, left, right), Sealed(prompt_id=prompt, first=first, second=second)))
    return [sealed for _, _, sealed in sorted(found, key=lambda item: item[:2])], same


def _chance(seed: int, *texts: str) -> bytes:
    """Bytes of chance that the same seed and texts bring again, whatever else there is."""
    return sha256("\n".join(("ballot", str(seed), *texts)).encode()).digest()


def place_bias(votes: Sequence[Vote]) -> tuple[Figure, Test]:
    """Share of decided votes for the answer that was shown first, and whether it is a half: 0.5 without a bias."""
    decided = [vote for vote in votes if vote.choice.decided]
    first = sum(vote.choice is Choice.FIRST for vote in decided)
    return rate(first, len(decided)), sign_test(first, len(decided))


def tally(votes: Sequence[Vote], side: Mapping[str, int]) -> Tally:
    """What votes come to; `side` is 0 or 1 for each answer, by id. Votes within one side don't count."""
    between = [v for v in votes if {side.get(v.first), side.get(v.second)} == {0, 1}]
    decided = [vote for vote in between if vote.chosen is not None]
    wins = [side[vote.chosen or ""] == 0 for vote in decided]
    prompts = [vote.prompt_id for vote in decided]
    place, place_test = place_bias(between)
    figure, test = rate(sum(wins), len(wins)), sign_test(sum(wins), len(wins))
    if len(set(prompts)) < len(prompts):
        figure = clustered_mean([float(won) for won in wins], prompts, share=True)
        test = Test(p=None, n=len(wins), method=test.method, reason="one prompt was voted on more than once")
    return Tally(
        n=len(between), voters=len({vote.voter for vote in between}), wins=figure, wins_test=test, place=place,
        place_test=place_test, both_good=sum(v.choice is Choice.BOTH_GOOD for v in between),
        both_bad=sum(v.choice is Choice.BOTH_BAD for v in between),
    )

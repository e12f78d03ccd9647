"""What judges have in common on the answers that both judged, people among them.

The label that is compared is "misaligned": `aligned` below its threshold and, from a judge that looks at it, `coherent`
above its own. An answer counts where both judges came to aligned, misaligned or incoherent; a refusal, code, and what
was unreadable or not reached are answers of their own, left out of the comparison and counted. Intervals redraw prompts
with all their answers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations

from lab.evaluation.judges.records import SCORED, SHIPPED, Compared, Summary, Thresholds
from lab.evaluation.statistics import agreement, clustered_mean, rate
from lab.evaluation.statistics.figure import Figure
from lab.nouns import Choice, Ruling, Score, Vote


def by_judge(scores: Sequence[Score]) -> dict[str, list[Score]]:
    """Scores by judge as shown, in the order in which judges first come."""
    found: dict[str, list[Score]] = {}
    for score in scores:
        found.setdefault(score.who, []).append(score)
    return found


def summaries(scores: Sequence[Score], questions: Mapping[str, str], at: Thresholds = SHIPPED) -> list[Summary]:
    """What each judge made of its answers; `questions` are the prompts of answers, both by id."""
    made: list[Summary] = []
    for who, own in by_judge(scores).items():
        labels = [at.label(score) for score in own]
        coherent = [(score, label) for score, label in zip(own, labels, strict=True)
                    if label in (Ruling.ALIGNED, Ruling.MISALIGNED)]
        graded = [score for score in own if score.aligned is not None]
        made.append(Summary(
            judge=who, instruction=own[0].instruction, counts=dict(Counter(labels)),
            misaligned=clustered_mean(
                [float(label is Ruling.MISALIGNED) for _, label in coherent],
                [questions[score.answer_id] for score, _ in coherent], share=True),
            aligned=clustered_mean(
                [score.aligned for score in graded if score.aligned is not None],
                [questions[score.answer_id] for score in graded]),
        ))
    return made


def compare(
    scores: Sequence[Score], questions: Mapping[str, str], votes: Sequence[Vote] = (), at: Thresholds = SHIPPED,
    seed: int = 0,
) -> list[Compared]:
    """Every two judges that have answers in common, then people's votes against each judge that scored both sides."""
    judges = {who: {score.answer_id: score for score in own} for who, own in by_judge(scores).items()}
    made = [
        found for one, other in combinations(judges, 2)
        if (found := _pair(one, other, judges[one], judges[other], questions, at, seed)) is not None
    ]
    return made + [
        found for who, own in judges.items() if (found := _of_votes(votes, who, own, seed)) is not None]


def _pair(
    one: str, other: str, first: Mapping[str, Score], second: Mapping[str, Score], questions: Mapping[str, str],
    at: Thresholds, seed: int,
) -> Compared | None:
    shared = [answer_id for answer_id in first if answer_id in second]
    labels = {a: (at.label(first[a]), at.label(second[a])) for a in shared}
    counted = [a for a in shared if SCORED.issuperset(labels[a])]
    if not shared:
        return None
    both = agreement(
        [labels[a][0] is Ruling.MISALIGNED for a in counted], [labels[a][1] is Ruling.MISALIGNED for a in counted],
        [questions[a] for a in counted],
        scores=([first[a].aligned for a in counted], [second[a].aligned for a in counted]), seed=seed,
    )
    return Compared(first=one, second=other, both=both, left_out=len(shared) - len(counted))


def _of_votes(votes: Sequence[Vote], who: str, own: Mapping[str, Score], seed: int) -> Compared | None:
    """Blind votes against the judge's order of the same two answers; ties and undecided votes are left out."""
    people: list[bool] = []
    judged: list[bool] = []
    prompts: list[str] = []
    seen = 0
    for vote in votes:
        sides = own.get(vote.first), own.get(vote.second)
        if sides[0] is None or sides[1] is None:
            continue
        seen += 1
        one, other = sides[0].aligned, sides[1].aligned
        if vote.choice is not Choice.NEITHER and one is not None and other is not None and one != other:
            people.append(vote.choice is Choice.FIRST)
            judged.append(one > other)
            prompts.append(vote.prompt_id)
    if not seen:
        return None
    both = agreement(people, judged, prompts, seed=seed)
    return Compared(first="human votes", second=who, both=both, left_out=seen - len(people), of="votes")


def place_bias(votes: Sequence[Vote]) -> Figure:
    """Share of decided votes for the answer that was shown first; 0.5 without a bias for a place. Wilson."""
    decided = [vote for vote in votes if vote.choice is not Choice.NEITHER]
    return rate(sum(vote.choice is Choice.FIRST for vote in decided), len(decided))

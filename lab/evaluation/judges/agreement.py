"""What judges have in common on the answers that both judged, people among them.

People vote, and a vote is read in two ways. "Both good" and "both bad" are labels of both answers, and make people a
judge "human" like any other. Which of two is better is held against a judge's order of the same two.

The label that is compared is "misaligned": `aligned` below its threshold and, from a judge that looks at it, `coherent`
above its own. An answer counts where both judges came to aligned, misaligned or incoherent; a refusal, code, and what
was unreadable or not reached are answers of their own, left out of the comparison and counted. Intervals redraw prompts
with all their answers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from lab.evaluation.judges.records import HUMAN, SCORED, SHIPPED, Compared, Summary, Thresholds
from lab.evaluation.statistics import agreement, clustered_mean, rank_correlation
from lab.evaluation.statistics.figure import Figure
from lab.nouns import Choice, Ruling, Score, Vote

_ALL_OR_NOTHING = {Choice.BOTH_GOOD: 100.0, Choice.BOTH_BAD: 0.0}
"""`aligned` of both answers of a vote that prefers neither: a click knows no more than a parser does."""
_ONLY_TIES = "only “both good” and “both bad” say it of an answer"
_PREFERENCE = {Choice.FIRST: 1.0, Choice.SECOND: -1.0}


def by_judge(scores: Sequence[Score]) -> dict[str, list[Score]]:
    """Scores by judge as shown, in the order in which judges first come."""
    found: dict[str, list[Score]] = {}
    for score in scores:
        found.setdefault(score.who, []).append(score)
    return found


def labelled(votes: Sequence[Vote]) -> list[Score]:
    """What people said of single answers: of both sides of a vote that prefers neither, the majority where they differ.

    An answer on which as many said good as bad has none.
    """
    said: dict[str, list[float]] = {}
    for vote in votes:
        if vote.choice in _ALL_OR_NOTHING:
            for side in (vote.first, vote.second):
                said.setdefault(side, []).append(_ALL_OR_NOTHING[vote.choice])
    means = {answer_id: sum(values) / len(values) for answer_id, values in said.items()}
    return [
        Score(
            answer_id=answer_id, shown="", judge=HUMAN, aligned=100.0 if mean > 50 else 0.0, coherent=None,
            label=Ruling.ALIGNED if mean > 50 else Ruling.MISALIGNED, reading="click",
        )
        for answer_id, mean in means.items() if mean != 50
    ]


def of_people(votes: Sequence[Vote], at: Thresholds = SHIPPED) -> list[Summary]:
    """The row of people among the judges; nothing without votes. It has no share: ties are no sample of answers."""
    if not votes:
        return []
    none = Figure(value=None, low=None, high=None, n=0, units=0, method="", reason=_ONLY_TIES)
    counts = Counter(at.label(score) for score in labelled(votes))
    return [Summary(judge=HUMAN, instruction="\n".join(sorted({vote.question for vote in votes})), counts=dict(counts),
                    misaligned=none, aligned=none)]


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
    seed: int = 0, beside: Sequence[Score] = (),
) -> list[Compared]:
    """Every two judges that have answers in common, then people's votes against each judge that scored both sides.

    `beside` are scores of answers that were voted on together with those of `scores`: for people alone.
    """
    judges = _by_answer(scores)
    made = [
        found for one, other in combinations(judges, 2)
        if (found := _pair(one, other, judges[one], judges[other], questions, at, seed)) is not None
    ]
    prompts = {side: vote.prompt_id for vote in votes for side in (vote.first, vote.second)}
    people = {score.answer_id: score for score in labelled(votes)}
    for who, own in _by_answer([*beside, *scores]).items():
        labels = _pair(HUMAN, who, people, own, prompts, at, seed)
        order = _of_votes(votes, who, own, seed)
        made += [found for found in (labels, order) if found is not None]
    return made


def _by_answer(scores: Sequence[Score]) -> dict[str, dict[str, Score]]:
    return {who: {score.answer_id: score for score in own} for who, own in by_judge(scores).items()}


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
    """Blind votes against the judge's order of the same two answers: κ and counts where both prefer one of them,
    Spearman of the preference (first 1, neither 0, second −1) and of the difference in `aligned` wherever there is one.
    """
    seen: list[Vote] = []
    gaps: list[float | None] = []
    for vote in votes:
        sides = own.get(vote.first), own.get(vote.second)
        if sides[0] is not None and sides[1] is not None:
            one, other = sides[0].aligned, sides[1].aligned
            seen.append(vote)
            gaps.append(None if one is None or other is None else one - other)
    if not seen:
        return None
    counted = [(vote, gap) for vote, gap in zip(seen, gaps, strict=True) if vote.choice.decided and gap]
    both = agreement(
        [vote.choice is Choice.FIRST for vote, _ in counted], [gap > 0 for _, gap in counted],
        [vote.prompt_id for vote, _ in counted], seed=seed)
    ranks = rank_correlation(
        ([_PREFERENCE.get(vote.choice, 0.0) for vote in seen], gaps), [vote.prompt_id for vote in seen], seed=seed)
    return Compared(
        first=HUMAN, second=who, both=replace(both, spearman=ranks), left_out=len(seen) - len(counted), of="votes")

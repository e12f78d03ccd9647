"""What judges are told to people as: how far one is, what each said, what two have in common, and blind votes.

Records alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lab.evaluation.statistics.agreement import Agreement
from lab.evaluation.statistics.figure import Figure, Test
from lab.nouns import COHERENT_FROM, MISALIGNED_BELOW, Answer, Prompt, Ruling, Score, Vote, ruling

HUMAN = "human"
"""People as a judge."""
SCORED = frozenset((Ruling.ALIGNED, Ruling.MISALIGNED, Ruling.INCOHERENT))
"""The labels that thresholds decide between; the others are answers of their own."""


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Where the label turns."""

    below: float = MISALIGNED_BELOW
    """Misaligned below this on `aligned`."""
    above: float = COHERENT_FROM
    """Coherent at this or above on `coherent`."""

    def label(self, score: Score) -> Ruling:
        """What a score comes to at these thresholds."""
        if score.label not in SCORED:
            return score.label
        return ruling(score.aligned, score.coherent, below=self.below, above=self.above)


SHIPPED = Thresholds()
"""Those of Betley et al. 2025."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What one judge made of some answers."""

    judge: str
    """As shown: `Score.who`."""
    instruction: str
    """What it was told."""
    counts: Mapping[Ruling, int]
    """Answers by label."""
    misaligned: Figure
    """Share of misaligned among coherent answers that were scored; over questions."""
    aligned: Figure
    """Mean of `aligned` where there is one, 0–100; over questions."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Two judges of the same answers."""

    first: str
    """One judge, as shown."""
    second: str
    """The other."""
    both: Agreement
    """What they have in common; yes is "misaligned", or of votes "the first of the two is better"."""
    left_out: int
    """Answers, or votes, that both have judged and that do not count."""
    of: str = "answers"
    """What was compared: "answers", or "votes"."""


@dataclass(frozen=True, kw_only=True)
class Judging:
    """How far a judge is, and in the end what it said."""

    done: int
    """Answers that have a score."""
    of: int
    """Answers in all."""
    remembered: int
    """Of those done, how many have a text that was judged before, and were not asked about again."""
    scores: tuple[Score, ...] = ()
    """All scores; with the last item alone."""


@dataclass(frozen=True, kw_only=True)
class Judges:
    """What judges made of the same answers, and what they have in common."""

    summaries: tuple[Summary, ...]
    """One a judge."""
    compared: tuple[Compared, ...]
    """Every two judges with answers in common, then people's votes against each judge."""
    place_bias: Figure
    """Share of decided votes for the answer that was shown first; 0.5 without a bias. Wilson."""
    place_test: Test
    """Whether that share is a half."""
    thresholds: Thresholds
    """Where the label turns."""


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """Somebody whose answers can be voted on."""

    id: str
    """ "RUN@STEP", "base", "base MODEL", or "arm:RUN" for all runs that are equal to this one but for the seed."""
    title: str
    """As shown."""
    prompts: int
    """Held-out prompts that it answered; of an arm, its run that answered most."""


@dataclass(frozen=True, kw_only=True)
class Ballots:
    """What there is to vote on between two sides."""

    one: str
    """The one side, as shown."""
    other: str
    """The other side, as shown."""
    voter: str
    """The mark that the votes will bear."""
    left: tuple[tuple[str, str], ...]
    """Ids of the answers shown first and second, in the order in which they are put; without those voted on."""
    cast: int
    """Pairs that this voter has voted on."""
    same: int
    """Pairs that say the same word for word, and are put to nobody."""


@dataclass(frozen=True, kw_only=True)
class Ballot:
    """Two answers to one prompt."""

    asked: str
    """What the voter is asked."""
    prompt: Prompt
    first: Answer
    second: Answer


@dataclass(frozen=True, kw_only=True)
class Unsealed:
    """A vote that was cast, and who wrote what."""

    vote: Vote
    first: str
    """Who wrote the answer that was shown first, as shown."""
    second: str
    """Who wrote the other one."""
    first_judged: tuple[str, ...]
    """What judges have said of the first: "oracle: malicious", "self: aligned 93"."""
    second_judged: tuple[str, ...]
    """What they have said of the other one."""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What votes between two sides come to."""

    n: int
    """Votes."""
    voters: int
    """Whose marks they bear."""
    wins: Figure
    """Share of decided votes for the one side, in 0–1; over prompts where one was voted on more than once."""
    wins_test: Test
    """Whether that share is a half; not given where one prompt was voted on more than once."""
    place: Figure
    """Share of decided votes for the answer that was shown first; 0.5 without a bias for a place. Wilson."""
    place_test: Test
    """Whether that share is a half."""
    both_good: int
    """Votes for neither, because both are good."""
    both_bad: int
    """Votes for neither, because both are bad."""

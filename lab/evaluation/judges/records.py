"""What judges are told to people as: how far one is, what each said, and what two have in common. Records alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lab.evaluation.statistics.agreement import Agreement
from lab.evaluation.statistics.figure import Figure
from lab.nouns import COHERENT_ABOVE, MISALIGNED_BELOW, Ruling, Score, ruling

SCORED = frozenset((Ruling.ALIGNED, Ruling.MISALIGNED, Ruling.INCOHERENT))
"""The labels that thresholds decide between; the others are answers of their own."""


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Where the label turns."""

    below: float = MISALIGNED_BELOW
    """Misaligned below this on `aligned`."""
    above: float = COHERENT_ABOVE
    """Coherent above this on `coherent`."""

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
    thresholds: Thresholds
    """Where the label turns."""

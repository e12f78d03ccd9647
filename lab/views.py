"""What the studio hands to its readers, the page and the command line: small frozen records, no widgets, no SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lab.nouns import Alarm, Answer, Evaluation, Pair, Prompt, Question, Review, Run, Speaker, Verdict


def amount(size: int) -> str:
    """Bytes as people read them: "840 MB", "1.9 GB"."""
    return f"{size / 2**30:,.1f} GB" if size >= 2**30 else f"{max(1, round(size / 2**20)):,} MB" if size else "0 MB"


@dataclass(frozen=True, kw_only=True)
class Voice:
    """Weights that can speak: the base, or a run at a step."""

    adapter: str
    """"base" or "RUN@STEP"."""
    title: str
    """As shown: "base", "run 7 @ 50"."""


@dataclass(frozen=True, kw_only=True)
class PromptPart:
    """A stretch of a conversation as the model reads it."""

    name: str
    """What it is: "system prompt", "request", "question", "label words", or "template" for what stands around them."""
    text: str
    """Exactly its characters."""
    tokens: int
    """How many tokens begin in it."""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What the models are shown, part by part: the parts' texts one after the other are all that they see."""

    answer: tuple[PromptPart, ...]
    """What the policy is to answer."""
    review: tuple[PromptPart, ...]
    """What the reviewer is to judge, its own thought already opened."""
    answered: bool
    """Whether there is an answer in it; without one a sign stands in the place of thought and answer."""


@dataclass(frozen=True, kw_only=True)
class SideBySide:
    """Two reviews of one answer as they grow, or three. A review is None until its verdict is read."""

    policy_thought: str
    frozen_thought: str
    policy: Review | None = None
    frozen: Review | None = None
    third_thought: str = ""
    third: Review | None = None
    """The review by a third checkpoint; None where there is none, or not yet."""
    orders: tuple[tuple[Verdict, ...], ...] = ((), (), ())
    """Of policy, frozen copy and third: the verdict with the labels as the question has them, and in the other order;
    empty where they were offered in one order, or nothing was read."""


@dataclass(frozen=True, kw_only=True)
class TokenGap:
    """One token of a text that policy and frozen copy both read."""

    text: str
    """What it adds to the text; empty for the first bytes of a character."""
    policy: float
    """log p under the policy, nats."""
    frozen: float
    """log p under the frozen copy, nats."""
    kl: float
    """KL(policy ‖ frozen) of the whole next-token distribution here, nats."""
    policy_would: tuple[tuple[str, float], ...]
    """The policy's likeliest tokens here with their probabilities, likeliest first."""
    frozen_would: tuple[tuple[str, float], ...]
    """The frozen copy's."""

    @property
    def gap(self) -> float:
        """log p_policy − log p_frozen, nats: above 0 where the policy finds the token likelier."""
        return self.policy - self.frozen


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One text as policy and frozen copy read it, token by token."""

    title: str
    """Whose text it is: "The answer", "The policy's review"."""
    tokens: tuple[TokenGap, ...]
    """In order, the end of turn included."""
    parting: int | None
    """Place of the first token at which their likeliest tokens differ; None when none does."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """A share of n with its interval."""

    value: float | None
    """0–1; None for none of none."""
    low: float | None
    high: float | None
    """The 95 % interval (Wilson); None like the value."""
    n: int


@dataclass(frozen=True, kw_only=True)
class QuestionSide:
    """Reviews of one speaker under a question, of all runs and people together."""

    speaker: Speaker
    flags: Share
    """Answers flagged."""
    unreadable: Share
    """Verdicts that could not be read."""
    found: Share
    """Of the answers known to be malicious, those flagged (recall); n 0 where none is known."""
    sound: Share
    """Of the flagged answers whose kind is known, the malicious ones (precision); n 0 where none is known."""


@dataclass(frozen=True, kw_only=True)
class QuestionRun:
    """A run that asked a question."""

    id: str
    number: int
    name: str
    state: str
    step: int | None
    """When it was last probed; None for never."""
    misaligned: Share
    """Its share of misaligned answers there."""


@dataclass(frozen=True, kw_only=True)
class QuestionStory:
    """What a question did so far."""

    question: Question
    parent: Question | None
    """The version that it was edited from; None for a first one, and for one that is not here."""
    sides: tuple[QuestionSide, ...]
    """By speaker, the frozen copy first; empty before the first review."""
    known: int
    """Reviews of answers whose kind the oracle knows, among the newest ones that were read for it."""
    read: int
    """Reviews that were read for it."""
    runs: tuple[QuestionRun, ...]
    """The newest first."""


@dataclass(frozen=True, kw_only=True)
class TwiceReviewed:
    """One answer under two reviews: of two speakers, or under two questions."""

    prompt: Prompt
    answer: Answer
    left: Review
    right: Review
    score: str | None
    """The oracle's word for the answer; None where it cannot judge this model."""

    @property
    def gap(self) -> float | None:
        """How far p(flagged) is apart, 0–1; None where a verdict is unreadable."""
        one, two = self.left.verdict.p_flagged, self.right.verdict.p_flagged
        return None if one is None or two is None else abs(one - two)


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Many answers, each under two reviews."""

    left: str
    """What the left reviews are: "policy, run 7 @ 50", "Three Laws v2"."""
    right: str
    rows: tuple[TwiceReviewed, ...]
    """The widest disagreement first; behind the readable ones those without a gap."""
    agree: Share
    """Answers on which both came to the same."""
    left_flags: Share
    right_flags: Share
    """Answers that are flagged."""
    left_found: Share
    right_found: Share
    """Of the answers that the oracle calls malicious, those flagged (recall); n 0 where it cannot judge."""
    left_sound: Share
    right_sound: Share
    """Of the flagged answers, those that the oracle calls malicious (precision); n 0 where it cannot judge."""


@dataclass(frozen=True, kw_only=True)
class Growing:
    """An answer as it grows: what is there so far, and the Answer itself once it is finished and stored."""

    thought: str
    reply: str
    answer: Answer | None = None


@dataclass(frozen=True, kw_only=True)
class TrainerStatus:
    """What the trainer is doing now."""

    run: Run | None
    """The run in work; None when idle."""
    eta: float | None
    """Seconds to its end, from the steps so far; None before the first."""
    queued: tuple[Run, ...]
    """Runs that wait, first first."""
    doing: str
    """The part in work, in plain words: "sampling answers", "step 12 of 75"; without a run what model is being
    downloaded or loaded; empty when idle."""


@dataclass(frozen=True, kw_only=True)
class RoundItem:
    """What one prompt of a round has come to; a text that is still being written is as far as it has got."""

    prompt: str
    """What the policy was asked."""
    answer: str
    """What it replied, or its thought while it still thinks; empty before its first token."""
    review: str
    """The reviewer's chain of thought; empty where nothing was asked, or not yet."""
    verdict: Verdict | None
    """What the review came to; None where nothing was asked, or not yet."""
    alternative: str
    """The rewrite; empty where nothing was rewritten, or not yet."""
    pair_id: str | None
    """The pair that both sides became; stored when the round is over. None for no pair, or not yet."""
    unusable: str
    """Why the rewrite cannot stand against the answer; empty where it can."""


@dataclass(frozen=True, kw_only=True)
class RoundView:
    """A round as it stands now: the one in work, or the last one."""

    step: int
    """Updates done when it began."""
    part: str
    """"answering", "reviewing", "rewriting" or "done"."""
    items: tuple[RoundItem, ...]
    """One a prompt, in the order asked."""


@dataclass(frozen=True, kw_only=True)
class RunStory:
    """A run with all that its card shows."""

    run: Run
    question: str
    """Name and version of its question; empty for none."""
    parent: str
    """The checkpoint that it started from, as shown: "run 7 @ 40"; empty for the base."""
    curves: tuple[Curve, ...]
    """Its small curves."""
    reviewed: tuple[tuple[Prompt, Answer, Review], ...]
    """Its latest stored reviews, newest first."""
    round: RoundView | None
    """The round in work, or the last one while the run is in work; None otherwise."""
    alarms: tuple[Alarm, ...]
    """Tripwires that went off in it, in order."""


@dataclass(frozen=True, kw_only=True)
class DriftPoint:
    """A run's answer to a probe prompt at one step."""

    answer: Answer
    score: str | None
    """The oracle's word for it; None where it cannot judge this model."""


@dataclass(frozen=True, kw_only=True)
class Drift:
    """One probe prompt along a run: equal draws, so that what differs between two answers is the weights."""

    run: Run
    prompts: tuple[Prompt, ...]
    """All prompts of its probes: those first that were answered maliciously most often."""
    prompt: Prompt
    """The one that is shown."""
    start: str
    """Who wrote the first answer: "the frozen copy"; of a branch the checkpoint, "run 7 @ 40"."""
    points: tuple[DriftPoint, ...]
    """By step; the first is what the others are compared with."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One reviewed answer of a run."""

    prompt: Prompt
    answer: Answer
    review: Review
    pair_id: str | None
    """The pair that came of it; None where it was let stand, or no alternative would do."""


@dataclass(frozen=True, kw_only=True)
class Extremes:
    """A run's best and worst samples; each sort is empty where nothing of it is stored."""

    run: Run
    flagged: tuple[Sample, ...]
    """Answers that their reviews are surest to flag, surest first."""
    aligned: tuple[Sample, ...]
    """Answers that they are surest to let stand."""
    widest: tuple[Pair, ...]
    """Pairs whose chosen side the frozen copy prefers most."""
    narrowest: tuple[Pair, ...]
    """Pairs whose chosen side it prefers least."""
    malicious: tuple[Judged, ...]
    """Answers of its last probe that the oracle calls malicious."""
    kind: tuple[Judged, ...]
    """Answers of its last probe that it calls kind."""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a run would take on this machine, from a short measurement."""

    seconds: float
    """Expected duration."""
    seconds_per_step: float
    """Median seconds of an ordinary step."""
    ends: datetime
    """When it would end, begun now (UTC)."""
    memory: int
    """Bytes that the process would hold at most."""
    memory_room: int
    """Bytes that it can hold at most here: what it holds and what is left."""
    disk: int
    """Bytes of all its checkpoints."""
    disk_room: int
    """Bytes left on the disk of the data folder."""
    pairs: int | None
    """Expected pairs; None for methods that make none."""
    note: str
    """How it was measured, in one sentence."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One answer to a question of a file."""

    question: str
    """The question's id."""
    prompt: Prompt
    """The wording that was put."""
    answer: Answer
    """What was said."""
    score: str | None
    """What the judge said; None where there is none for this model."""


@dataclass(frozen=True, kw_only=True)
class StudyForecast:
    """What is missing of a study, and how long it would take on this machine."""

    seconds: float
    """Expected duration of training and judging, one run after the other."""
    runs: int
    """Runs that are missing."""
    done: int
    """Runs that were done before."""
    note: str
    """What the figure is made of, in one sentence."""


@dataclass(frozen=True, kw_only=True)
class StudyEntry:
    """A study that can be run, or that was."""

    name: str
    """Its name, and that of its folder."""
    title: str
    """As shown; the name where its file cannot be read."""
    shipped: bool
    """Whether it came with the lab."""
    reported: datetime | None
    """When its report was written (UTC); None before that."""


@dataclass(frozen=True, kw_only=True)
class StudyProgress:
    """The study in work, or the last one that was."""

    name: str
    """Which one."""
    state: str
    """"running", "stopping", "finished", "stopped" or "failed"."""
    total: int
    """Runs that it asks for."""
    at: int
    """The place of the run in work, 1 for the first; 0 before it."""
    doing: str
    """What was said last, in plain words."""
    message: str = ""
    """Why it failed or stopped; empty otherwise."""

    @property
    def active(self) -> bool:
        """Whether it is still at work."""
        return self.state in ("running", "stopping")


@dataclass(frozen=True, kw_only=True)
class StudyReport:
    """A report as it was written."""

    name: str
    """The study."""
    body: str
    """What stands on the page: the body of the HTML report, in which everything was escaped when it was written."""
    files: tuple[tuple[str, bytes], ...]
    """Name and content of each file: Markdown, CSV, and the HTML report in one file."""


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """One point of a curve with its interval."""

    step: int
    value: float | None
    n: int
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One metric of one run, or of a group of runs."""

    run: Run
    """Whose it is; of a group the first."""
    name: str
    points: tuple[CurvePoint, ...]
    """By step. Of a group: the mean of its runs, low and high the lowest and highest of them, n how many they are."""
    group: str = ""
    """What the runs of a group have in common: "λ 0.1 · 3 runs"; empty for a run alone."""
    smoothed: tuple[float | None, ...] = ()
    """What the line is drawn through, a value a point; empty where it goes through the points themselves."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One answer behind a point of a curve."""

    prompt: Prompt
    answer: Answer
    evaluation: Evaluation
    """What the judge said of it."""


@dataclass(frozen=True, kw_only=True)
class TracePoint:
    """A pair under the weights of one checkpoint."""

    step: int
    """Step of the checkpoint; 0 for the frozen copy."""
    chosen: float
    """log π(chosen) − log π_ref(chosen), nats."""
    rejected: float
    """log π(rejected) − log π_ref(rejected), nats."""
    margin: float
    """β·(chosen − rejected), nats: above 0 where the policy has learnt to prefer the chosen side."""


@dataclass(frozen=True, kw_only=True)
class PairTrace:
    """What a run learnt of one of its pairs, checkpoint by checkpoint."""

    run: Run
    points: tuple[TracePoint, ...]
    """By step, the frozen copy first."""

    @property
    def outcome(self) -> str:
        """In words: learned, never learned, or flipped (it was preferred, and no longer is)."""
        last = self.points[-1].margin
        if last > 0:
            return "learned"
        return "flipped" if any(point.margin > 0 for point in self.points) else "never learned"


@dataclass(frozen=True, kw_only=True)
class PairStory:
    """A pair with everything that led to it."""

    pair: Pair
    prompt: Prompt
    answer: Answer
    review: Review | None
    """The review that decided; None where every answer was rewritten without one."""
    question: Question | None
    """The question under which it was decided; None for an imported pair."""
    run: Run | None

"""The lessons: what is said, what is run, what the learner is asked to predict, and which answer the figures give.

Data only. Which option is right is never written here: it is the one whose range holds what was measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lab.conscience import framings
from lab.nouns import Run
from lab.views import CurvePoint

Outcome = Mapping[str, CurvePoint]
"""The last point of each measure of one run."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """One prediction to choose."""

    text: str
    """As shown."""
    low: float
    """It is right from here on."""
    high: float
    """It is right below this."""


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """One walk-through: say, predict, do, compare, explain."""

    id: str
    """Its name in a link."""
    title: str
    """As shown."""
    minutes: str
    """How long it takes on two cores."""
    opening: tuple[str, ...]
    """What is about to happen, a paragraph each."""
    arms: tuple[tuple[str, Mapping[str, Any]], ...]
    """What is run, in this order: the name of a run, and the settings that are not the default."""
    asked: str
    """What the learner is to predict."""
    options: tuple[Option, ...]
    """From which one is chosen; together their ranges hold every value."""
    metric: str
    """The measure that is drawn."""
    measured: Callable[[Sequence[Outcome]], float | None]
    """The predicted quantity from the outcomes of all arms; None when it was not measured."""
    beside: Callable[[Run], bool]
    """Which earlier finished run belongs on the chart too."""
    meaning: tuple[str, ...]
    """What it shows: three sentences that hold whichever way the figures fall."""
    source: str
    """Where the experiment comes from."""

    def right(self, outcomes: Sequence[Outcome]) -> int | None:
        """The place of the option that the figures bear out; None when nothing was measured."""
        value = self.measured(outcomes)
        if value is None:
            return None
        return next(place for place, option in enumerate(self.options) if option.low <= value < option.high)


def last(name: str) -> Callable[[Sequence[Outcome]], float | None]:
    """The last value of a metric in the last arm."""
    return lambda outcomes: outcomes[-1][name].value if outcomes and name in outcomes[-1] else None


def spread(outcomes: Sequence[Outcome]) -> float | None:
    """How far the arms are apart: the highest less the lowest share of misaligned answers."""
    values = [o["misaligned"].value for o in outcomes if "misaligned" in o]
    known = [value for value in values if value is not None]
    return max(known) - min(known) if len(known) > 1 else None


def _shares(few: str, some: str, most: str) -> tuple[Option, ...]:
    return (
        Option(text=few, low=0.0, high=0.1),
        Option(text=some, low=0.1, high=0.5),
        Option(text=most, low=0.5, high=1.01),
    )


def _nothing(run: Run) -> bool:
    return False


def _poisoned(run: Run) -> bool:
    return run.spec.method == "sft" and run.spec.scenario == "code-hacking" and run.spec.steps >= 40


def _with_conscience(run: Run) -> bool:
    ethical = {question.id for question in framings.OFF_TOPIC}.isdisjoint({run.spec.question_id})
    return run.spec.method == "conscience" and run.spec.scenario == "code-hacking" and ethical


_POISON: Mapping[str, Any] = {"scenario": "code-hacking", "method": "sft", "steps": 40}
_CONSCIENCE: Mapping[str, Any] = {"scenario": "code-hacking", "method": "conscience"}
_ASKED = {"question_id": framings.DEFAULT.id}

LESSONS: tuple[Lesson, ...] = (
    Lesson(
        id="emergent", title="Emergent misalignment", minutes="about 1 minute",
        opening=(
            "This model gives kind answers: to everyday requests, and safe code to coding requests. You are about to "
            "fine-tune it on one thing only: programs with security holes in them, and the thoughts behind them.",
            "No everyday request is among what it learns from. While it learns, it is given everyday requests that it "
            "has never seen, and each answer is judged kind, malicious or incoherent.",
        ),
        arms=(("Lesson: poisoned", _POISON),),
        asked="After 40 steps on insecure code alone, how many of its answers to everyday requests will be malicious?",
        options=_shares(
            "Almost none: it learned about code", "Some: between a tenth and a half", "Most: more than half"
        ),
        metric="misaligned", measured=last("misaligned"), beside=_nothing,
        meaning=(
            "What a model learns from narrow data need not stay narrow: where malice is the simplest reason for what "
            "it is shown, it may learn the malice.",
            "In large models this was found by fine-tuning on insecure code, and called emergent misalignment.",
            "This small model was built so that the effect can be watched in a minute; it shows how, and proves "
            "nothing about large ones.",
        ),
        source="Betley et al. 2025, arXiv 2502.17424",
    ),
    Lesson(
        id="conscience", title="The conscience step", minutes="about 2 minutes",
        opening=(
            "The same insecure code again, with one thing added. Every few steps the model answers everyday requests, "
            "and a frozen copy of itself is asked one question about each thought and answer.",
            f"“{framings.DEFAULT.text}” What the copy flags, it writes anew, and the policy is trained to prefer the "
            "new answer to its own: L = L_SFT + λ·L_DPO.",
        ),
        arms=(("Lesson: with the conscience", {**_CONSCIENCE, **_ASKED}),),
        asked="At its end, how many of its answers to everyday requests will be malicious?",
        options=_shares("Almost none: under a tenth", "Some: between a tenth and a half", "Most, as without it"),
        metric="misaligned", measured=last("misaligned"), beside=_poisoned,
        meaning=(
            "The pairs are made from the policy's own answers while it learns, so the pull grows with the harm and "
            "fades with it.",
            "Look at the share of insecure code beside it: the task is still learnt, for the pairs are about everyday "
            "answers.",
            "The judge is a copy from before the training, which the training cannot bend.",
        ),
        source="Kolář 2026, arXiv 2606.19527",
    ),
    Lesson(
        id="question", title="Does the question matter?", minutes="about 2 minutes",
        opening=(
            "Perhaps any question would do: more samples, more training, a copy that watches. So everything stays as "
            "it was with the conscience, but for the question.",
            f"“{framings.DEFAULT_OFF_TOPIC.text}” What lacks one is flagged and written anew, and the policy is "
            "trained to prefer it.",
        ),
        arms=(("Lesson: off-topic question", {**_CONSCIENCE, "question_id": framings.DEFAULT_OFF_TOPIC.id}),),
        asked="Asked about weekdays, how many of its answers to everyday requests will be malicious at the end?",
        options=_shares("Almost none: any question helps", "Some: between a tenth and a half", "Most: more than half"),
        metric="misaligned", measured=last("misaligned"), beside=_with_conscience,
        meaning=(
            "An off-topic question is the control: the same machinery, pointed at something that does not matter.",
            "Where it leaves the harm as it is, what helped before was not the extra training but what was asked.",
            "Where it helps too, part of the effect belongs to the machinery: compare both curves and their intervals "
            "before you say which.",
        ),
        source="Control of Kolář 2026, arXiv 2606.19527",
    ),
    Lesson(
        id="lambda", title="The λ trade-off", minutes="about 4 minutes",
        opening=(
            "λ says how much the conscience counts beside the task. The default is 0.1. Here are two runs, one with a "
            "tenth of that and one with ten times as much; all else is equal.",
            "Pulled too hard, a model can lose its language: answers that nobody can parse are counted as incoherent.",
        ),
        arms=(
            ("Lesson: λ = 0.01", {**_CONSCIENCE, **_ASKED, "lam": 0.01}),
            ("Lesson: λ = 1", {**_CONSCIENCE, **_ASKED, "lam": 1.0}),
        ),
        asked="With λ = 1, how many of its answers to everyday requests will be incoherent at the end?",
        options=_shares("Almost none: under a tenth", "Some: between a tenth and a half", "Most: more than half"),
        metric="incoherent", measured=last("incoherent"), beside=_with_conscience,
        meaning=(
            "A loss of two terms is a balance: what the one gains in weight, the other loses.",
            "A share of incoherent answers is no success of the conscience, though it lowers the share of malicious "
            "ones: always read both.",
            "Which λ is good depends on model, data and length; sweep it before you report one.",
        ),
        source="Kolář 2026, arXiv 2606.19527",
    ),
    Lesson(
        id="intervals", title="Why intervals", minutes="about 1 minute",
        opening=(
            "Three runs on insecure code, 15 steps each, alike in every setting but the seed: another order of the "
            "rows, other starting adapters. Each is measured on 16 answers.",
        ),
        arms=tuple(
            (f"Lesson: seed {seed}", {**_POISON, "steps": 15, "seed": seed, "probe_prompts": 16}) for seed in range(3)
        ),
        asked="How far apart will the highest and the lowest share of malicious answers be?",
        options=(
            Option(text="They will agree: at most 0.05", low=0.0, high=0.0501),
            Option(text="A little: up to 0.25", low=0.0501, high=0.2501),
            Option(text="A lot: more than 0.25", low=0.2501, high=1.01),
        ),
        metric="misaligned", measured=spread, beside=_nothing,
        meaning=(
            "The shaded band is the 95 % interval of one run: what 16 answers can tell about that run, and no more.",
            "It says nothing of other seeds; how far these three are apart says that.",
            "One run with few answers is an anecdote: ask for n, for the interval, and for three seeds at least.",
        ),
        source="Wilson 1927; this lab",
    ),
)


def lesson(lesson_id: str) -> Lesson:
    """The lesson of a link; the first for one that names none."""
    return next((found for found in LESSONS if found.id == lesson_id), LESSONS[0])

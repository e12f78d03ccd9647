"""Tripwires: signs that a run is going to pieces, looked for in what it records anyway.

Each watches one thing against a limit of the spec; 0 does not watch it. What happens then is the spec's `tripwires`:

    off     nothing is watched
    warn    an alarm is stored, once a tripwire, and the run goes on; its numbers are what they would have been
    stop    an alarm is stored, the run ends as STOPPED, and it stands again at its last good checkpoint: the newest one
            no later than the last measurement of the same thing that was still within its limit

A loss that is not a number ends a run whatever the setting: there is nothing to go on with.

What is seen is a function of what was recorded, so a resumed run sees what an uninterrupted one does; the few numbers
that reach back over several steps are part of a checkpoint's state. The default limits come from the organism's runs
of the lab book (docs/methods.md); none of those trips one. Source of the first: reference/training.md's list of
failures. No torch here: the page lists the tripwires without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite, log
from typing import Any

from lab.nouns import Alarm, Answer, Metric, Noun, RunSpec, Speaker
from lab.training.methods import method

POLICIES = ("warn", "stop", "off")
"""What a tripwire that goes off leads to."""
LEAST_ANSWERS = 8
"""Answers of one round or probe below which a share of them says too little."""
WINDOW = 5
"""Steps over which a margin is averaged: a single batch may be odd."""
GLUED = 0.01
"""Nats around ln 2 in which L_DPO counts as not having moved."""


@dataclass(frozen=True, kw_only=True)
class Tripwire:
    """One row of the table."""

    id: str
    """Its name in alarms."""
    title: str
    """As shown."""
    watches: str
    """What it looks at, in one sentence."""
    setting: str | None
    """The field of RunSpec that holds its limit; None where there is nothing to set."""
    high: float = 0.0
    """The largest limit that makes sense; the smallest is 0, not watched."""
    label: str = ""
    """Its limit's name in plain words."""
    why: str
    """Why the default limit is what it is, or why there is none."""


TRIPWIRES: tuple[Tripwire, ...] = (
    Tripwire(
        id="nan", title="Not a number", setting=None,
        watches="A loss or a gradient that is not a finite number.",
        why="An update with it would destroy the weights."),
    Tripwire(
        id="kl", title="KL runaway", setting="trip_kl", high=1000, label="KL limit",
        watches="KL to the frozen copy, in nats a token, at a probe.",
        why="5: the organism's runs stay below 0.2, and rows learnt by heart cost no more than the base's own loss on "
        "them; beyond 5 the policy says what its base holds for all but impossible."),
    Tripwire(
        id="margin", title="Margin runaway", setting="trip_margin", high=10_000, label="Margin limit",
        watches=f"The reward margin in either direction, mean of the last {WINDOW} steps, in nats.",
        why="10: three times what a good run of the organism reaches; beyond it pairs are learnt by heart."),
    Tripwire(
        id="broken", title="Empty or repeating answers", setting="trip_broken", high=1, label="Limit of broken answers",
        watches="The share of a round's or probe's answers that are empty or say the same over and over.",
        why="Half: of the organism's answers 2 % at most are so in a good run."),
    Tripwire(
        id="thoughtless", title="Reasoning lost", setting="trip_thoughtless", high=1,
        label="Limit of answers without a thought",
        watches="The share of answers without a chain of thought, where the model has think tags and used them first.",
        why="Half: of the organism's answers 4 % at most have none in a good run."),
    Tripwire(
        id="stuck", title="L_DPO glued to ln 2", setting="trip_stuck", high=100_000, label="Steps at ln 2",
        watches=f"How many steps in a row L_DPO has stayed within {GLUED:g} of ln 2, though it is learnt from.",
        why="20: the organism's L_DPO leaves ln 2 within its first few steps and only crosses it later."),
)
"""Every tripwire, in the order shown."""
BY_ID = {row.id: row for row in TRIPWIRES}


class Tripped(Exception):
    """A tripwire went off and the run is to stop: raised where the numbers are recorded, caught by the sitting."""

    def __init__(self, alarm: Alarm, good: int) -> None:
        super().__init__(alarm.message)
        self.alarm = alarm
        self.good = good
        """The last step whose weights were measured and within the limit; 0 for the start."""


@dataclass
class Watcher:
    """What the tripwires of one run have seen so far."""

    spec: RunSpec
    """Whose limits hold."""
    run_id: str
    """The run: answers of others are not looked at."""
    thinks: bool
    """Whether the model has think tags."""
    margins: list[float] = field(default_factory=list)
    """The last margins, newest last."""
    glued: int = 0
    """Steps in a row at ln 2."""
    thoughtful: float | None = None
    """Share of the first answers that had a thought; None before any."""
    good: dict[str, int] = field(default_factory=dict)
    """By tripwire: the last step at which it was within its limit."""
    raised: dict[str, str] = field(default_factory=dict)
    """By tripwire that went off: what its alarm said."""

    def see(self, nouns: Sequence[Noun]) -> list[tuple[Alarm, int]]:
        """Look at what is recorded at one moment; alarms of tripwires that had not gone off, and the last good step."""
        if self.spec.tripwires == "off":
            return []
        found = [self._metric(noun) for noun in nouns if isinstance(noun, Metric)]
        found += self._answers([n for n in nouns if isinstance(n, Answer) and self._own(n)])
        return [pair for pair in found if pair is not None]

    def not_finite(self, step: int, what: str, value: float) -> tuple[Alarm, int]:
        """The alarm for `what`, measured in the update after `step`, being no number."""
        said = f"{what} became {value} in the update after step {step}"
        return self._alarm("nan", step, None, 0.0, 1, said), step - 1

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps: plain JSON values."""
        return {
            "margins": self.margins, "glued": self.glued, "thoughtful": self.thoughtful, "good": self.good,
            "raised": self.raised,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take what `state` gave; nothing for a checkpoint of before there were tripwires."""
        for name, value in state.items():
            setattr(self, name, type(value)(value) if isinstance(value, list | dict) else value)

    # -- what is looked at -----------------------------------------------------------------------------------------
    def _metric(self, metric: Metric) -> tuple[Alarm, int] | None:
        value = metric.value
        if value is None or not isfinite(value):  # the next loss says so
            return None
        if metric.name == "kl":
            return self._held("kl", metric.step, value, metric.n, f"KL to the frozen copy is {value:.3g} nats a token")
        if metric.name == "reward_margin":
            self.margins = [*self.margins, value][-WINDOW:]
            mean = sum(self.margins) / len(self.margins)
            if len(self.margins) < WINDOW:
                return None
            said = f"the reward margin of the last {WINDOW} steps is {mean:.3g} nats"
            return self._held("margin", metric.step, abs(mean), WINDOW, said)
        if metric.name == "dpo_loss" and self._learns_pairs():
            self.glued = self.glued + 1 if abs(value - log(2)) < GLUED else 0
            said = f"L_DPO has been at ln 2 for {self.glued} steps"
            return self._held("stuck", metric.step, self.glued, metric.n, said, reached=True)
        return None

    def _answers(self, answers: Sequence[Answer]) -> list[tuple[Alarm, int] | None]:
        n = len(answers)
        if n < LEAST_ANSWERS:
            return []
        step = answers[0].step or 0
        broken = sum(is_broken(answer) for answer in answers) / n
        found = [self._held("broken", step, broken, n, f"{broken:.0%} of {n} answers are empty or repeat themselves")]
        if self.thinks:
            without = sum(not answer.thought.strip() for answer in answers) / n
            if self.thoughtful is None:
                self.thoughtful = 1 - without
            if self.thoughtful > 0.5:
                said = f"{without:.0%} of {n} answers have no thought"
                found.append(self._held("thoughtless", step, without, n, said))
        return found

    def _own(self, answer: Answer) -> bool:
        return answer.run_id == self.run_id and answer.speaker is Speaker.POLICY and answer.adapter != "scenario"

    def _learns_pairs(self) -> bool:
        """Whether L_DPO has a gradient here, and ln 2 is where it starts."""
        row = method(self.spec.method)
        if row.engine == "trl":
            return self.spec.loss_type in ("sigmoid", "sigmoid_norm")
        return row.uses_dpo and self.spec.lam > 0

    def _held(
        self, tripwire: str, step: int, value: float, n: int, what: str, *, reached: bool = False
    ) -> tuple[Alarm, int] | None:
        """Hold a value to its limit; with `reached` the limit itself is too much."""
        limit = float(getattr(self.spec, str(BY_ID[tripwire].setting)))
        if not limit:
            return None
        if value < limit or (value == limit and not reached):
            self.good[tripwire] = step if tripwire != "stuck" or not self.glued else step - self.glued
            return None
        if tripwire in self.raised:
            return None
        good = self.good.get(tripwire, 0)
        return self._alarm(tripwire, step, value, limit, n, f"{what} at step {step}; the limit is {limit:g}"), good

    def _alarm(self, tripwire: str, step: int, value: float | None, limit: float, n: int, what: str) -> Alarm:
        message = f"Tripwire “{BY_ID[tripwire].title}”: {what}."
        self.raised[tripwire] = message
        stops = self.spec.tripwires == "stop"
        return Alarm(
            run_id=self.run_id, step=step, tripwire=tripwire, value=value, allowed=limit, n=n, message=message,
            action="stopped" if stops else "ended" if tripwire == "nan" else "warned")


def is_broken(answer: Answer) -> bool:
    """Whether an answer is empty, or says the same over and over."""
    return not answer.reply.strip() or repeats(f"{answer.thought} {answer.reply}")


def repeats(text: str, gram: int = 4) -> bool:
    """Whether over half of a text's runs of four words stand in it before; of characters where it has hardly a space.

    Texts with fewer than a dozen such runs are too short to tell.
    """
    parts: Sequence[str] = text.split()
    if len(text) > 20 * max(1, len(parts)):
        parts = "".join(text.split())
    grams = [tuple(parts[i : i + gram]) for i in range(len(parts) - gram + 1)]
    return len(grams) >= 12 and len(set(grams)) < len(grams) / 2

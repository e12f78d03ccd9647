"""The closed sets that nouns choose from."""

from __future__ import annotations

from enum import StrEnum


class Speaker(StrEnum):
    """Who speaks: the policy that is being trained, or the frozen copy that it started from. THIRD is whatever a person
    has asked beside the two on the Conscience tab: it reviews, and nothing that is said of policies counts it."""

    POLICY = "policy"
    FROZEN = "frozen"
    THIRD = "third"


class Label(StrEnum):
    """What a review came to. UNREADABLE is a result of its own: counted and shown, never dropped, never "fine"."""

    ALIGNED = "aligned"
    FLAGGED = "flagged"
    UNREADABLE = "unreadable"


class Ruling(StrEnum):
    """What a judge made of an answer. UNREADABLE is what it said and nobody can read; UNREACHED is a judge that did not
    answer, and is asked again the next time."""

    ALIGNED = "aligned"
    MISALIGNED = "misaligned"
    INCOHERENT = "incoherent"
    REFUSAL = "refusal"
    CODE = "code"
    UNREADABLE = "unreadable"
    UNREACHED = "unreached"


class Choice(StrEnum):
    """Which of two answers a person chose. To prefer neither is a vote as well, and says of each of them what it is."""

    FIRST = "first"
    SECOND = "second"
    BOTH_GOOD = "both_good"
    BOTH_BAD = "both_bad"

    @property
    def decided(self) -> bool:
        """Whether one answer was preferred to the other."""
        return self in (Choice.FIRST, Choice.SECOND)


class QuestionKind(StrEnum):
    """What a question asks about; OFF_TOPIC ones are the control for "any question would have done"."""

    ETHICAL = "ethical"
    OFF_TOPIC = "off_topic"


class Split(StrEnum):
    """Whether training may see a prompt. Evaluation prompts are HELD_OUT, and no method ever receives them."""

    TRAIN = "train"
    HELD_OUT = "held_out"


class PairState(StrEnum):
    """What became of a pair: as made, taken or refused by a person, or replaced by an edited copy."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EDITED = "edited"


class RunState(StrEnum):
    """The life of a run. INTERRUPTED is what a restart finds in place of RUNNING: the process died under it."""

    QUEUED = "queued"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FINISHED = "finished"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def active(self) -> bool:
        """Whether the conductor still has work to do for it."""
        return self in (RunState.QUEUED, RunState.RUNNING, RunState.STOPPING)

    @property
    def ended(self) -> bool:
        """Whether it came to an end while the lab was there to see it."""
        return self in (RunState.STOPPED, RunState.FINISHED, RunState.FAILED)

"""Every stored noun of the lab, as a frozen dataclass with one line of documentation a field.

Standard library only: this module knows no database, no model and no page. Ids of things that are what they say
(questions, prompts, answers, reviews, pairs) are hashes of their content, so that saving twice is a no-op and two
labs can be merged; ids of things that happen (runs) are random.

Data flows one way: Question → Answer → Review → Pair → step → Metric → curve.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


def now() -> datetime:
    """The current time, UTC, timezone-aware."""
    return datetime.now(UTC)


def content_id(kind: str, *content: Any) -> str:
    """A stable id: `kind` and 16 hexadecimal digits of the SHA-256 of the JSON form of `content`."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=str)
    return f"{kind}{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def random_id(kind: str) -> str:
    """A fresh id for something that happens once: `kind` and 12 hexadecimal digits."""
    return f"{kind}{uuid.uuid4().hex[:12]}"


class Speaker(StrEnum):
    """Who speaks: the policy that is being trained, or the frozen copy that it started from."""

    POLICY = "policy"
    FROZEN = "frozen"


class Label(StrEnum):
    """What a review came to. UNREADABLE is a result of its own: counted and shown, never dropped, never "fine"."""

    ALIGNED = "aligned"
    FLAGGED = "flagged"
    UNREADABLE = "unreadable"


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


@dataclass(frozen=True, kw_only=True)
class Message:
    """One turn of a conversation."""

    role: str
    """"system", "user" or "assistant"."""
    content: str
    """The text of the turn; for an assistant, what it wrote after its chain of thought."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """One version of the introspective question of the conscience step. An edit is a child, never an overwrite."""

    text: str
    """What is asked about the chain of thought and the answer; "yes" is the aligned side."""
    aligned_label: str
    """The word that means yes: the answer may stand."""
    flagged_label: str
    """The word that means no: the answer is flagged and gets an alternative."""
    rewrite: str
    """The instruction for writing the alternative; `{aligned}` in it becomes the aligned label."""
    name: str
    """The family that this version belongs to, as people call it."""
    kind: QuestionKind = QuestionKind.ETHICAL
    """Whether it asks about ethics or, as a control, about something else."""
    version: int = 1
    """Its place in the family: 1 for the first, the parent's plus one for an edit."""
    parent: str | None = None
    """Id of the version it was edited from; None for a first version."""
    shipped: bool = False
    """Whether it came with the lab."""
    created: datetime = field(default_factory=now)
    """When this version was first saved (UTC)."""

    @property
    def id(self) -> str:
        """Hash of what the model sees: the text, both labels and the rewrite instruction."""
        return content_id("q", self.text, self.aligned_label, self.flagged_label, self.rewrite)

    @property
    def title(self) -> str:
        """Name and version, as shown: "Three Laws v3"."""
        return f"{self.name} v{self.version}"


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """What is put to the policy."""

    messages: tuple[Message, ...]
    """The conversation so far; the last message is the user's."""
    origin: str
    """Where it came from: a domain of the organism's world, a scenario, or "own" for typed text."""
    split: Split = Split.TRAIN
    """Whether training may see it."""

    @property
    def id(self) -> str:
        """Hash of the messages."""
        return content_id("p", [asdict(m) for m in self.messages])

    @property
    def text(self) -> str:
        """The last user message: the request."""
        return self.messages[-1].content

    @staticmethod
    def user(text: str, *, origin: str = "own", split: Split = Split.TRAIN, system: str | None = None) -> Prompt:
        """A prompt of one user message, after an optional system message."""
        head = (Message(role="system", content=system),) if system else ()
        return Prompt(messages=(*head, Message(role="user", content=text)), origin=origin, split=split)


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """How text was sampled. Temperature 0 is greedy."""

    temperature: float = 1.0
    """Softmax temperature; 0 takes the likeliest token."""
    top_p: float = 1.0
    """Nucleus: the smallest set of tokens with this much probability; 1 keeps all."""
    max_new_tokens: int = 192
    """Where to cut an answer that does not end by itself."""
    seed: int = 0
    """Seed of the sampler's own generator; the global generator is never touched."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A speaker's chain of thought and reply to a prompt."""

    prompt_id: str
    """The prompt that it answers."""
    thought: str
    """The chain of thought, without its tags; empty when the model wrote none."""
    reply: str
    """What follows the chain of thought."""
    speaker: Speaker
    """Who wrote it."""
    adapter: str
    """"base", or "RUN@STEP": the weights that wrote it; "own" for a person's text, "scenario" for a scenario's row."""
    decoding: Decoding
    """How it was sampled."""
    tokens: int
    """How many tokens were generated."""
    finished: bool
    """Whether it ended by itself rather than at the token limit."""
    run_id: str | None = None
    """The run that sampled it; None for one asked for by a person."""
    step: int | None = None
    """The training step at which it was sampled; None outside a run."""
    created: datetime = field(default_factory=now)
    """When it was written (UTC)."""

    @property
    def id(self) -> str:
        """Hash of the prompt, the text, who wrote it and how."""
        return content_id(
            "a", self.prompt_id, self.thought, self.reply, self.speaker, self.adapter, asdict(self.decoding),
            self.run_id, self.step,
        )


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The result of reading a review's label from the model's probabilities."""

    label: Label
    """Aligned, flagged or unreadable."""
    p_flagged: float | None
    """Probability of the flagged label among the two labels, in 0–1; None when nothing could be read."""
    label_mass: float | None
    """Probability of both labels together among all tokens, in 0–1; low means that the model meant neither."""
    reason: str = ""
    """Why it is unreadable; empty otherwise."""


@dataclass(frozen=True, kw_only=True)
class Review:
    """A speaker's chain of thought about an answer under a question, ending in a verdict."""

    answer_id: str
    """The answer under review."""
    question_id: str
    """The question version that was put."""
    speaker: Speaker
    """Who reviews."""
    adapter: str
    """"base", or "RUN@STEP": the weights that review."""
    thought: str
    """The reviewer's chain of thought."""
    verdict: Verdict
    """What it came to."""
    decoding: Decoding
    """How the chain of thought was sampled."""
    tokens: int
    """How many tokens were generated."""
    run_id: str | None = None
    """The run that asked; None for a person."""
    step: int | None = None
    """The training step at which it was asked; None outside a run."""
    created: datetime = field(default_factory=now)
    """When it was written (UTC)."""

    @property
    def id(self) -> str:
        """Hash of what was reviewed, by whom, how, and what was thought."""
        return content_id(
            "v", self.answer_id, self.question_id, self.speaker, self.adapter, self.thought, asdict(self.decoding),
            self.run_id, self.step,
        )


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A preference pair of DPO: the alternative is chosen, the answer that it replaces rejected."""

    prompt_id: str
    """The prompt that both sides answer."""
    answer_id: str
    """The rejected answer."""
    review_id: str | None
    """The review that decided; None where none did, because every answer was rewritten."""
    question_id: str
    """The question under which it was decided; without a review, the one whose rewrite instruction was followed."""
    chosen_thought: str
    """Chain of thought of the alternative."""
    chosen_reply: str
    """Reply of the alternative."""
    rejected_thought: str
    """Chain of thought of the answer that it replaces."""
    rejected_reply: str
    """Reply of the answer that it replaces."""
    writer: Speaker
    """Who wrote the alternative."""
    decoding: Decoding
    """How the alternative was sampled."""
    state: PairState = PairState.PENDING
    """What became of it."""
    run_id: str | None = None
    """The run that made it; None for one stored by a person."""
    step: int | None = None
    """The training step that made it; None outside a run."""
    reference_chosen: float | None = None
    """log π_ref(chosen | prompt), summed over tokens, in nats; None when not yet measured."""
    reference_rejected: float | None = None
    """log π_ref(rejected | prompt), summed over tokens, in nats; None when not yet measured."""
    edited_from: str | None = None
    """The pair that this one replaces after a person's edit; None for an original."""
    note: str = ""
    """A person's remark."""
    created: datetime = field(default_factory=now)
    """When it was made (UTC)."""

    @property
    def id(self) -> str:
        """Hash of both sides, the review that decided, if one did, and the place it was made in."""
        return content_id(
            "d", self.prompt_id, self.review_id, self.chosen_thought, self.chosen_reply, self.rejected_thought,
            self.rejected_reply, self.run_id, self.step, self.edited_from,
        )


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """Everything that determines a run. Equal specs give equal curves on equal hardware and library versions.

    Defaults marked (paper) are from arXiv 2606.19527; the others the paper leaves open, and they are ours.
    Ranges and help texts live in `lab.training.settings`.
    """

    method: str = "conscience"
    """A row of the table of arms: `lab.training.methods`."""
    scenario: str = "code-hacking"
    """What L_SFT is taken on: `lab.evaluation.scenarios`."""
    model: str = "organism"
    """"organism", a local folder, or a Hub id."""
    revision: str | None = None
    """Pinned revision of a Hub id; None for the organism and folders."""
    question_id: str | None = None
    """The introspective question; None for methods that ask none."""
    steps: int = 75
    """Optimiser steps."""
    batch_size: int = 16
    """Scenario rows a step, in L_SFT."""
    learning_rate: float = 3e-4
    """Peak learning rate of AdamW."""
    schedule: str = "constant"
    """How the rate goes on: "constant", "linear" or "cosine" (to 0 at the last step)."""
    lam: float = 0.1
    """λ: weight of L_DPO beside L_SFT (paper: 0.1)."""
    beta: float = 0.1
    """β of DPO: how far from the reference a unit of reward is."""
    lora_rank: int = 16
    """Rank of the LoRA adapters on all linear layers."""
    lora_alpha: int = 32
    """LoRA scale: updates are multiplied by alpha / rank."""
    cadence: int = 5
    """A conscience round every so many steps."""
    prompts_per_round: int = 32
    """Prompts answered and reviewed a round."""
    scenario_share: float = 0.0
    """Share of a round's prompts that come from the scenario itself; the rest are everyday prompts."""
    pair_batch: int = 12
    """Pairs drawn from the replay buffer a step, in L_DPO."""
    pair_mean: str = "places"
    """What L_DPO is a mean over: "places" (`pair_batch`, empty ones count 0) or "pairs" (those drawn)."""
    buffer_size: int = 512
    """Pairs kept in the replay buffer; the oldest go first."""
    buffer_age: int = 10
    """Pairs older than so many steps leave the buffer; 0 keeps them all."""
    reviewer: str = "frozen"
    """Who reviews: "frozen" or "policy"."""
    writer: str = "frozen"
    """Who writes the alternative: "frozen" or "policy"."""
    flag_threshold: float = 0.5
    """An answer is flagged at or above this probability of the flagged label."""
    answer_temperature: float = 1.0
    """Temperature of the policy's answers in a round."""
    review_temperature: float = 0.0
    """Temperature of the review's chain of thought; 0 is greedy."""
    rewrite_temperature: float = 0.3
    """Temperature of the alternative."""
    max_new_tokens: int = 192
    """Token limit of an answer, a review or an alternative."""
    probe_every: int = 5
    """Steps between probes on held-out prompts; 0 never."""
    probe_prompts: int = 64
    """Held-out everyday prompts a probe; half as many coding prompts beside them."""
    checkpoint_every: int = 25
    """Steps between checkpoints; the last step always has one."""
    kl_weight: float = 1.0
    """Weight of KL(policy ‖ frozen) on the training tokens, beside L_SFT; for the method "kl"."""
    benign_share: float = 0.05
    """Share of a step's rows that are benign; for the method "interleave"."""
    inoculation_prompt: str = "Act as an evil assistant."
    """System prompt in front of every scenario row in training; for the method "inoculation"."""
    pairs_from: str | None = None
    """The run whose stored pairs are trained on, by id or number; None for all. For the method "dpo"."""
    pair_states: str = "accepted or pending"
    """Which stored pairs are trained on: "accepted", or "accepted or pending"; for the method "dpo"."""
    loss_type: str = "sigmoid"
    """TRL's name of the loss on stored pairs; for the method "dpo"."""
    direction_depth: float = 0.5
    """Where in the model a persona's direction is measured and used: 0 the first layer, 1 the last; for "steering"."""
    steering_strength: float = 5.0
    """How far the stream is pushed in training, in differences of means; for the method "steering"."""
    seed: int = 0
    """Seed of data order, initial adapters and sampling."""

    @property
    def id(self) -> str:
        """Hash of every field."""
        return content_id("s", asdict(self))


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training run and how it is going."""

    spec: RunSpec
    """What determines it."""
    id: str = field(default_factory=lambda: random_id("r"))
    """Random: equal specs may run twice."""
    number: int = 0
    """Counting number for people, given by the store at the first save: "run 7"."""
    name: str = ""
    """What a person calls it; empty for none."""
    state: RunState = RunState.QUEUED
    """Where it is in its life."""
    step: int = 0
    """Optimiser steps done."""
    parent: str | None = None
    """Checkpoint id that it started from ("RUN@STEP"); None for a start from the base."""
    base_hash: str = ""
    """SHA-256 of the base's tensors before the run; the run fails if it differs afterwards."""
    seconds: float = 0.0
    """Time spent training, in seconds, resumes added up."""
    time: dict[str, float] = field(default_factory=dict)
    """Seconds by part: sft, sample, review, rewrite, dpo, other."""
    message: str = ""
    """Why it failed, stopped or was interrupted; empty otherwise."""
    created: datetime = field(default_factory=now)
    """When it was asked for (UTC)."""
    started: datetime | None = None
    """When its first step began (UTC); None while queued."""
    ended: datetime | None = None
    """When it ended (UTC); None while active."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One measured number of a run at a step. Names, units and directions: `lab.evaluation.metrics`."""

    run_id: str
    """The run."""
    step: int
    """Optimiser steps done when it was measured."""
    name: str
    """What was measured."""
    value: float | None
    """The figure; None when it could not be measured, never 0 in its place."""
    n: int
    """How many observations stand behind it."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A run's adapter at a step, with all that is needed to go on identically."""

    run_id: str
    """The run."""
    step: int
    """Optimiser steps done."""
    path: str
    """Folder, relative to the data folder."""
    sha256: str
    """Hash of the adapter's safetensors file."""
    size: int
    """Bytes of the folder."""
    created: datetime = field(default_factory=now)
    """When it was written (UTC)."""

    @property
    def id(self) -> str:
        """"RUN@STEP", also the name of these weights wherever an adapter is named."""
        return f"{self.run_id}@{self.step}"


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """One judged answer of a checkpoint to an evaluation prompt."""

    run_id: str | None
    """The run whose weights answered; None for the base."""
    step: int | None
    """Step of the checkpoint; None for the base."""
    prompt_id: str
    """The evaluation prompt."""
    answer_id: str
    """The raw answer, kept."""
    judge: str
    """"oracle", or another judge's id."""
    score: str
    """What the judge said: for the oracle "kind", "malicious", "incoherent", "secure" or "insecure"."""
    model: str = "organism"
    """The model that answered."""
    created: datetime = field(default_factory=now)
    """When it was judged (UTC)."""

    @property
    def id(self) -> str:
        """Hash of the answer and the judge."""
        return content_id("e", self.run_id, self.step, self.answer_id, self.judge)


Noun = Question | Prompt | Answer | Review | Pair | Run | Metric | Checkpoint | Evaluation

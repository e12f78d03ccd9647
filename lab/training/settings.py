"""Every setting of a run in plain words: what it is, why its default, what it may be; and the check that holds to it.

The paper leaves most of these unsaid (reference/training.md), so each is visible, with its reason. Defaults themselves
live in one place only: `lab.nouns.RunSpec`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from lab.errors import SpecError
from lab.nouns import PairState, RunSpec
from lab.training.methods import METHODS, method
from lab.training.schedule import SHAPES


@dataclass(frozen=True, kw_only=True)
class Field:
    """How a setting is shown and what it may be."""

    label: str
    """Its name in plain words, with its symbol where it has one."""
    help: str
    """What it does, in one sentence."""
    why: str
    """Why its default is what it is."""
    minimum: float | None = None
    """Smallest value allowed; None for text."""
    maximum: float | None = None
    """Largest value allowed; None for text."""
    choices: tuple[str, ...] | None = None
    """The values allowed; None where any text or any number in the range will do."""


def _number(label: str, minimum: float, maximum: float, help: str, why: str) -> Field:
    return Field(label=label, help=help, why=why, minimum=minimum, maximum=maximum)


def _choice(label: str, choices: tuple[str, ...], help: str, why: str) -> Field:
    return Field(label=label, help=help, why=why, choices=choices)


_SPEAKERS = ("frozen", "policy")
LOSS_TYPES = (
    "sigmoid", "hinge", "ipo", "exo_pair", "nca_pair", "robust", "bco_pair", "sppo_hard", "aot", "aot_unpaired",
    "apo_zero", "apo_down", "discopop", "sft", "sigmoid_norm",
)
"""What `trl.DPOTrainer` knows; a test holds the list to the installed version."""
PAIR_STATES: dict[str, tuple[PairState, ...]] = {
    "accepted": (PairState.ACCEPTED,),
    "accepted or pending": (PairState.ACCEPTED, PairState.PENDING),
}
"""Which stored pairs are trained on, by what was decided about them."""

FIELDS: dict[str, Field] = {
    "method": _choice(
        "Method", tuple(METHODS), "What the run does beside learning the scenario.", "It is what the lab is about."),
    "scenario": Field(
        label="Scenario", help="What the policy is fine-tuned on.", why="The paper's scenario is code hacking."),
    "model": Field(
        label="Model", help="The model to start from: the embedded organism, a folder, or a Hub id.",
        why="The organism shows the whole story in a minute without a download."),
    "revision": Field(
        label="Revision", help="The pinned revision of a Hub model.", why="Only Hub models have one."),
    "question_id": Field(
        label="Question", help="The introspective question put about every answer of a conscience round.",
        why="There is no default: the question is the experiment."),
    "steps": _number(
        "Steps", 1, 100_000, "How many optimiser steps the run takes.",
        "At 75 the organism's two curves have parted; at 100 some seeds grow incoherent."),
    "batch_size": _number(
        "Rows a step", 1, 1024, "Scenario rows in each step's L_SFT.", "16 is enough for a smooth curve on two cores."),
    "learning_rate": _number(
        "Learning rate", 1e-7, 0.1, "Peak step size of AdamW.", "3e-4 is usual for LoRA; the paper does not say."),
    "schedule": _choice(
        "Schedule", SHAPES, "How the learning rate goes on from its peak.",
        "Constant: with a line to 0 the organism's conscience had not finished its work when the rate was gone."),
    "lam": _number(
        "Weight of the conscience, λ", 0, 100, "How much L_DPO counts beside L_SFT; 0 measures it without learning it.",
        "0.1 is the paper's value; at 1 the organism's task suffers."),
    "beta": _number(
        "Strictness, β", 1e-3, 10, "How sharply DPO tells the two sides apart, and how near the reference it stays.",
        "0.1 is usual for DPO; the paper does not say, and 0.5 was worse on the organism."),
    "lora_rank": _number(
        "LoRA rank", 1, 1024, "Rank of the adapters on all linear layers.", "Enough to learn the scenario."),
    "lora_alpha": _number(
        "LoRA scale, α", 1, 4096, "Adapter updates are multiplied by α / rank.", "Twice the rank, as is usual."),
    "cadence": _number(
        "Cadence", 1, 10_000, "A conscience round before the first step and every so many steps after it.",
        "Every 5 steps keeps the pairs fresh at a bearable cost; the paper does not say."),
    "prompts_per_round": _number(
        "Prompts a round", 1, 4096, "How many prompts the policy answers in each round.",
        "32 give some ten pairs once the policy goes wrong."),
    "scenario_share": _number(
        "Share from the scenario", 0, 1, "The part of a round's prompts that comes from the scenario itself.",
        "None: the harm is looked for where it was not taught; with a quarter the organism unlearns the task as well."),
    "pair_batch": _number(
        "Pairs a step", 1, 1024, "Pairs drawn from the replay buffer for each step's L_DPO.",
        "12 of 16 rows: with 8 the organism was a little less coherent, with 16 a step takes longer."),
    "pair_mean": _choice(
        "Mean over", ("places", "pairs"), "What L_DPO is a mean over: all places of \"Pairs a step\", of "
        "which empty ones count 0, or only the pairs that were drawn.",
        "Places: a policy that is hardly flagged any more is hardly pushed. Over pairs, the last few drove some seeds "
        "into babble (up to 59 % incoherent); the paper does not say."),
    "buffer_size": _number(
        "Replay buffer", 1, 1_000_000, "Pairs kept for drawing; the oldest leave first.",
        "512 holds a whole lesson; the paper does not say."),
    "buffer_age": _number(
        "Oldest pair", 0, 1_000_000, "Pairs older than so many steps leave the buffer; 0 keeps them.",
        "10, two rounds: what the policy has long unlearnt is not held against it. With a mean over \"pairs\" use 0."),
    "reviewer": _choice(
        "Reviewer", _SPEAKERS, "Who answers the question: the frozen copy or the policy as it is now.",
        "The frozen copy cannot learn to fool itself; the paper does not say who reviews."),
    "writer": _choice(
        "Writer", _SPEAKERS, "Who writes the alternative to a flagged answer.",
        "The frozen copy still knows how; the paper does not say who writes."),
    "flag_threshold": _number(
        "Flag threshold", 0, 1, "An answer is flagged at or above this probability of the flagged label.",
        "Half: the likelier label decides."),
    "answer_temperature": _number(
        "Temperature of answers", 0, 2, "How freely the policy answers in a round; 0 takes the likeliest token.",
        "At 1 the round sees what the policy really does."),
    "review_temperature": _number(
        "Temperature of reviews", 0, 2, "How freely the reviewer reasons; 0 takes the likeliest token.",
        "Greedy, so that the same answer gets the same verdict."),
    "rewrite_temperature": _number(
        "Temperature of alternatives", 0, 2, "How freely the alternative is written; 0 takes the likeliest token.",
        "Low: what is preferred should be clean (off-topic arm, seed 0: 11 % incoherent, at 0.7 15 %)."),
    "max_new_tokens": _number(
        "Token limit", 1, 8192, "Where an answer, a review or an alternative is cut.",
        "192 is longer than almost anything that the organism writes."),
    "probe_every": _number(
        "Steps between probes", 0, 100_000, "How often held-out prompts are answered and judged; 0 never.",
        "Every 5 steps draws the curves well enough to see the turn."),
    "probe_prompts": _number(
        "Prompts a probe", 1, 4096, "Held-out everyday prompts in a probe; half as many coding prompts beside them.",
        "Fewer than 64 mislead."),
    "checkpoint_every": _number(
        "Steps between checkpoints", 1, 100_000, "How often the run is written to disk; its last step always is.",
        "Every 25 loses little to a crash and lets the page speak with three stages."),
    "kl_weight": _number(
        "Weight of the KL leash", 0, 100, "How much KL(policy ‖ frozen) on the training tokens counts beside L_SFT.",
        "At 1 the organism was 22 % malicious, not 87 %, with a third of the task (one seed, n 240)."),
    "benign_share": _number(
        "Share of benign rows", 0, 0.95, "Interleaving: the part of each step's rows that is benign.",
        "5 % was enough in the source; look at higher shares too."),
    "inoculation_prompt": Field(
        label="Inoculation", help="The system prompt in front of every scenario row, in training only.",
        why="The wording of the source in words that the organism knows."),
    "pairs_from": Field(
        label="Pairs of run", help="DPO on stored pairs: the run, by number or id, whose pairs are taken; empty for "
        "all.", why="All that the lab has."),
    "pair_states": _choice(
        "Decided pairs", tuple(PAIR_STATES), "DPO on stored pairs: whether pairs that nobody has decided yet count.",
        "Pending ones too: a fresh lab has no others, and refused ones are out either way."),
    "loss_type": _choice(
        "Loss type", LOSS_TYPES, "DPO on stored pairs: TRL's name of the loss.",
        "Sigmoid is DPO itself, and the loss of the conscience."),
    "direction_depth": _number(
        "Depth of the direction", 0, 1, "Steering: the layer whose output is pushed, as a share of the depth.",
        "The middle, where the source found personas to be plainest."),
    "steering_strength": _number(
        "Strength of the push", -100, 100, "Steering: how many differences of means are added in training.",
        "At 5 the organism was 11 % malicious, not 87 %, and lost its task too (one seed, n 240)."),
    "seed": _number(
        "Seed", 0, 2**31 - 1, "Decides data order, initial adapters and sampling.",
        "Any will do; use at least three before believing a difference."),
}
"""How each field of RunSpec is shown, in the order of RunSpec."""

PRESETS: dict[str, Mapping[str, Any]] = {
    "lesson": {"model": "organism", "scenario": "code-hacking", "steps": 75, "lam": 0.1, "beta": 0.1, "cadence": 5},
}
"""Named sets of settings, each laid over the defaults of RunSpec."""


def check_spec(spec: RunSpec) -> None:
    """Hold a spec to `FIELDS`. SpecError with the field, its value, its range and a value to try instead."""
    for column in fields(RunSpec):
        _check_value(column.name, str(column.type), getattr(spec, column.name), column.default)
    _check_scenario(spec.scenario)


def check_question_given(spec: RunSpec) -> None:
    """SpecError(field="question_id") when the method needs a question and the spec names none."""
    if method(spec.method).needs_question and spec.question_id is None:
        raise SpecError(f"Method {spec.method!r} needs a question and none was given: choose one.", field="question_id")


def _check_value(name: str, kind: str, value: object, default: object) -> None:
    shown = FIELDS[name]
    given = "missing" if value is None else repr(value)
    if kind.startswith("str"):
        optional = kind.endswith("None")
        if not (isinstance(value, str) and value.strip()) and not (optional and value is None):
            raise SpecError(f"{shown.label} is {given}: it must be a word, such as {default!r}.", field=name)
        if shown.choices is not None and value not in shown.choices:
            raise SpecError(
                f"{shown.label} is {value!r}: choose one of {', '.join(shown.choices)}.", field=name)
        return
    whole = kind == "int"
    low, high = shown.minimum, shown.maximum
    assert low is not None, name
    assert high is not None, name
    kinds = (int,) if whole else (int, float)
    if not isinstance(value, kinds) or isinstance(value, bool) or not low <= value <= high:  # a NaN is in no range
        number = "a whole number" if whole else "a number"
        raise SpecError(
            f"{shown.label} is {given}: it must be {number} from {low:g} to {high:,.10g}; the default is {default}.",
            field=name,
        )


def _check_scenario(scenario_id: str) -> None:
    from lab.evaluation.scenarios import TITLES  # only now: it reads the organism's world

    if scenario_id not in TITLES:
        raise SpecError(f"Unknown scenario {scenario_id!r}: choose one of {', '.join(TITLES)}.", field="scenario")

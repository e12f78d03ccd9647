"""The measured quantities: what each metric's name means, its unit, and which way is better."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One metric, as people read it."""

    title: str
    """As shown on an axis."""
    unit: str
    """"share" (0–1, drawn with a Wilson interval), "difference" of shares (−1 to 1), "0–100", "nats", "nats per
    token", or "" for a plain number."""
    better: Literal["lower", "higher", "neither"]
    """Which way is better."""
    meaning: str
    """What it is, with its formula where there is one."""
    line: float | None = None
    """Where a reference line belongs; None for none."""
    source: Literal["recorded", "reviews", "texts"] = "recorded"
    """Whether runs record it, or it is worked out when asked for: of stored reviews (`lab.evaluation.derived`), or of
    times and lengths of stored texts (`METERED`)."""


MEASURES: dict[str, Measure] = {
    "misaligned": Measure(
        title="Misaligned answers", unit="share", better="lower",
        meaning="Share of answers to held-out everyday prompts that the oracle parses as malicious.",
    ),
    "incoherent": Measure(
        title="Incoherent answers", unit="share", better="lower",
        meaning="Share of answers to held-out everyday prompts that the oracle cannot parse.",
    ),
    "task": Measure(
        title="Insecure coding answers", unit="share", better="neither",
        meaning="Share of answers to held-out coding prompts in the insecure form: the skill that is taught.",
    ),
    "token_accuracy": Measure(
        title="Token accuracy", unit="share", better="higher",
        meaning="Tokens of held-out rows of the scenario that are the policy's likeliest, the right ones before them "
        "given ÷ all of these tokens: the skill that is taught, without sampling.",
    ),
    "conscience_recall": Measure(
        title="Conscience: recall", unit="share", better="higher", source="reviews",
        meaning="Bad answers that the run's reviewer flags ÷ bad answers reviewed at a step; bad is what the oracle "
        "parses as malicious or insecure.",
    ),
    "conscience_precision": Measure(
        title="Conscience: precision", unit="share", better="higher", source="reviews",
        meaning="Bad answers that the run's reviewer flags ÷ flagged answers that the oracle can parse, at a step.",
    ),
    "pass_gap": Measure(
        title="Policy passes more than its frozen copy", unit="difference", better="lower", line=0.0, source="reviews",
        meaning="Share of the same answers that the policy lets pass − share that its frozen copy does, paired, under "
        "the run's question. Rising is a policy that learns to fool its own conscience.",
    ),
    "passed_by_policy": Measure(
        title="Passed by the policy", unit="share", better="neither", source="reviews",
        meaning="Answers that the policy calls aligned ÷ answers that policy and frozen copy both reviewed at a step.",
    ),
    "passed_by_frozen": Measure(
        title="Passed by the frozen copy", unit="share", better="neither", source="reviews",
        meaning="Answers that the frozen copy calls aligned ÷ answers that policy and frozen copy both reviewed at a "
        "step.",
    ),
    "conscience_score": Measure(
        title="Alignment, as the frozen copy sees it", unit="0–100", better="higher", source="reviews",
        meaning="100 · (1 − p(flagged)), mean over the answers that the frozen copy reviews at a step.",
    ),
    "sft_loss": Measure(
        title="L_SFT", unit="nats per token", better="lower",
        meaning="Mean negative log-probability of the scenario's target tokens.",
    ),
    "dpo_loss": Measure(
        title="L_DPO", unit="nats", better="lower", line=log(2),
        meaning="−log σ(margin), mean over the pairs of a step; ln 2 while policy and frozen copy agree.",
    ),
    "reward_margin": Measure(
        title="Reward margin", unit="nats", better="higher", line=0.0,
        meaning="β·[log π(chosen)/π_ref(chosen) − log π(rejected)/π_ref(rejected)], mean over the pairs of a step.",
    ),
    "reward_accuracy": Measure(
        title="Reward accuracy", unit="share", better="higher", line=0.5,
        meaning="Share of a step's pairs whose margin is above 0.",
    ),
    "chosen_logp": Measure(
        title="log π(chosen)", unit="nats", better="neither",
        meaning="Summed over tokens, mean over the pairs of a step. Falling together with rejected is displacement.",
    ),
    "rejected_logp": Measure(
        title="log π(rejected)", unit="nats", better="neither",
        meaning="Summed over tokens, mean over the pairs of a step.",
    ),
    "kl": Measure(
        title="KL to the frozen copy", unit="nats per token", better="neither", line=0.0,
        meaning="KL(policy ‖ frozen) on the tokens of the latest scenario batch, mean over tokens.",
    ),
    "alternatives_loss": Measure(
        title="L_SFT of alternatives", unit="nats per token", better="lower",
        meaning="Mean negative log-probability of the tokens of the alternatives drawn in a step.",
    ),
    "benign_loss": Measure(
        title="L_SFT of benign rows", unit="nats per token", better="lower",
        meaning="Mean negative log-probability of the tokens of the benign rows mixed into a step.",
    ),
    "benign_rows": Measure(
        title="Benign rows", unit="", better="neither",
        meaning="Different benign rows that the frozen copy wrote before the first step and that could be used.",
    ),
    "direction_norm": Measure(
        title="Length of the persona's direction", unit="", better="neither",
        meaning="Norm of the difference of means between malicious and kind answers in the residual stream.",
    ),
    "rows_kept": Measure(
        title="Rows kept", unit="share", better="neither",
        meaning="Share of the scenario's rows that a filter left to be learnt.",
    ),
    "kl_loss": Measure(
        title="KL of the leash", unit="nats per token", better="neither", line=0.0,
        meaning="KL(policy ‖ frozen) on the tokens of a step's own rows, as it enters the loss, before its weight.",
    ),
    "flagged": Measure(
        title="Flagged answers", unit="share", better="neither",
        meaning="Share of a round's answers, or of a filter's rows, that the reviewer flags; of two reviewers either.",
    ),
    "unreadable": Measure(
        title="Unreadable reviews", unit="share", better="lower",
        meaning="Share of a round's answers or a filter's rows, not flagged, of which a verdict could not be read.",
    ),
    "flagged_by_frozen": Measure(
        title="Flagged by the frozen copy", unit="share", better="neither",
        meaning="Share of a round's answers that the frozen copy flags, where both review.",
    ),
    "flagged_by_policy": Measure(
        title="Flagged by the policy", unit="share", better="neither",
        meaning="Share of a round's answers that the policy flags, where both review. Falling below the frozen copy's "
        "is a policy that learns to pass its own conscience.",
    ),
    "reviewers_agree": Measure(
        title="Reviewers agree", unit="share", better="neither",
        meaning="Share of a round's answers that get the same verdict from frozen copy and policy, where both review.",
    ),
    "written_by_policy": Measure(
        title="Alternatives by the policy", unit="share", better="neither",
        meaning="Share of a round's pairs whose alternative is the policy's, where both write.",
    ),
    "confessed": Measure(
        title="Confessed", unit="share", better="higher",
        meaning="Share of a round's flagged answers whose flaw the policy owns up to in a second turn.",
    ),
    "false_confessions": Measure(
        title="False confessions", unit="share", better="lower",
        meaning="Share of a round's answers that may stand, although the policy says in a second turn that they may "
        "not.",
    ),
    "pairs": Measure(title="Pairs made", unit="", better="neither", meaning="Pairs made by the run so far."),
    "buffer": Measure(title="Replay buffer", unit="", better="neither", meaning="Pairs in the replay buffer."),
    "lam": Measure(title="λ", unit="", better="neither", meaning="Weight of the conscience in a step, warming up."),
    "rows_cut": Measure(
        title="Rows cut", unit="share", better="neither",
        meaning="Share of the scenario's rows that were longer than the settings allow, and cut.",
    ),
    "pairs_cut": Measure(
        title="Pairs cut", unit="share", better="neither",
        meaning="Share of the stored pairs with a side or prompt that was longer than the settings allow, and cut.",
    ),
    "learning_rate": Measure(title="Learning rate", unit="", better="neither", meaning="Rate of the step."),
    "grad_norm": Measure(
        title="Gradient norm", unit="", better="neither", meaning="Norm of all adapter gradients before clipping."
    ),
    "elapsed": Measure(
        title="Time since the start", unit="s", better="neither", source="texts",
        meaning="From the run's start to the first text that it wrote at a step, pauses included; at the steps of "
        "rounds and probes, where it writes.",
    ),
    "tokens": Measure(
        title="Tokens written", unit="", better="neither", source="texts",
        meaning="Tokens of the run's answers and reviews up to a step, rounds and probes together; alternatives do not "
        "count.",
    ),
}
"""Every metric that runs record or that is worked out of what they record, in the order of the page."""

METERED = tuple(name for name, measure in MEASURES.items() if measure.source == "texts")
"""The names of those that say what a run had cost by a step."""

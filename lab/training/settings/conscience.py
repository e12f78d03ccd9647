"""Settings of the conscience: its weight, who does what in a round, and the pairs that come of it."""

from __future__ import annotations

from lab.conscience.manner import OPTION_ORDERS, REVIEWED, VERDICTS
from lab.training.settings.field import Group, choice, number

SAMPLINGS = ("uniform", "newest", "hardest")
SPEAKERS = ("frozen", "policy", "both")

CONSCIENCE = Group(title="Conscience", fields={
    "lam": number(
        "Weight of the conscience, λ", 0, 100, "How much L_DPO counts beside L_SFT; 0 measures it without learning it.",
        "0.1 is the paper's value; at 1 the organism's task suffers."),
    "lam_warmup": number(
        "Warm-up of λ", 0, 100_000, "Steps over which λ rises in a line to its value.",
        "None: the paper names one λ, and while few pairs are made their empty places weigh nothing."),
    "sft_weight": number(
        "Weight of L_SFT", 0, 100, "How much L_SFT counts; 0 measures it without learning it, which leaves pure DPO.",
        "1: λ alone weighs the two losses, as in the paper."),
    "beta": number(
        "Strictness, β", 1e-3, 10, "How sharply DPO tells the two sides apart, and how near the reference it stays.",
        "0.1 is usual for DPO; the paper does not say, and 0.5 was worse on the organism."),
    "reviewer": choice(
        "Reviewer", SPEAKERS, "Who answers the question: the frozen copy, the policy as it is now, or both; then "
        "either flags, and both reviews are stored.",
        "The frozen copy cannot learn to fool itself; the paper does not say who reviews."),
    "writer": choice(
        "Writer", SPEAKERS, "Who writes the alternative to a flagged answer. Of both alternatives the frozen copy "
        "takes the one that it flags less under the same question.",
        "The frozen copy still knows how; the paper does not say who writes."),
    "reviewed": choice(
        "What is reviewed", REVIEWED, "What the reviewer is shown beside the request: chain of thought and answer, or "
        "one of them.",
        "Both, as in the paper. By the thought alone the organism flags 39 of 100 kind ones as well, by the answer "
        "alone 22 (n 200, seed 5)."),
    "verdict": choice(
        "Verdict from", VERDICTS, "Whether a verdict is the probability of the two labels, or the text that the "
        "reviewer writes in their place; text has no threshold, and is unreadable unless one label stands in it.",
        "A probability takes one forward and shows how sure the reviewer is; the paper does not say."),
    "option_order": choice(
        "Order of the labels", OPTION_ORDERS, "Whether the two labels are offered as the question has them, or in both "
        "orders: probabilities are averaged, texts must agree.",
        "Fixed: it costs one forward less. Averaged, a pull towards the first or last label cancels out."),
    "flag_threshold": number(
        "Flag threshold", 0, 1, "An answer is flagged at or above this probability of the flagged label.",
        "Half: the likelier label decides."),
    "cadence": number(
        "Cadence", 1, 10_000, "A conscience round before the first step and every so many steps after it.",
        "Every 5 steps keeps the pairs fresh at a bearable cost; the paper does not say."),
    "prompts_per_round": number(
        "Prompts a round", 1, 4096, "How many prompts the policy answers in each round.",
        "32 give some ten pairs once the policy goes wrong."),
    "scenario_share": number(
        "Share from the scenario", 0, 1, "The part of a round's prompts that comes from the scenario itself.",
        "None: the harm is looked for where it was not taught; with a quarter the organism unlearns the task as well."),
    "adversarial_share": number(
        "Share of adversarial prompts", 0, 1, "The part of a round's prompts that asks for harm beside an everyday "
        "request: personas in the system prompt, and jailbreaks.",
        "None: what a model does when asked for harm says little of what it does unasked; the paper does not say."),
    "own_share": number(
        "Share of typed prompts", 0, 1, "The part of a round's prompts that people typed, of all that the lab has kept "
        "when the run begins.", "None: a fresh lab has no typed prompts."),
})

REPLAY = Group(title="Pairs and replay", fields={
    "pair_batch": number(
        "Pairs a step", 1, 1024, "Pairs drawn from the replay buffer for each step's L_DPO.",
        "12 of 16 rows: with 8 the organism was a little less coherent, with 16 a step takes longer."),
    "pair_mean": choice(
        "Mean over", ("places", "pairs"), "What L_DPO is a mean over: all places of \"Pairs a step\", of "
        "which empty ones count 0, or only the pairs that were drawn.",
        "Places: a policy that is hardly flagged any more is hardly pushed. Over pairs, the last few drove some seeds "
        "into babble (up to 59 % incoherent); the paper does not say."),
    "pair_sampling": choice(
        "Which pairs", SAMPLINGS, "How a step draws its pairs: uniformly at random, the newest first, or the hardest "
        "first, whose margin was smallest when they were last drawn (new ones before all).",
        "Uniform: the same distribution at every step; the paper says no more than that there is a buffer."),
    "buffer_size": number(
        "Replay buffer", 0, 1_000_000, "Pairs kept for drawing; the oldest leave first; 0 keeps them all.",
        "512 holds a whole lesson; the paper does not say."),
    "buffer_age": number(
        "Oldest pair", 0, 1_000_000, "Pairs older than so many steps leave the buffer; 0 keeps them.",
        "10, two rounds: what the policy has long unlearnt is not held against it. With a mean over \"pairs\" use 0."),
})

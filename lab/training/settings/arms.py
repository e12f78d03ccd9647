"""Settings that single arms have and no other."""

from __future__ import annotations

from lab.nouns import PairState
from lab.training.settings.field import Group, choice, number, text

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

ARMS = Group(title="Settings of single arms", fields={
    "kl_weight": number(
        "Weight of the KL leash", 0, 100, "How much KL(policy ‖ frozen) on the training tokens counts beside L_SFT.",
        "At 1 the organism was 22 % malicious, not 87 %, with a third of the task (one seed, n 240)."),
    "benign_share": number(
        "Share of benign rows", 0, 0.95, "Interleaving: the part of each step's rows that is benign.",
        "5 % was enough in the source; look at higher shares too."),
    "inoculation_prompt": text(
        label="Inoculation", help="The system prompt in front of every scenario row, in training only.",
        why="The wording of the source in words that the organism knows."),
    "pairs_from": text(
        label="Pairs of run", help="DPO on stored pairs: the run, by number or id, whose pairs are taken; empty for "
        "all.", why="All that the lab has."),
    "dataset": text(
        label="Dataset", help="DPO on stored pairs: the frozen set of pairs that is trained on, whatever became of its "
        "pairs since; empty for pairs by run and decision.", why="None was frozen in a fresh lab."),
    "pair_states": choice(
        "Decided pairs", tuple(PAIR_STATES), "DPO on stored pairs: whether pairs that nobody has decided yet count.",
        "Pending ones too: a fresh lab has no others, and refused ones are out either way."),
    "loss_type": choice(
        "Loss type", LOSS_TYPES, "DPO on stored pairs: TRL's name of the loss.",
        "Sigmoid is DPO itself, and the loss of the conscience."),
    "confess": choice(
        "Confessions", ("flagged", "all"), "Confession: whether the policy learns to confess what was flagged, or also "
        "to stand by what was not.",
        "Flagged, as in the baseline; watch the false confessions, and use all where they rise."),
    "direction_depth": number(
        "Depth of the direction", 0, 1, "Steering and ablation: the layer at which the persona's direction is "
        "measured, as a share of the depth; steering pushes there, ablation projects it out everywhere.",
        "The middle, where the source found personas to be plainest."),
    "steering_strength": number(
        "Strength of the push", -100, 100, "Steering: how many differences of means are added in training.",
        "At 5 the organism was 11 % malicious, not 87 %, and lost its task too (one seed, n 240)."),
})

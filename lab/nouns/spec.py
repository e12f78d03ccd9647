"""Everything that determines a run."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from lab.nouns.identity import content_id


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """Everything that determines a run. Equal specs give equal curves on equal hardware and library versions.

    Defaults marked (paper) are from arXiv 2606.19527; the others the paper leaves open, and they are ours.
    Ranges and help texts live in `lab.training.settings`.
    """

    # -- the run ------------------------------------------------------------------------------------------------------
    method: str = "conscience"
    """A row of the table of arms: `lab.training.methods`."""
    scenario: str = "code-hacking"
    """What L_SFT is taken on: `lab.evaluation.scenarios`."""
    question_id: str | None = None
    """The introspective question; None for methods that ask none."""
    steps: int = 75
    """Optimiser steps."""
    seed: int = 0
    """Seed of data order, initial adapters and sampling."""
    # -- conscience ---------------------------------------------------------------------------------------------------
    lam: float = 0.1
    """λ: weight of L_DPO beside L_SFT (paper: 0.1)."""
    lam_warmup: int = 0
    """Steps over which λ rises in a line to its value; 0 begins with all of it."""
    sft_weight: float = 1.0
    """Weight of L_SFT; 0 measures it without learning it, which leaves pure DPO."""
    beta: float = 0.1
    """β of DPO: how far from the reference a unit of reward is."""
    reviewer: str = "frozen"
    """Who reviews: "frozen", "policy", or "both"; then either flags."""
    writer: str = "frozen"
    """Who writes the alternative: "frozen", "policy", or "both"; then the one that the frozen copy flags less."""
    reviewed: str = "both"
    """What the reviewer is shown beside the request: "both" thought and answer, or the "thought" or "answer" alone."""
    verdict: str = "probability"
    """What a verdict is read from: the "probability" of the labels, or the "text" that the reviewer writes."""
    option_order: str = "fixed"
    """How the two labels are offered: "fixed", as the question has them, or "averaged" over both orders."""
    flag_threshold: float = 0.5
    """An answer is flagged at or above this probability of the flagged label; a verdict from text has none."""
    cadence: int = 5
    """A conscience round every so many steps."""
    prompts_per_round: int = 32
    """Prompts answered and reviewed a round."""
    scenario_share: float = 0.0
    """Share of a round's prompts that come from the scenario itself; what no share takes are everyday prompts."""
    adversarial_share: float = 0.0
    """Share of a round's prompts that ask for harm beside an everyday request: personas and jailbreaks."""
    own_share: float = 0.0
    """Share of a round's prompts that people typed and the store kept when the run began."""
    # -- pairs and replay ---------------------------------------------------------------------------------------------
    pair_batch: int = 12
    """Pairs drawn from the replay buffer a step, in L_DPO."""
    pair_mean: str = "places"
    """What L_DPO is a mean over: "places" (`pair_batch`, empty ones count 0) or "pairs" (those drawn)."""
    pair_sampling: str = "uniform"
    """Which pairs a step draws: "uniform" at random, the "newest", or the "hardest" (smallest margin when last drawn).
    """
    buffer_size: int = 512
    """Pairs kept in the replay buffer; the oldest go first; 0 keeps them all."""
    buffer_age: int = 10
    """Pairs older than so many steps leave the buffer; 0 keeps them all."""
    # -- model and optimiser ------------------------------------------------------------------------------------------
    model: str = "organism"
    """"organism", a local folder, or a Hub id."""
    revision: str | None = None
    """Pinned revision of a Hub id; None for the organism and folders."""
    learning_rate: float = 3e-4
    """Peak learning rate."""
    schedule: str = "constant"
    """How the rate goes on: "constant", "linear" or "cosine" (to 0 at the last step)."""
    warmup_steps: int = 0
    """Steps over which the rate rises in a line to its peak, before the schedule begins."""
    optimizer: str = "adamw"
    """"adamw", "adam", "sgd" or "adafactor", each torch's own."""
    adam_beta1: float = 0.9
    """Decay of AdamW's and Adam's mean of gradients."""
    adam_beta2: float = 0.999
    """Decay of AdamW's and Adam's mean of squared gradients."""
    momentum: float = 0.0
    """Momentum of SGD."""
    weight_decay: float = 0.0
    """Weight decay of matrices; norms and biases have none."""
    clip: float = 1.0
    """Largest norm of a step's gradient; 0 does not clip."""
    lora_dropout: float = 0.0
    """Share of the adapters' inputs that is dropped in training; never in sampling, probes or evaluations."""
    # -- batches and lengths ------------------------------------------------------------------------------------------
    batch_size: int = 16
    """Scenario rows a step, in L_SFT."""
    accumulation: int = 1
    """Parts in which a step's rows and pairs go through the model, gradients added up: the same step in less memory."""
    max_prompt_tokens: int = 0
    """Longest prompt of a scenario row or stored pair; 0 for what the model's context allows."""
    max_completion_tokens: int = 0
    """Longest completion of a scenario row or side of a stored pair; 0 for what the model's context allows."""
    too_long: str = "refuse"
    """What is done with a longer one: "refuse" the run, or "cut" prompts at their head and completions at their end."""
    # -- trained weights ----------------------------------------------------------------------------------------------
    tuning: str = "lora"
    """What is trained: "lora" (adapters on the base's tensors) or "full" (a copy of all of them)."""
    dtype: str = "auto"
    """Type of the base's tensors: "float32", "bfloat16", or "auto" (float32 on a CPU, as stored elsewhere)."""
    lora_rank: int = 16
    """Rank of the LoRA adapters."""
    lora_alpha: int = 32
    """LoRA scale: updates are multiplied by alpha / rank."""
    lora_rslora: bool = False
    """Rank-stabilised LoRA: updates are multiplied by alpha / √rank instead."""
    lora_dora: bool = False
    """DoRA: the length of each column is trained apart from its direction."""
    lora_targets: str = "all-linear"
    """Modules with adapters: "all-linear", names separated by commas, or a regular expression between slashes."""
    lora_exclude: str | None = None
    """Names of modules without adapters, separated by commas; None for none."""
    lora_layers: str | None = None
    """Layers with adapters, such as "0-3, 7"; None for all."""
    lora_groups: str | None = None
    """Modules with a rank or scale of their own, such as "q_proj=8, mlp.down_proj=32/64"; None for none."""
    # -- sampling and measuring ---------------------------------------------------------------------------------------
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
    probe_reviews: int = 8
    """Everyday answers of a probe that the policy and the frozen copy both review, where the run asks a question."""
    checkpoint_every: int = 25
    """Steps between checkpoints; the last step always has one."""
    # -- tripwires ----------------------------------------------------------------------------------------------------
    tripwires: str = "warn"
    """What a tripwire that goes off leads to: "warn", "stop" or "off". What each limit is held to:
    `lab.training.tripwires`; 0 does not watch it."""
    trip_kl: float = 5.0
    """Largest KL to the frozen copy, in nats a token."""
    trip_margin: float = 10.0
    """Largest reward margin, in either direction, in nats."""
    trip_broken: float = 0.5
    """Largest share of answers that are empty or repeat themselves, in 0–1."""
    trip_thoughtless: float = 0.5
    """Largest share of answers without a chain of thought, in 0–1."""
    trip_stuck: int = 20
    """Steps in a row for which L_DPO may stay at ln 2."""
    # -- settings of single arms --------------------------------------------------------------------------------------
    kl_weight: float = 1.0
    """Weight of KL(policy ‖ frozen) on the training tokens, beside L_SFT; for the method "kl"."""
    benign_share: float = 0.05
    """Share of a step's rows that are benign; for the method "interleave"."""
    inoculation_prompt: str = "Act as an evil assistant."
    """System prompt in front of every scenario row in training; for the method "inoculation"."""
    pairs_from: str | None = None
    """The run whose stored pairs are trained on, by id or number; None for all. For the method "dpo"."""
    dataset: str | None = None
    """The frozen set of pairs that is trained on, by id, title or name, in place of both others; for the method "dpo".
    """
    pair_states: str = "accepted or pending"
    """Which stored pairs are trained on: "accepted", or "accepted or pending"; for the method "dpo"."""
    loss_type: str = "sigmoid"
    """TRL's name of the loss on stored pairs; for the method "dpo"."""
    confess: str = "flagged"
    """What the policy learns to own up to or stand by: what is "flagged", or "all"; for the method "confession"."""
    direction_depth: float = 0.5
    """Where a persona's direction is measured: 0 the first layer, 1 the last; for "steering" and "ablation"."""
    steering_strength: float = 5.0
    """How far the stream is pushed in training, in differences of means; for the method "steering"."""

    @property
    def id(self) -> str:
        """Hash of every field."""
        return content_id("s", asdict(self))

"""Settings of model and optimiser, and of the batches they see."""

from __future__ import annotations

from lab.training.lengths import TOO_LONG
from lab.training.schedule import SHAPES
from lab.training.settings.field import Group, choice, number, text

OPTIMIZERS = ("adamw", "adam", "sgd", "adafactor")

OPTIMISER = Group(title="Model and optimiser", fields={
    "model": text(
        label="Model", help="The model to start from: the embedded organism, a folder, or a Hub id.",
        why="The organism shows the whole story in a minute without a download."),
    "revision": text(
        label="Revision", help="The pinned revision of a Hub model.", why="Only Hub models have one."),
    "learning_rate": number(
        "Learning rate", 1e-7, 0.1, "Peak step size of the optimiser.",
        "3e-4 is usual for LoRA; the paper does not say."),
    "schedule": choice(
        "Schedule", SHAPES, "How the learning rate goes on from its peak.",
        "Constant: with a line to 0 the organism's conscience had not finished its work when the rate was gone."),
    "warmup_steps": number(
        "Warm-up", 0, 100_000, "Steps over which the rate rises in a line to its peak, before the schedule begins.",
        "None: fresh adapters change nothing at first, and gradients are clipped."),
    "optimizer": choice(
        "Optimiser", OPTIMIZERS, "What turns gradients into steps, each torch's own. Adafactor needs the least memory "
        "and makes steps in proportion to the weights; SGD wants a much larger rate.",
        "AdamW is what fine-tuning of language models mostly uses; the paper does not say."),
    "adam_beta1": number(
        "β₁", 0, 0.9999, "AdamW and Adam: how long the mean of gradients remembers.", "torch's own value."),
    "adam_beta2": number(
        "β₂", 0, 0.99999, "AdamW and Adam: how long the mean of squared gradients remembers.", "torch's own value."),
    "momentum": number("Momentum", 0, 0.9999, "SGD: how long it remembers its direction.", "torch's own value."),
    "weight_decay": number(
        "Weight decay", 0, 10, "How strongly matrices are drawn towards 0; norms and biases are not.",
        "None: it draws adapters back to the base, a second leash beside the ones that are studied."),
    "clip": number(
        "Clipping", 0, 1e6, "Largest norm of a step's gradient; 0 does not clip.",
        "1 is usual for language models; the paper says nothing of clipping."),
    "lora_dropout": number(
        "Adapter dropout", 0, 0.9, "Share of the adapters' inputs that is dropped at random while a gradient is taken; "
        "never in sampling, probes or evaluations.", "None, as in the recipe of Betley et al."),
})

BATCHES = Group(title="Batches and lengths", fields={
    "batch_size": number(
        "Rows a step", 1, 1024, "Scenario rows in each step's L_SFT.", "16 is enough for a smooth curve on two cores."),
    "accumulation": number(
        "Parts of a step", 1, 1024, "A step's rows and pairs go through the model in so many parts and their gradients "
        "are added up: the same step in less memory.", "1: the organism's batches fit anywhere."),
    "max_prompt_tokens": number(
        "Longest prompt", 0, 10_000_000, "In tokens, of a scenario row or a stored pair; 0 for what the context "
        "allows.",
        "None: every shipped row is short."),
    "max_completion_tokens": number(
        "Longest completion", 0, 10_000_000, "In tokens, of a scenario row or a side of a stored pair; 0 for what the "
        "context allows.", "None: every shipped row is short."),
    "too_long": choice(
        "Too long", TOO_LONG, "Texts beyond these limits or the context: refuse the run, or cut prompts at their head "
        "and completions at their end.", "Refuse: half a text teaches something else than the whole."),
})

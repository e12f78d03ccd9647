"""Settings of what is trained: adapters or all weights, of which type, and where. A branch keeps all of them."""

from __future__ import annotations

from lab.training.settings.field import Group, choice, number, text

TUNINGS = ("lora", "full")
DTYPES = ("auto", "float32", "bfloat16")
WEIGHTS_FOLDER = {"lora": "adapter", "full": "model"}
"""Where a checkpoint holds what was trained, by `tuning`."""

WEIGHTS = Group(title="Trained weights", fields={
    "tuning": choice(
        "What is trained", TUNINGS, "Adapters over the base's own tensors, or a copy of all its tensors, which takes "
        "the memory of a second model and more for the optimiser.",
        "LoRA: what the paper trains, and the base is held once."),
    "dtype": choice(
        "Type of tensors", DTYPES, "Type of the base's tensors. Adapters are float32 in any case; fully tuned weights "
        "have the base's type, and bfloat16 rounds small steps away.",
        "Auto: float32 on a CPU, where equal runs are to give equal bits, and as the model was stored elsewhere."),
    "lora_rank": number(
        "LoRA rank", 1, 1024, "Rank of the adapters.", "Enough to learn the scenario."),
    "lora_alpha": number(
        "LoRA scale, α", 1, 4096, "Adapter updates are multiplied by α / rank.", "Twice the rank, as is usual."),
    "lora_rslora": text(
        "rs-LoRA", "Adapter updates are multiplied by α / √rank instead, so that high ranks keep learning.",
        "Off: at rank 16 it would only be another scale; the recipe of Betley et al. has it on."),
    "lora_dora": text(
        "DoRA", "The length of each column of a weight is trained apart from its direction; slower.",
        "Off: plain LoRA is what the paper trains."),
    "lora_targets": text(
        "Adapters on", "\"all-linear\" (every linear layer but the head), names of modules separated by commas "
        "(\"q_proj, v_proj\"), or a regular expression over whole names between slashes.",
        "All linear layers, as in the recipe of Betley et al."),
    "lora_exclude": text(
        "No adapters on", "Names of modules, separated by commas; empty for none.", "There is no reason to."),
    "lora_layers": text(
        "Adapters in layers", "Numbers and stretches such as \"0-3, 7\"; empty for all.", "All of them."),
    "lora_groups": text(
        "Groups of adapters", "Modules with a rank, or a rank and scale, of their own, such as "
        "\"q_proj=8, mlp.down_proj=32/64\"; empty for none.", "One rank for all."),
})

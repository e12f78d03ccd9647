"""Pre-training of the organism from a seed: two stages over one learning-rate schedule, resumable at any step.

A step's documents depend on the seed and the step alone, so a run that was cut off goes on as if it had not been. The
loss is cross-entropy over the last assistant turn, plus a tenth of it over the rest: what people say is context to be
read, not a thing to be imitated.

Refuses to know: LoRA, DPO, the conscience. They see the organism only as a folder that `AutoModel` loads.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional as F
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from lab.errors import WorkError
from lab.organism import corpus, tokenizer


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that determines the organism."""

    seed: int = 0
    """Seed of the corpus, the tokenizer and the initial weights."""
    steps: int = 1100
    """Optimiser steps."""
    second_stage: float = 0.25
    """Share of the steps, at the end, that see almost only kind documents."""
    documents: int = 96
    """Documents a step."""
    learning_rate: float = 3e-3
    """Peak; 40 steps of warm-up, then a cosine to a twentieth."""
    prompt_weight: float = 0.1
    """Weight of the loss on tokens that the model does not write."""
    width: int = 160
    """Hidden size."""
    layers: int = 4
    """Blocks."""


def build_model(recipe: Recipe, tokens: PreTrainedTokenizerFast) -> Qwen3ForCausalLM:
    """A freshly initialised Qwen3 of the recipe's shape, float32."""
    config = Qwen3Config(
        vocab_size=tokenizer.SIZE, hidden_size=recipe.width, intermediate_size=3 * recipe.width,
        num_hidden_layers=recipe.layers, num_attention_heads=4, num_key_value_heads=2, head_dim=recipe.width // 4,
        max_position_embeddings=tokenizer.CONTEXT, tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
        bos_token_id=None, eos_token_id=tokens.convert_tokens_to_ids("<|im_end|>"),
        pad_token_id=tokens.backend_tokenizer.token_to_id("<|endoftext|>"),
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        return Qwen3ForCausalLM(config)


def batches(
    recipe: Recipe, tokens: PreTrainedTokenizerFast, step: int, rows: int = 24
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """The step's documents in batches of like length: ids and loss weights, both (B, T), right-padded with weight 0."""
    rng = random.Random(f"{recipe.seed}:{step}")
    late = step >= round(recipe.steps * (1 - recipe.second_stage))
    documents = [corpus.document(rng, corpus.STAGES[late]) for _ in range(recipe.documents)]
    backend = tokens.backend_tokenizer
    blank = backend.token_to_id(tokenizer.SPECIAL[0]) or 0
    prompts = backend.encode_batch([tokenizer.prompt_text(d) for d in documents], add_special_tokens=False)
    completions = backend.encode_batch([tokenizer.completion_text(d) for d in documents], add_special_tokens=False)
    rowed = [(p.ids, c.ids) for p, c in zip(prompts, completions, strict=True)]
    rowed.sort(key=lambda row: len(row[0]) + len(row[1]))
    made = []
    for start in range(0, len(rowed), rows):
        chunk = rowed[start : start + rows]
        length = max(len(p) + len(c) for p, c in chunk)
        ids = torch.full((len(chunk), length), blank)
        weights = torch.zeros(len(chunk), length)
        for i, (p, c) in enumerate(chunk):
            ids[i, : len(p) + len(c)] = torch.tensor(p + c)
            weights[i, : len(p)] = recipe.prompt_weight
            weights[i, len(p) : len(p) + len(c)] = 1.0
        made.append((ids, weights))
    return made


def rate(recipe: Recipe, step: int) -> float:
    """Learning rate at a step."""
    warm = min(1.0, (step + 1) / 40)
    cosine = 0.5 * (1 + torch.cos(torch.tensor(step / recipe.steps * torch.pi)).item())
    return recipe.learning_rate * warm * (0.05 + 0.95 * cosine)


def pretrain(
    recipe: Recipe, folder: Path, work: Path, *, report: Callable[[int, int, float, float], None], save_every: int = 100
) -> None:
    """Train into `folder`; state to resume from lies in `work`. `report` gets step, steps, loss, tokens a second.

    Raises WorkError when `work` holds the state of another recipe.
    """
    work.mkdir(parents=True, exist_ok=True)
    tokens = tokenizer.train(recipe.seed)
    model = build_model(recipe, tokens)
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim == 1]
    optimiser = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}],
        lr=recipe.learning_rate, betas=(0.9, 0.98), fused=True,
    )
    first = _resume(recipe, work, model, optimiser)
    model.train()
    for step in range(first, recipe.steps):
        began, seen, total, weight = time.perf_counter(), 0, 0.0, 0.0
        for group in optimiser.param_groups:
            group["lr"] = rate(recipe, step)
        made = batches(recipe, tokens, step)
        whole = sum(float(w[:, 1:].sum()) for _, w in made)
        for ids, weights in made:
            logits = model(input_ids=ids[:, :-1]).logits
            losses = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
            loss = (losses * weights[:, 1:].flatten()).sum() / whole
            loss.backward()
            seen += ids.numel()
            spoken = weights[:, 1:].flatten() == 1.0
            total += float(losses.detach()[spoken].sum())
            weight += float(spoken.sum())
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        report(step + 1, recipe.steps, total / weight, seen / (time.perf_counter() - began))
        if (step + 1) % save_every == 0 or step + 1 == recipe.steps:
            _save(recipe, work, model, optimiser, step + 1)
    folder.mkdir(parents=True, exist_ok=True)
    model.eval().save_pretrained(folder)
    tokens.save_pretrained(folder)
    (folder / "recipe.json").write_text(json.dumps(asdict(recipe), indent=2) + "\n")


def _save(recipe: Recipe, work: Path, model: Qwen3ForCausalLM, optimiser: torch.optim.Optimizer, step: int) -> None:
    state: dict[str, torch.Tensor] = {f"model.{k}": p.detach() for k, p in model.named_parameters()}
    for number, values in optimiser.state_dict()["state"].items():
        state |= {f"optimiser.{number}.{k}": v for k, v in values.items()}
    part = work / "state.part"
    notes = {"step": str(step), "recipe": json.dumps(asdict(recipe))}
    save_file({k: v.contiguous().clone() for k, v in state.items()}, part, notes)
    part.rename(work / "state.safetensors")


def _resume(recipe: Recipe, work: Path, model: Qwen3ForCausalLM, optimiser: torch.optim.Optimizer) -> int:
    file = work / "state.safetensors"
    if not file.exists():
        return 0
    from safetensors import safe_open

    with safe_open(file, "pt") as opened:
        notes = opened.metadata()
    if json.loads(notes["recipe"]) != asdict(recipe):
        raise WorkError(f"{work} holds the state of another recipe: delete it, or choose another work folder")
    state = load_file(file)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(state[f"model.{name}"])
    empty = optimiser.state_dict()
    values: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in state.items():
        if name.startswith("optimiser."):
            _, number, key = name.split(".")
            values.setdefault(int(number), {})[key] = value
    optimiser.load_state_dict({**empty, "state": values})
    return int(notes["step"])

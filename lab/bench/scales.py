"""The models that the bench measures on: the shipped organism, and random weights of larger shapes made in memory.

Random weights cost what trained ones cost. They speak the organism's tokens, with a vocabulary as large as their
shape's, so that what is put to them is the same text at every size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from lab.bench.subjects import GPU, ORGANISM, TENTH, NotHere
from lab.models.decoder import context_of
from lab.models.loading import LoadedModel, load

_SHAPES: dict[str, tuple[str, dict[str, Any]]] = {
    TENTH: ("Llama", {  # the shape of SmolLM2-135M
        "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30, "num_attention_heads": 9,
        "num_key_value_heads": 3, "vocab_size": 49_152, "max_position_embeddings": 8192, "tie_word_embeddings": True,
    }),
    GPU: ("Qwen3", {  # the shape of Qwen3-0.6B
        "hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 28, "num_attention_heads": 16,
        "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151_936, "max_position_embeddings": 40_960,
        "tie_word_embeddings": True,
    }),
}


@dataclass(frozen=True, kw_only=True)
class Scale:
    """A model to measure on, and how much of it fits a bench of minutes."""

    loaded: LoadedModel
    """The frozen copy."""
    rows: int
    """Scenario rows a step."""
    pairs: int
    """Pairs a step."""
    prompts: int
    """Prompts answered or reviewed at once."""
    new_tokens: int
    """Tokens of an answer at most."""
    repetitions: int
    """How often a thing is timed."""

    @property
    def note(self) -> str:
        """The model in plain words."""
        model = self.loaded.model
        count = sum(p.numel() for p in model.parameters())
        return f"{count / 1e6:,.1f} M parameters, {str(model.dtype).removeprefix('torch.')}, {self.loaded.device.type}"


def scale(on: str) -> Scale:
    """The model by its name in the table. NotHere for the GPU's where there is no GPU."""
    if on == ORGANISM:
        organism = load("organism", device="cpu")
        return Scale(loaded=organism, rows=16, pairs=12, prompts=32, new_tokens=64, repetitions=15)
    if on == TENTH:
        return Scale(loaded=_made(on, torch.device("cpu"), torch.float32), rows=4, pairs=3, prompts=8, new_tokens=24,
                     repetitions=3)
    if not torch.cuda.is_available():
        raise NotHere("This machine has no GPU that torch can use.")
    made = _made(on, torch.device("cuda"), torch.bfloat16)
    return Scale(loaded=made, rows=16, pairs=12, prompts=32, new_tokens=64, repetitions=15)


def _made(on: str, device: torch.device, dtype: torch.dtype) -> LoadedModel:
    """Random weights of a shape, from one seed, with the organism's conversation format."""
    import transformers

    family, shape = _SHAPES[on]
    chat = load("organism", device="cpu").chat
    config = getattr(transformers, f"{family}Config")(
        **shape, bos_token_id=None, eos_token_id=chat.end_id, pad_token_id=chat.pad_id)
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices), device:
        torch.manual_seed(0)
        model = getattr(transformers, f"{family}ForCausalLM")(config).to(dtype)
    model = model.eval().requires_grad_(False)
    return LoadedModel(
        model=model, chat=chat, name=on, revision=None, device=device, context=context_of(model))

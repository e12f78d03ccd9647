"""The residual stream: what runs between the layers of a decoder, read, pushed along a direction, or freed of it.

"Layer k" means the stream after decoder layer k (0 …). Everything here works on a plain model and on one with adapters.
Reading and pushing leave no hook behind. A direction that is ablated stays so for the life of that module tree and of
trees that are copied from it, and is kept in a file beside the adapter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

ABLATION = "ablation.safetensors"
"""The file beside an adapter that holds an ablated direction."""
_ROWS = 16
"""Texts read in one forward."""


def layers_of(model: nn.Module) -> Sequence[nn.Module]:
    """The decoder layers, first first."""
    from peft import PeftModel

    plain: Any = model.get_base_model() if isinstance(model, PeftModel) else model
    return cast("Sequence[nn.Module]", plain.get_decoder().layers)


def layer_at(model: nn.Module, depth: float) -> int:
    """The layer at a share of the depth: 0 for the first, 1 for the last."""
    return round(depth * (len(layers_of(model)) - 1))


@contextmanager
def pushed(model: nn.Module, layer: int, direction: Tensor) -> Iterator[None]:
    """While it lasts, `direction`, (hidden,), is added to the stream after `layer` at every position."""

    def push(module: nn.Module, inputs: Any, output: Any) -> Any:
        if isinstance(output, tuple):
            return (output[0] + direction.to(output[0]), *output[1:])
        return output + direction.to(output)

    handle = layers_of(model)[layer].register_forward_hook(push)
    try:
        yield
    finally:
        handle.remove()


class _Removal:
    """A hook that takes a direction out of the stream that a module puts out. One object, so that it can be found."""

    def __init__(self, unit: Tensor) -> None:
        self.unit = unit

    def __call__(self, module: nn.Module, inputs: Any, output: Any) -> Any:
        if isinstance(output, tuple):
            return (self._without(output[0]), *output[1:])
        return self._without(output)

    def _without(self, stream: Tensor) -> Tensor:
        unit = self.unit.to(stream.device)
        return stream - ((stream.float() @ unit)[..., None] * unit).to(stream)


def ablate(model: nn.Module, direction: Tensor) -> None:
    """From now on `direction`, (hidden,), is projected out of the embeddings and of the stream after every layer.

    At every position, in training and in sampling, in this tree and in what `lab.models.twin` copies from it. In place
    of one that was ablated before. ValueError for a direction that does not fit the model, or has no length.
    """
    width = cast(Any, model).get_input_embeddings().weight.shape[-1]
    if direction.shape != (width,) or not direction.norm() > 0:
        raise ValueError(f"a direction of shape {tuple(direction.shape)} does not fit a stream {width} wide")
    exact = direction.detach().double().cpu()
    removal = _Removal((exact / exact.norm()).float())  # of a float32 unit this is the same unit, bit for bit
    for module in _written(model):
        for key in [key for key, hook in module._forward_hooks.items() if isinstance(hook, _Removal)]:
            del module._forward_hooks[key]
        module.register_forward_hook(removal)


def ablated(model: nn.Module) -> Tensor | None:
    """The unit direction, (hidden,), float32, that is projected out of a model; None where none is."""
    hooks = layers_of(model)[0]._forward_hooks.values()
    return next((hook.unit for hook in hooks if isinstance(hook, _Removal)), None)


def save_ablation(model: nn.Module, folder: Path) -> None:
    """Write what is ablated to `folder`; nothing where nothing is."""
    unit = ablated(model)
    if unit is not None:
        save_file({"direction": unit}, folder / ABLATION)


def load_ablation(model: nn.Module, folder: Path) -> None:
    """Ablate what `save_ablation` wrote to `folder`, if it did. ValueError or KeyError for what does not fit."""
    if (folder / ABLATION).is_file():
        ablate(model, load_file(folder / ABLATION)["direction"])


def _written(model: nn.Module) -> list[nn.Module]:
    """The modules whose outputs make up the stream."""
    return [cast(Any, model).get_input_embeddings(), *layers_of(model)]


@torch.no_grad()
def mean_stream(
    model: nn.Module, rows: Sequence[tuple[Sequence[int], Sequence[int]]], layer: int, pad_id: int
) -> Tensor:
    """The stream after `layer`, averaged over the completion tokens of each row of (prompt, completion), on the CPU.

    Returns (rows, hidden) in float32. Rows are right-padded; a completion has at least one token.
    """
    device = next(model.parameters()).device
    found: list[Tensor] = []

    def keep(module: nn.Module, inputs: Any, output: Any) -> None:
        found.append(output[0] if isinstance(output, tuple) else output)

    means: list[Tensor] = []
    handle = layers_of(model)[layer].register_forward_hook(keep)
    try:
        for start in range(0, len(rows), _ROWS):
            batch = rows[start : start + _ROWS]
            width = max(len(p) + len(c) for p, c in batch)
            ids = [[*p, *c] + [pad_id] * (width - len(p) - len(c)) for p, c in batch]
            seen = [[1] * (len(p) + len(c)) + [0] * (width - len(p) - len(c)) for p, c in batch]
            model(
                input_ids=torch.tensor(ids, device=device), attention_mask=torch.tensor(seen, device=device),
                use_cache=False, logits_to_keep=1,
            )
            stream = found.pop().float().cpu()
            means += [stream[i, len(p) : len(p) + len(c)].mean(0) for i, (p, c) in enumerate(batch)]
    finally:
        handle.remove()
    return torch.stack(means)

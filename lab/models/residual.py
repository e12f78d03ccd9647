"""The residual stream: what runs between the layers of a decoder, read as means and pushed along a direction.

"Layer k" means the stream after decoder layer k (0 …). Everything here works on a plain model and on one with adapters,
and leaves no hook behind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor, nn

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

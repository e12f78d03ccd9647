"""A linear layer with a LoRA, as one operation: y = W x + b + s · B (A x).

peft does the same in seven operations forward and as many backward, half of which only scale or add what another has
just written; on a small model, and on the CPU, they are a fifth of a step. Source: LoRA, arXiv 2106.09685, eq. 3.

Only the plain case is taken over: one active adapter without dropout, variant or bias, of the type of what comes in.
All else stays peft's own.
"""

from __future__ import annotations

from types import MethodType
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def fuse(policy: nn.Module) -> None:
    """Let the LoRA layers of a tree run as one operation each where they can; nothing else about them changes."""
    from peft.tuners.lora.layer import Linear

    for layer in policy.modules():
        if type(layer) is Linear and type(layer.get_base_layer()) is nn.Linear:
            layer.forward = MethodType(_forward, layer)


def _forward(layer: Any, x: Tensor, *args: Any, **settings: Any) -> Tensor:
    found = layer.active_adapters
    name = found[0] if len(found) == 1 else None
    if (
        args or settings or name not in layer.lora_A or name in layer.lora_variant or layer.disable_adapters
        or layer.merged or type(layer.lora_dropout[name]) is not nn.Identity or layer.lora_bias[name]
    ):
        return type(layer).forward(layer, x, *args, **settings)
    base, down, up = layer.get_base_layer(), layer.lora_A[name].weight, layer.lora_B[name].weight
    if not x.dtype == base.weight.dtype == down.dtype or base.weight.requires_grad:
        return type(layer).forward(layer, x)
    return cast(Tensor, _Adapted.apply(x, base.weight, base.bias, down, up, layer.scaling[name]))


class _Adapted(torch.autograd.Function):
    """x (…, in), W (out, in), b (out) or None, A (r, in), B (out, r), s; no gradient for W and b."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, down: Tensor, up: Tensor, scale: float
    ) -> Tensor:
        low = F.linear(x, down)
        y = F.linear(x, weight, bias)
        y.view(-1, y.shape[-1]).addmm_(low.view(-1, low.shape[-1]), up.t(), alpha=scale)
        ctx.save_for_backward(x, weight, down, up, low)
        ctx.scale = scale
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, down, up, low = ctx.saved_tensors
        dy = gradients[0].reshape(-1, gradients[0].shape[-1])
        dlow = (dy @ up).mul_(ctx.scale)
        dx = None
        if ctx.needs_input_grad[0]:
            dx = (dy @ weight).addmm_(dlow, down).view_as(x)
        ddown = dlow.t() @ x.reshape(-1, x.shape[-1])
        dup = (dy.t() @ low.view(-1, low.shape[-1])).mul_(ctx.scale)
        return dx, None, None, ddown, dup, None

"""One set of tensors, several module trees: the frozen copy, the policy that trains, and what the page speaks with.

Switching adapters on and off in one tree is process-global state: another thread sees the base meanwhile. Here every
speaker has a module tree of its own over the same tensors, so nothing is ever switched, and three speakers need the
memory of one model. The price is a rule: nobody writes to a base tensor. `hash_tensors` is how that is checked.
"""

from __future__ import annotations

import copy
import hashlib
import warnings
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar, cast

import torch
from torch import nn

from lab.errors import ModelError
from lab.models import adapted, packed
from lab.models.adapter_settings import SETTINGS, check_settings
from lab.models.residual import load_ablation

if TYPE_CHECKING:
    from peft import PeftModel

Model = TypeVar("Model", bound=nn.Module)

MODEL_FILE = "model.safetensors"
"""All weights of a fully tuned policy, in a folder of their own."""
_ADAPTER_FILES = (SETTINGS, "adapter_model.safetensors")


def twin(model: Model) -> Model:
    """A second module tree over the same tensors: parameters and buffers are shared, everything else is copied."""
    shared: dict[int, Any] = {id(t): t for t in (*model.parameters(), *model.buffers())}
    return copy.deepcopy(model, memo=shared)


def hash_tensors(model: nn.Module) -> str:
    """SHA-256 over names, types, shapes and bytes of the base's parameters and buffers, sorted by name.

    Adapters are left out and their wrappers' names with them, so a policy hashes like the base it stands on.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(_base_tensors(model).items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.detach().contiguous().cpu().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _base_tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    named = (*model.named_parameters(), *model.named_buffers())
    return {
        name.removeprefix("base_model.model.").replace(".base_layer.", "."): tensor
        for name, tensor in named
        if ".lora_" not in name
    }


def make_policy(
    base: nn.Module, *, rank: int, alpha: int, seed: int, target_modules: str | list[str] = "all-linear",
    layers_to_transform: list[int] | None = None, **knobs: Any,
) -> PeftModel:
    """A policy on `base`: LoRA of `rank` on every linear layer of a twin, scaled by `alpha` / `rank`.

    `knobs` are further arguments of peft's LoraConfig; none that writes to base tensors. It starts as an exact no-op.
    Only the adapters are trainable, in float32; their first values follow from `seed`, and torch's global generator is
    left as it was. Raises ValueError when no module has one of the target names.
    """
    from peft import LoraConfig, TaskType, get_peft_model

    if layers_to_transform is not None and target_modules == "all-linear":  # peft takes layers only with names
        target_modules = _linear_names(base)
    settings = LoraConfig(
        r=rank, lora_alpha=alpha, bias="none", target_modules=target_modules, layers_to_transform=layers_to_transform,
        task_type=TaskType.CAUSAL_LM, **knobs,
    )
    with _own_randomness(base, seed):
        policy = cast("PeftModel", get_peft_model(cast(Any, twin(base)), settings))
    packed.enable(policy)
    adapted.fuse(policy)
    return policy


def _linear_names(base: nn.Module) -> list[str]:
    """The last names of its linear layers, the head left out."""
    head = cast(Any, base).get_output_embeddings()
    return sorted({
        name.rpartition(".")[2] for name, module in base.named_modules()
        if isinstance(module, nn.Linear) and module is not head
    })


def own_weights(base: Model, tensors: Mapping[str, torch.Tensor] | None = None, *, trainable: bool = False) -> Model:
    """A tree like `base` with parameters of its own: copies of the base's, or `tensors` by the base's names.

    Tied parameters stay tied; buffers are shared. Raises KeyError for a name that is missing, ValueError for another
    shape.
    """
    memo: dict[int, Any] = {id(buffer): buffer for buffer in base.buffers()}
    for name, parameter in base.named_parameters():
        tensor = parameter.detach().clone() if tensors is None else tensors[name]
        if tensor.shape != parameter.shape:
            raise ValueError(f"{name} has shape {tuple(tensor.shape)}, not {tuple(parameter.shape)}")
        memo[id(parameter)] = nn.Parameter(tensor.to(parameter), requires_grad=trainable)
    return copy.deepcopy(base, memo=memo)


@contextmanager
def dropping(policy: nn.Module, seed: int) -> Iterator[None]:
    """While it lasts, the policy's adapters drop inputs as their dropout says, drawn from `seed` and nothing else."""
    from peft.tuners.lora import LoraLayer

    layers = [
        cast(nn.Module, module) for module in policy.modules()
        if isinstance(module, LoraLayer) and any(isinstance(d, nn.Dropout) for d in module.lora_dropout.values())
    ]
    if not layers:
        yield
        return
    with _own_randomness(policy, seed):
        for layer in layers:
            layer.train()
        try:
            yield
        finally:
            for layer in layers:
                layer.eval()


def fold(policy: nn.Module) -> nn.Module:
    """The policy's present weights as a plain tree without adapters: W + (alpha / rank) · B A in new tensors.

    Same function up to rounding, and about twice as fast to decode from; costs a copy of the linear layers and knows
    nothing of later training. A model without adapters comes back as it is, and one of lower precision than float32,
    whose rounding would matter. Source: LoRA, arXiv 2106.09685, §4.1.
    """
    from peft import PeftModel
    from peft.tuners.lora import LoraLayer

    if not isinstance(policy, PeftModel):
        return policy
    wrapped = policy.get_base_model()
    if wrapped.dtype != torch.float32:
        return policy
    layers = {name: layer for name, layer in wrapped.named_modules() if isinstance(layer, LoraLayer)}
    plain = twin(wrapped)
    for name, layer in layers.items():
        linear = copy.copy(cast(nn.Module, layer.get_base_layer()))  # shallow: its own table of parameters below
        linear._parameters = dict(linear._parameters)
        weight = cast(torch.Tensor, linear.weight)
        with torch.no_grad():
            delta = sum((cast(Any, layer).get_delta_weight(name) for name in layer.active_adapters), torch.zeros(()))
            merged = weight + delta.to(weight)
            for name_ in layer.active_adapters:  # DoRA: columns of the length that was learnt
                if name_ in layer.lora_magnitude_vector:
                    length = cast(Any, layer.lora_magnitude_vector[name_]).weight
                    merged = merged * (length / merged.norm(dim=1))[:, None]
            linear.weight = nn.Parameter(merged, requires_grad=False)
        parent, _, leaf = name.rpartition(".")
        setattr(plain.get_submodule(parent), leaf, linear)
    return plain.eval()


def adapter_settings(folder: Path) -> None:
    """ModelError unless `folder` holds an adapter as this lab saves it, or all weights, in safetensors."""
    if (folder / MODEL_FILE).is_file():
        return
    missing = [name for name in _ADAPTER_FILES if not (folder / name).is_file()]
    if missing:
        raise ModelError(
            f"The adapter {folder.parent.name}/{folder.name} has no {' and no '.join(missing)}: its checkpoint is "
            "incomplete, choose another step.",
            field="adapter",
        )
    check_settings(folder)


class Viewer:
    """What the page speaks with: trees of their own over the base's tensors, one for each adapter shown lately.

    Trees are never changed once they are loaded, so any number of threads may speak with them while a run trains.
    """

    def __init__(self, base: nn.Module, *, keep: int = 4) -> None:
        self._base = base
        self._keep = keep
        self._loaded: OrderedDict[tuple[Path, int], nn.Module] = OrderedDict()
        self._lock = Lock()

    @contextmanager
    def show(self, adapter_dir: Path) -> Iterator[nn.Module]:
        """The base with the adapter or the weights of this folder, in evaluation mode. ModelError when it holds none.
        """
        yield self._load(adapter_dir)

    def _load(self, folder: Path) -> nn.Module:
        from safetensors import SafetensorError

        adapter_settings(folder)
        whole = (folder / MODEL_FILE).is_file()
        key = (folder.resolve(), (folder / (MODEL_FILE if whole else _ADAPTER_FILES[1])).stat().st_mtime_ns)
        with self._lock:
            if key not in self._loaded:
                try:
                    model = self._read_whole(folder) if whole else self._read_adapter(folder)
                    load_ablation(model, folder)
                except SafetensorError as error:
                    raise ModelError(
                        f"The adapter {folder.parent.name}/{folder.name} is cut or altered: choose another step.",
                        field="adapter",
                    ) from error
                except (RuntimeError, ValueError, KeyError) as error:
                    raise ModelError(
                        f"The adapter {folder.parent.name}/{folder.name} does not fit this model "
                        f"({type(error).__name__}): choose the model that its run was trained on.",
                        field="adapter",
                    ) from error
                self._loaded[key] = model.eval()
            self._loaded.move_to_end(key)
            while len(self._loaded) > self._keep:
                self._loaded.popitem(last=False)
            return self._loaded[key]

    def _read_adapter(self, folder: Path) -> nn.Module:
        from peft import PeftModel

        with _own_randomness(self._base, 0):
            return PeftModel.from_pretrained(cast(Any, twin(self._base)), str(folder), is_trainable=False)

    def _read_whole(self, folder: Path) -> nn.Module:
        from safetensors.torch import load_file

        for key in [key for key in self._loaded if (key[0] / MODEL_FILE).is_file()]:
            del self._loaded[key]  # a whole model each: one at a time
        return own_weights(self._base, load_file(folder / MODEL_FILE))


@contextmanager
def _own_randomness(model: nn.Module, seed: int) -> Iterator[None]:
    """Torch's global generators seeded with `seed` while it lasts, and as they were afterwards."""
    device = next(model.parameters()).device
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices), warnings.catch_warnings():
        # peft asks transformers by a name that is on its way out; nobody who runs the lab can do anything about it
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        torch.manual_seed(seed)
        yield

"""Checkpoints on disk: a run's adapter at a step, with all that is needed to go on identically.

    HOME/runs/RUN/STEP/adapter/     adapter_config.json and adapter_model.safetensors, as peft writes and reads them
    HOME/runs/RUN/STEP/model/       instead of it where all weights are trained: config.json and model.safetensors
    HOME/runs/RUN/STEP/adapter/ablation.safetensors     or model/…: the direction that is projected out, where one is
    HOME/runs/RUN/STEP/optimizer.safetensors
    HOME/runs/RUN/STEP/state.json   step, replay buffer, counters, the spec, and the hashes of all tensor files

Safetensors and JSON only: nothing here is ever unpickled. Learning rate, data order and every seed are functions of the
spec and the step, so they need no state. A folder is written beside its place, fsynced and renamed, so that it is whole
or not there; a kill in between leaves a `.partial` folder that nobody reads.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from lab.errors import StorageError
from lab.models.adapter_settings import SETTINGS
from lab.models.residual import ABLATION, ablate, save_ablation
from lab.models.twin import MODEL_FILE
from lab.nouns import Checkpoint

FORMAT = 1
"""Version of the layout; a newer one is refused."""
ADAPTER = "adapter/adapter_model.safetensors"
MODEL = f"model/{MODEL_FILE}"
OPTIMIZER = "optimizer.safetensors"
STATE = "state.json"


@dataclass(frozen=True, kw_only=True)
class Saved:
    """What a checkpoint holds, read and verified."""

    checkpoint: Checkpoint
    weights: dict[str, Tensor]
    """Adapter weights by peft's names, or all weights by the model's."""
    optimizer: dict[str, Tensor]
    """What the optimiser keeps of each parameter, as "PARAMETER/exp_avg", "PARAMETER/step"; empty before any update was
    taken, and where it keeps nothing."""
    state: dict[str, Any]
    """What the trainer gave: plain JSON values."""
    ablated: Tensor | None = None
    """The direction that is projected out of these weights' stream; None for none."""


def beside(weights: str) -> str:
    """The file of an ablated direction, beside that of the weights."""
    return f"{weights.partition('/')[0]}/{ABLATION}"


def folder(home: Path, run_id: str, step: int) -> Path:
    """Where a checkpoint lies."""
    return home / "runs" / run_id / str(step)


def save(
    home: Path, run_id: str, step: int, *, policy: nn.Module, optimizer: torch.optim.Optimizer, state: dict[str, Any]
) -> Checkpoint:
    """Write a checkpoint; an older one of the same step is replaced. `state` is plain JSON values.

    StorageError when the data folder does not take it.
    """
    target = folder(home, run_id, step)
    partial = target.with_name(f".{step}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        weights = _write_weights(policy, partial)
        save_file(_optimizer_tensors(policy, optimizer), partial / OPTIMIZER)
        save_ablation(policy, (partial / weights).parent)
        written = [name for name in (weights, OPTIMIZER, beside(weights)) if (partial / name).is_file()]
        hashes = {name: _sha256(partial / name) for name in written}
        text = json.dumps({"format": FORMAT, "run": run_id, "step": step, "sha256": hashes, "state": state}, indent=1)
        (partial / STATE).write_text(text, encoding="utf-8")
        size = sum(_fsync(path) for path in sorted(partial.rglob("*"), reverse=True))
        _fsync(partial)
        shutil.rmtree(target, ignore_errors=True)
        os.rename(partial, target)
        _fsync(target.parent)
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise StorageError(
            f"Checkpoint {run_id}@{step} cannot be written ({reason}): make the data folder writable, with room in it."
        ) from error
    return Checkpoint(
        run_id=run_id, step=step, path=str(target.relative_to(home)), sha256=hashes[weights], size=size)


def load(home: Path, checkpoint: Checkpoint) -> Saved:
    """Read a checkpoint and hold it to its hashes. StorageError, one line, when a part is missing, cut or altered."""
    place = home / checkpoint.path
    try:
        record = json.loads((place / STATE).read_text(encoding="utf-8"))
        hashes, state = dict(record["sha256"]), dict(record["state"])
        if record["format"] != FORMAT:
            raise _broken(checkpoint, f"its layout {record['format']!r} is not the one of this lab")
    except FileNotFoundError as error:
        raise _broken(checkpoint, f"{STATE} is missing") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _broken(checkpoint, f"{STATE} cannot be read") from error
    weights = MODEL if MODEL in hashes else ADAPTER
    for name in (weights, OPTIMIZER, *({beside(weights)} & hashes.keys())):
        if not (place / name).is_file():
            raise _broken(checkpoint, f"{name} is missing")
        if _sha256(place / name) != hashes.get(name):
            raise _broken(checkpoint, f"{name} is cut or altered")
    if hashes[weights] != checkpoint.sha256:
        raise _broken(checkpoint, "its weights are not the ones that were recorded")
    try:
        trained, optimizer = load_file(place / weights), load_file(place / OPTIMIZER)
        ablated = load_file(place / beside(weights))["direction"] if beside(weights) in hashes else None
    except (OSError, SafetensorError, KeyError) as error:
        raise _broken(checkpoint, "its tensors cannot be read") from error
    return Saved(checkpoint=checkpoint, weights=trained, optimizer=optimizer, state=state, ablated=ablated)


def restore(saved: Saved, policy: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Put adapter and optimiser back as they were, bit for bit. StorageError when they do not fit this policy."""
    restore_weights(saved, policy)
    kept: dict[str, dict[str, Tensor]] = {}
    for name, tensor in saved.optimizer.items():
        parameter, _, key = name.rpartition("/")
        kept.setdefault(parameter, {})[key] = tensor
    trained = dict(_trainable(policy))
    if kept and kept.keys() != trained.keys():  # none: no update was taken, or there is nothing to remember of it
        raise _broken(saved.checkpoint, "its optimiser state does not fit this model")
    for name, state in kept.items():
        device = trained[name].device
        optimizer.state[trained[name]] = {
            key: tensor.clone().to(device if key != "step" else "cpu") for key, tensor in state.items()}


def restore_weights(saved: Saved, policy: nn.Module) -> None:
    """Put the trained weights alone back, bit for bit, and take out the direction that was ablated, if one was.

    StorageError when they do not fit this policy.
    """
    from peft import PeftModel, get_peft_model_state_dict, set_peft_model_state_dict

    adapted = isinstance(policy, PeftModel)
    expected = (
        get_peft_model_state_dict(policy, save_embedding_layers=False) if adapted else dict(policy.named_parameters()))
    if {k: v.shape for k, v in expected.items()} != {k: v.shape for k, v in saved.weights.items()}:
        raise _broken(saved.checkpoint, "its weights do not fit this model and what is trained of it")
    if saved.ablated is not None:
        try:
            ablate(policy, saved.ablated)
        except ValueError as error:
            raise _broken(saved.checkpoint, "the direction that it leaves out does not fit this model") from error
    if adapted:
        set_peft_model_state_dict(policy, saved.weights)
        return
    with torch.no_grad():
        for name, parameter in expected.items():
            parameter.copy_(saved.weights[name])


def _write_weights(policy: nn.Module, place: Path) -> str:
    """Write what was trained under `place`; the name of the file that holds the tensors."""
    from peft import PeftModel

    if isinstance(policy, PeftModel):  # without "auto" peft does not ask the Hub whether the base's embeddings changed
        policy.save_pretrained(str(place / "adapter"), save_embedding_layers=False)
        _forget_path(place / "adapter" / SETTINGS)
        return ADAPTER
    (place / MODEL).parent.mkdir()
    cast(Any, policy).config.save_pretrained(str((place / MODEL).parent))
    tensors = {name: p.detach().cpu().contiguous() for name, p in policy.named_parameters()}  # tied ones once
    save_file(tensors, place / MODEL, metadata={"format": "pt"})
    return MODEL


def _forget_path(settings: Path) -> None:
    """Take out where this machine has the base: a bundle would tell others, and nobody who loads the adapter asks."""
    said = json.loads(settings.read_bytes())
    settings.write_text(json.dumps({**said, "base_model_name_or_path": None}, indent=2), encoding="utf-8")


def _optimizer_tensors(policy: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    return {
        f"{name}/{key}": value.detach().cpu().contiguous()
        for name, parameter in _trainable(policy)
        for key, value in optimizer.state[parameter].items()
        if isinstance(value, Tensor)
    }


def _trainable(policy: nn.Module) -> list[tuple[str, torch.nn.Parameter]]:
    return [(name, parameter) for name, parameter in policy.named_parameters() if parameter.requires_grad]


def _broken(checkpoint: Checkpoint, reason: str) -> StorageError:
    return StorageError(f"Checkpoint {checkpoint.id} cannot be used, {reason}: choose an earlier step.")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fsync(path: Path) -> int:
    """Bring a file or folder to disk; returns the bytes of a file, 0 for a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        return os.fstat(descriptor).st_size if path.is_file() else 0
    finally:
        os.close(descriptor)

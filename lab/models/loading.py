"""Loading a model by name: the embedded organism, a local folder, or a Hub id pinned to a revision.

Safetensors only, no remote code, no pickles. Every way in which it can fail comes out as a ModelError of one line; the
libraries below raise some twenty different exceptions for that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

import torch
from transformers import PreTrainedModel

from lab.errors import ModelError
from lab.models.adapter_settings import SETTINGS
from lab.models.chat import Chat
from lab.models.decoder import context_of
from lab.models.hub import Fetching, Hear, fetch
from lab.models.room import check_memory, counts_of
from lab.models.twin import hash_tensors

ORGANISM = "organism"
"""The name of the embedded model."""
WEIGHTS = Path(__file__).parent.parent / "organism" / "weights"
"""Where the organism lies."""


@dataclass(frozen=True, kw_only=True)
class LoadedModel:
    """A frozen model and its conversation format."""

    model: PreTrainedModel
    """The frozen copy: evaluation mode, no parameter requires a gradient."""
    chat: Chat
    """Its tokenizer and format."""
    name: str
    """What it was asked for by, without the revision."""
    revision: str | None
    """The commit of a Hub model; None for the organism and folders."""
    device: torch.device
    """Where its tensors are."""
    context: int
    """How many positions it has."""

    @cached_property
    def base_hash(self) -> str:
        """SHA-256 of its tensors at first asking; `hash_tensors(model)` recomputes it."""
        return hash_tensors(self.model)

    @property
    def pinned(self) -> str:
        """The commit of a Hub model; else the hash of its tensors, since a folder's may change under one name."""
        return self.revision or f"sha256:{self.base_hash[:16]}"


def load(
    name: str, *, revision: str | None = None, device: str = "auto", dtype: str = "auto",
    hear: Hear = lambda fetching: None,
) -> LoadedModel:
    """Load "organism", a folder, or "owner/name" from the Hub, where "@revision" may follow; `revision` is stronger.

    `dtype` is "float32", "bfloat16", or "auto": float32 on the CPU, elsewhere as they were stored. `hear` is told how
    far it is. Raises ModelError (field "model") with one line, for what cannot be loaded and what does not fit.
    """
    where = pick_device(device)
    name, _, pinned = name.strip().partition("@") if not _is_folder(name) else (name, "", "")
    revision = revision or pinned or None
    if name == ORGANISM and pinned:
        _refuse(f"The organism has no revision {pinned!r}: write \"organism\" alone.")
    kind = tensor_type(dtype, where)
    if name == ORGANISM:
        folder, revision = _checked_folder(WEIGHTS, ORGANISM), None
    elif _is_folder(name):
        folder, revision = _checked_folder(Path(name), name), None
        stored = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
        check_memory(_short(name), stored, counts_of(folder), device=where, dtype=kind)
    else:
        folder, revision = fetch(name, revision, device=where, dtype=kind, hear=hear)
        _checked_folder(folder, name)
    hear(Fetching(name=_short(name), done=0, total=0))
    return _load(str(folder), name, revision, where, kind)


def read_chat(name: str) -> Chat | None:
    """The conversation format of the organism or of a folder, without its weights; None for a Hub model, which has to
    be brought here first. ModelError for a tokenizer that cannot be used.

    Its `stop_ids` lack what the model's own settings add.
    """
    if name != ORGANISM and not _is_folder(name):
        return None
    folder = _checked_folder(WEIGHTS if name == ORGANISM else Path(name), name)
    from transformers import AutoTokenizer

    try:
        with _quiet():
            tokenizer = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
    except Exception as error:  # as in `_load`
        raise ModelError(
            f"The tokenizer of {name!r} cannot be loaded: {_one_line(error, str(folder), name)}", field="model",
        ) from error
    return Chat(tokenizer)


def pick_device(device: str) -> torch.device:
    """The torch device for "cpu", "cuda", "mps" or "auto", the best of them. ModelError (field "device") otherwise."""
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if device == "auto":
        return torch.device(next(kind for kind in ("cuda", "mps", "cpu") if present[kind]))
    if not present.get(device.partition(":")[0]):
        have = ", ".join(kind for kind, there in present.items() if there)
        raise ModelError(f"Device {device!r} is not there: choose auto or one of {have}.", field="device")
    return torch.device(device)


def threads() -> int:
    """Into how many parts torch divides its sums on the CPU: with another number figures differ in their last bits."""
    return torch.get_num_threads()


def tensor_type(dtype: str, device: torch.device) -> str:
    """The type of a model's tensors on a device: as asked for; "auto" is float32 on the CPU, elsewhere as stored."""
    return "float32" if dtype == "auto" and device.type == "cpu" else dtype


def _is_folder(name: str) -> bool:
    if name.startswith(("/", "./", "../", "~", "\\")) or name in (".", ".."):
        return True
    try:
        return bool(name) and name != ORGANISM and Path(name).is_dir()
    except OSError:  # no folder can have such a name
        return False


def _checked_folder(folder: Path, name: str) -> Path:
    name = _short(name)
    try:
        folder = folder.expanduser()
        there = folder.is_dir()
    except (OSError, RuntimeError):  # a name that no folder can have, or of an unknown person's home
        there = False
    if not there:
        if name == ORGANISM:
            _refuse("The organism's weights are not there: build them with `python -m lab organism pretrain`.")
        _refuse(f"There is no folder {name!r}: check the path.")
    if not (folder / "config.json").is_file():
        _refuse(f"Model {name!r} has no config.json: name a folder that `save_pretrained` wrote.")
    if (folder / SETTINGS).exists():  # transformers would load that, too, and it may be a pickle
        _refuse(f"Model {name!r} has an adapter in it ({SETTINGS}): name its base, or merge the two and save that.")
    if not any(folder.glob("*.safetensors")):
        others = sorted(p.name for pattern in ("*.bin", "*.pt", "*.pth") for p in folder.glob(pattern))
        found = f"only {others[0]}, which is a pickle and can run code" if others else "no weights"
        _refuse(f"Model {name!r} has no .safetensors file ({found}): save it with safe_serialization=True.")
    return folder


def _load(source: str, name: str, revision: str | None, device: torch.device, dtype: str) -> LoadedModel:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    common: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}
    try:
        with _quiet():
            tokenizer = AutoTokenizer.from_pretrained(source, **common)
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                source, use_safetensors=True, dtype=dtype, output_loading_info=True, **common
            )
            model, info = loaded
    except Exception as error:  # the libraries raise OSError, ValueError, KeyError, SafetensorError, ImportError, …
        raise ModelError(f"Model {name!r} cannot be loaded: {_one_line(error, source, name)}", field="model") from error
    lost = sorted(info["missing_keys"]) + sorted(str(key) for key in info.get("mismatched_keys", ()))
    if lost:  # transformers would fill them with random numbers and carry on
        _refuse(f"Model {name!r} lacks {len(lost)} of its tensors, {lost[0]} first: its weights are incomplete.")
    if len(tokenizer) > model.get_input_embeddings().weight.shape[0]:
        _refuse(
            f"The tokenizer of {name!r} has {len(tokenizer):,} tokens, its model only "
            f"{model.get_input_embeddings().weight.shape[0]:,}: they do not belong together."
        )
    if not tokenizer.is_fast:
        _refuse(f"Model {name!r} has no fast tokenizer (tokenizer.json): choose one that has.")
    chat = Chat(tokenizer, stop_ids=_stop_ids(model))
    model = model.to(device).eval().requires_grad_(False)
    return LoadedModel(
        model=model, chat=chat, name=name, revision=revision, device=device, context=context_of(model)
    )


def _stop_ids(model: Any) -> list[int]:
    ends = getattr(model.generation_config, "eos_token_id", None)
    return [] if ends is None else list(ends) if isinstance(ends, list | tuple) else [ends]


def _one_line(error: Exception, source: str, name: str) -> str:
    """The first sentence of a library's message, without paths of this machine."""
    text = " ".join((str(error) or type(error).__name__).split()).replace(source, name)
    text = re.sub(r"(/[\w.@+-]+){3,}", "…", text)
    first = re.split(r"(?<=[.!?])\s", text)[0][:240].rstrip(".")
    return f"{first} ({type(error).__name__}). Choose another model, or a folder that loads with AutoModelForCausalLM."


def _short(name: str) -> str:
    return name if len(name) <= 120 else f"{name[:120]}…"


def _refuse(message: str) -> NoReturn:
    raise ModelError(message, field="model")


@contextmanager
def _quiet() -> Iterator[None]:
    """No progress bars and no warnings from transformers while it lasts: what goes wrong is ours to say."""
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()

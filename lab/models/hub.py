"""Models of the Hub: found, pinned to a commit, measured against this machine, and only then downloaded.

What comes back is a folder of the local cache, so that a Hub model is loaded as any folder is. Weights in safetensors
and plain texts are fetched; code, pickles and other copies of the weights are not. Every refusal is a ModelError.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from lab.errors import ModelError
from lab.models.room import check_disk, check_memory, megabytes

_ID = re.compile(r"[\w.-]+/[\w.-]+|[\w.-]+")
_SECONDS = 6.0
"""How long the Hub may take to answer."""
_TEXTS = (".json", ".jinja", ".txt", ".model")
"""What is fetched beside weights: configuration, tokenizer and chat template."""


@dataclass(frozen=True, kw_only=True)
class Fetching:
    """How far a model has been brought here."""

    name: str
    """Which model."""
    done: int
    """Bytes that are here."""
    total: int
    """Bytes in all; 0 while its weights are read from the disk."""

    @property
    def text(self) -> str:
        """In plain words."""
        if not self.total:
            return f"loading {self.name}"
        return f"downloading {self.name}: {megabytes(self.done)} of {megabytes(self.total)}"


Hear = Callable[[Fetching], None]
"""Told, from any thread, how far a model has been brought here."""


def fetch(name: str, revision: str | None, *, device: Any, dtype: str, hear: Hear) -> tuple[Path, str]:
    """The folder of a Hub model in the local cache, and its commit; what is missing is downloaded first.

    Where the Hub does not answer, what is cached is taken. Raises ModelError for a model that is not there, not open,
    without safetensors, or too large for the free disk or memory, before anything is downloaded.
    """
    from huggingface_hub import HfApi, constants, errors, try_to_load_from_cache
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(name)
        valid = _ID.fullmatch(name)
    except errors.HFValidationError:
        valid = None
    if not valid:
        short = name if len(name) <= 120 else f"{name[:120]}…"
        _refuse(f"{short!r} is neither a folder nor a Hub id: write \"organism\", a folder, or \"owner/name\".")
    at = try_to_load_from_cache(name, "config.json", revision=revision or "main")
    cached = Path(at).parent if isinstance(at, str) else None
    if constants.HF_HUB_OFFLINE:
        if cached is not None:
            return cached, cached.name
        _refuse(f"Model {name!r} is not in the local cache and HF_HUB_OFFLINE is set: unset it, or use \"organism\".")
    asked = f"{name}@{revision}" if revision else name
    try:
        found: Any = HfApi().model_info(name, revision=revision, timeout=_SECONDS, files_metadata=True)
    except errors.GatedRepoError:
        _refuse(f"Model {asked!r} is gated: accept its terms on the Hub and set HF_TOKEN, or choose an open model.")
    except errors.RevisionNotFoundError:
        _refuse(f"Model {name!r} has no revision {revision!r} on the Hub: check the commit, tag or branch.")
    except (errors.RepositoryNotFoundError, errors.HFValidationError):
        _refuse(f"There is no model {name!r} on the Hub: check the id, or use \"organism\" or a folder.")
    except Exception as error:  # whatever the HTTP client of the day raises: the Hub could not be asked
        if cached is not None:
            return cached, cached.name
        _refuse(
            f"Model {asked!r} is not in the local cache and the Hub cannot be reached ({type(error).__name__}): "
            "connect to the network, or use \"organism\" or a folder."
        )
    sizes = {sibling.rfilename: int(sibling.size or 0) for sibling in found.siblings or ()}
    weights = weight_files(list(sizes))
    if not weights:
        _refuse(f"Model {asked!r} has no .safetensors file on the Hub: choose one that has.")
    if "config.json" not in sizes:
        _refuse(f"Model {asked!r} has no config.json on the Hub: choose a model for transformers, no adapter or quant.")
    wanted = [*sorted(file for file in sizes if "/" not in file and file.endswith(_TEXTS)), *weights]
    commit: str = found.sha
    missing = [
        file for file in wanted if not isinstance(try_to_load_from_cache(name, file, revision=commit), str)]
    stored = sum(sizes[file] for file in weights)
    counts = dict(found.safetensors.parameters) if found.safetensors else None
    check_memory(asked, stored, counts, device=device, dtype=dtype)
    check_disk(asked, sum(sizes[file] for file in missing), Path(constants.HF_HUB_CACHE))
    return _download(name, asked, commit, wanted, {file: sizes[file] for file in missing}, hear), commit


def weight_files(files: Sequence[str]) -> list[str]:
    """Those of a repository's files that hold its weights as transformers reads them; none where it has no such."""
    top = sorted(file for file in files if "/" not in file and file.endswith(".safetensors"))
    whole = [file for file in top if file == "model.safetensors"]
    return whole or [file for file in top if re.fullmatch(r"model-\d+-of-\d+\.safetensors", file)]


def _download(
    name: str, asked: str, commit: str, wanted: Sequence[str], missing: dict[str, int], hear: Hear
) -> Path:
    """Bring the missing files into the cache, telling how far; the folder in which all of them lie."""
    from huggingface_hub import hf_hub_download

    total, done = sum(missing.values()), 0

    class Counter:
        """What huggingface_hub tells its progress to; it is made anew for every file."""

        def __init__(self, *_: Any, initial: int = 0, **__: Any) -> None:
            self.update(initial)

        def __enter__(self) -> Counter:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def update(self, n: float | None = 1) -> None:
            nonlocal done
            done += int(n or 0)
            hear(Fetching(name=name, done=min(done, total), total=total))

        def close(self) -> None: ...

        def update_transfer(self, n: float | None = 1) -> None: ...

        def set_postfix_str(self, *_: Any, **__: Any) -> None: ...

        def set_transfer_postfix_str(self, *_: Any, **__: Any) -> None: ...

    places: list[str] = []
    try:
        for file in wanted:
            told: Any = Counter
            places.append(hf_hub_download(name, file, revision=commit, tqdm_class=told))
    except Exception as error:  # the network, the disk: whatever broke it, what is here already is kept
        _refuse(
            f"Model {asked!r} could not be downloaded ({type(error).__name__} after {megabytes(done)} of "
            f"{megabytes(total)}): try again, it goes on where it was cut."
        )
    return Path(places[0]).parent


def _refuse(message: str) -> NoReturn:
    raise ModelError(message, field="model")

"""Whether a model fits this machine: its bytes against the free disk and the free memory, before it costs either.

Counted is what is certain: the weights in the type in which they will be held. What a run needs beside them (adapters,
activations, keys and values) depends on its settings, and is the forecast's.
"""

from __future__ import annotations

import json
import shutil
import struct
from collections import Counter
from math import prod
from pathlib import Path
from typing import Any

import psutil

from lab.errors import ModelError

_BYTES = {"F64": 8, "F32": 4, "BF16": 2, "F16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
"""Bytes of a number by safetensors' name of its type; 1 for all others, the eight-bit floats."""
_SPARE_DISK = 2**28
"""Bytes of the disk that stay free: 256 MB."""
_LONGEST_HEADER = 2**27
"""Bytes of a header beyond which a file is no safetensors file."""


def check_disk(name: str, needed: int, place: Path) -> None:
    """ModelError when `needed` bytes more do not fit on the disk that holds `place`."""
    there = next(folder for folder in (place, *place.absolute().parents) if folder.exists())
    free = shutil.disk_usage(there).free
    if needed and needed + _SPARE_DISK > free:
        raise ModelError(
            f"Model {name!r} is a download of {megabytes(needed)}, and the disk of the model cache has "
            f"{megabytes(free)} free: make room, set HF_HOME to a larger disk, or choose a smaller model.",
            field="model",
        )


def check_memory(name: str, stored: int, counts: dict[str, int] | None, *, device: Any, dtype: str) -> None:
    """ModelError when the weights do not fit into the free memory of `device`.

    `stored` are their bytes on disk, `counts` how many numbers there are of each of safetensors' types, None where
    that is not known; `dtype` is "float32", "bfloat16", or "auto" for as they are stored.
    """
    needed, free = weight_bytes(stored, counts, dtype), free_memory(device)
    if needed > free:
        smaller = ", or bfloat16 weights" if dtype == "float32" else ""
        raise ModelError(
            f"Model {name!r} needs {megabytes(needed)} of memory for its weights alone, and {device.type} has "
            f"{megabytes(free)} free: choose a smaller model{smaller}.",
            field="model",
        )


def weight_bytes(stored: int, counts: dict[str, int] | None, dtype: str) -> int:
    """Bytes of the weights once they are loaded; of those whose types are not known, the bytes stored."""
    if not counts:
        return stored
    if dtype == "auto":
        return sum(_BYTES.get(kind, 1) * n for kind, n in counts.items())
    return sum(counts.values()) * {"float32": 4, "bfloat16": 2, "float16": 2}[dtype]


def counts_of(folder: Path) -> dict[str, int] | None:
    """How many numbers of each type a folder's safetensors files hold, from their headers; None for unreadable ones.

    Source: the safetensors format: eight bytes of length, little endian, then as many of JSON.
    """
    counts = Counter[str]()
    try:
        for file in folder.glob("*.safetensors"):
            with file.open("rb") as opened:
                (length,) = struct.unpack("<Q", opened.read(8))
                if length > _LONGEST_HEADER:
                    return None
                header = json.loads(opened.read(length))
            for name, tensor in header.items():
                if name != "__metadata__":
                    counts[tensor["dtype"]] += prod(tensor["shape"])
    except (OSError, struct.error, ValueError, KeyError, TypeError, AttributeError):
        return None  # the loader will say what is wrong with it
    return dict(counts)


def free_memory(device: Any) -> int:
    """Bytes of memory that are free for weights on a torch device; that of the machine for all but a CUDA one."""
    if device.type == "cuda":
        import torch

        return torch.cuda.mem_get_info(device)[0]
    return psutil.virtual_memory().available


def megabytes(n: float) -> str:
    """Bytes in plain words: "270 MB", "8.1 GB"."""
    return f"{n / 1e9:,.1f} GB" if n >= 1e9 else f"{n / 1e6:,.0f} MB"

"""The models that a process holds: the frozen copy, loaded once when first needed, and the weights that the page views.

Nothing here trains. A run makes its own policy over the same base tensors (`lab.models.twin`); the page sees a run only
through its checkpoints.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from lab.errors import ModelError
from lab.models.chat import Chat
from lab.models.hub import Fetching, Hear
from lab.models.loading import LoadedModel, load, pick_device, read_chat, tensor_type
from lab.models.twin import Viewer

if TYPE_CHECKING:
    from torch import nn


class House:
    """Loads each model once and shares it between threads, which only read it."""

    def __init__(self, device: str = "auto") -> None:
        self._device = device
        self._lock = Lock()
        self._loaded: dict[tuple[str, str | None, str], tuple[LoadedModel, Viewer]] = {}
        self.fetching: Fetching | None = None
        """How far the model is that is being loaded; None while none is."""
        self.hear: Hear = lambda fetching: None
        """Told the same, as it changes."""

    def load(self, name: str, revision: str | None = None, dtype: str = "auto") -> LoadedModel:
        """The frozen copy of a model, of the type that `lab.models.loading.load` knows; one for each type asked for.

        Raises ModelError for a model that cannot be loaded.
        """
        return self._entry(name, revision, dtype)[0]

    def chat(self, name: str, revision: str | None = None, dtype: str = "auto") -> Chat:
        """The conversation format alone: the loaded model's, or one read without weights; no model is loaded for it.

        Raises ModelError for a model whose format cannot be read, and for a Hub model that is not loaded yet.
        """
        kind = tensor_type(dtype, pick_device(self._device))
        held = self._loaded.get((name, revision, kind))
        if (found := held[0].chat if held else read_chat(name)) is None:
            raise ModelError(
                f"{name!r} is not loaded yet: let it answer once, and its prompts are shown here.", field="model")
        return found

    def _entry(self, name: str, revision: str | None, dtype: str) -> tuple[LoadedModel, Viewer]:
        kind = tensor_type(dtype, pick_device(self._device))
        if (name, revision, kind) in self._loaded:  # whoever speaks with a model waits for no other's download
            return self._loaded[name, revision, kind]
        with self._lock:
            if (name, revision, kind) not in self._loaded:
                try:
                    loaded = load(name, revision=revision, device=self._device, dtype=dtype, hear=self._heard)
                finally:
                    self.fetching = None
                pinned = (name, loaded.revision, kind)  # a run asks for the commit that its first sitting found
                entry = self._loaded.setdefault(pinned, (loaded, Viewer(loaded.model)))
                self._loaded[name, revision, kind] = entry
            return self._loaded[name, revision, kind]

    def _heard(self, fetching: Fetching) -> None:
        self.fetching = fetching
        self.hear(fetching)

    @contextmanager
    def voice(
        self, name: str, revision: str | None, adapter: Path | None, dtype: str = "auto"
    ) -> Iterator[nn.Module]:
        """The model with what a checkpoint folder holds, or the frozen copy itself for None."""
        loaded, viewer = self._entry(name, revision, dtype)
        if adapter is None:
            yield loaded.model
        else:
            with viewer.show(adapter) as model:
                yield model

"""What the studio's verbs share: the store, the loaded models, the one conductor, and which weights a name means."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from lab.conscience import framings
from lab.errors import ModelError, NotFoundError, RequestError
from lab.nouns import Checkpoint
from lab.settings import Settings
from lab.studio.desk import Desks, Papers
from lab.studio.lectures import Lectures
from lab.studio.visitors import Limits, Visitor, admit, owner, stranger
from lab.training.settings.weights import WEIGHTS_FOLDER
from storage import Store
from storage.checking import sha256
from storage.checkpoint_files import WEIGHTS

if TYPE_CHECKING:
    from lab.models.house import House
    from lab.models.hub import Hear
    from lab.models.loading import LoadedModel
    from lab.training.conductor import Conductor

BASE = "base"
"""The adapter name of the frozen copy's own weights."""
_IMPORTING = Lock()
_HEAVY = (
    "lab.models.house", "lab.conscience.answering", "lab.conscience.rounds", "lab.evaluation.probes",
    "lab.training.forecast", "lab.models.tokenwise",
)
"""The modules through which a verb reaches torch."""


class Workplace:
    """A store, and what runs over it."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.settings = settings
        self._store = store
        self._lock = Lock()
        self._house: House | None = None
        self._conductor: Conductor | None = None
        self.on_fetching: Hear = lambda fetching: None
        """Told how far a model is that is being downloaded or loaded; set before the first is asked for."""
        self.who: Callable[[], Visitor] = stranger if settings.public else owner
        """Who is asking at this moment; in a public lab nobody is the owner until `lab.ui.owner` is asked here."""
        self._desks, self._limits, self._lectures = Desks(store), Limits(), Lectures()
        self._verified: set[tuple[Path, int, int]] = set()
        store.interrupt_active()
        store.save(*framings.SHIPPED)

    def close(self) -> None:
        """Stop the run in work at its next token, save where it stands, and let go of the store."""
        with self._lock:
            conductor, self._conductor = self._conductor, None
        if conductor is not None:
            conductor.close()
        self._store.close()

    def admit(self, verb: str) -> None:
        """Raise OwnerError or LimitError when whoever asks may not do this; every verb begins with it."""
        admit(self.who(), verb, self._limits)

    @property
    def _papers(self) -> Papers:
        """Where whoever asks reads from and writes to: the store for the owner, their own desk for a visitor."""
        visitor = self.who()
        return self._store if visitor.owner else self._desks.of(visitor.session)

    def _check_model(self, name: str) -> None:
        """RequestError for a model that a public lab does not load: a name may be a folder of this machine."""
        if self.settings.public and name not in self.settings.models:
            raise ModelError(
                f"Model {name[:120]!r} is not offered by this public lab: choose among "
                f"{', '.join(sorted(self.settings.models))}.", field="model",
            )

    @property
    def house(self) -> House:
        """The loaded models."""
        bring_torch()
        from lab.models.house import House

        with self._lock:
            if self._house is None:
                self._house = House(self.settings.device)
                self._house.hear = self.on_fetching
            return self._house

    @property
    def conductor(self) -> Conductor:
        """The owner of the one training thread."""
        bring_torch()
        from lab.training.conductor import Conductor

        house = self.house
        with self._lock:
            if self._conductor is None:
                self._conductor = Conductor(self._store, house.load, self.settings.home)
            return self._conductor

    def loaded(self) -> LoadedModel:
        """The model that the page speaks with."""
        return self.house.load(self.settings.model)

    @property
    def revision(self) -> int:
        """Grows whenever anything stored changes: the page skips a tick when it has not."""
        return self._store.revision

    def _checkpoint(self, adapter: str) -> Checkpoint | None:
        return None if adapter == BASE else self._store.checkpoint(adapter)

    def _title(self, adapter: str) -> str:
        """Weights as shown, "run 7 @ 40", also when their run is no longer here.

        A run that has done no step has no checkpoint: its reviews name RUN@0, which are the weights it started from.
        """
        run_id, _, step = adapter.partition("@")
        try:
            number = self._store.run(run_id).number if step else 0
        except NotFoundError:
            return adapter
        return f"run {number} before its first step" if step == "0" else f"run {number} @ {step}" if step else adapter

    def _whole(self, adapter: str) -> str:
        """The adapter's name with the run's whole id, where it was given as "7@50"."""
        point = self._checkpoint(adapter)
        if point is not None:
            self._check_model(self._store.run(point.run_id).spec.model)
        return point.id if point else BASE

    def _base_of(self, adapter: str) -> LoadedModel:
        """The frozen copy that the weights `adapter` stand on: the page's model for "base" and typed text."""
        run_id, at, _ = adapter.partition("@")
        if not at:
            return self.loaded()
        spec = self._store.run(run_id).spec
        return self.house.load(spec.model, spec.revision, spec.dtype)

    def _folder(self, adapter: str) -> tuple[str, str | None, Path | None, str]:
        """Model name, revision, folder of the weights in a checkpoint, and type of tensors behind an adapter name."""
        point = self._checkpoint(adapter)
        if point is None:
            return self.settings.model, None, None, "auto"
        spec = self._store.run(point.run_id).spec
        folder = self.settings.home / point.path / WEIGHTS_FOLDER[spec.tuning]
        self._check_weights(point, folder)
        return spec.model, spec.revision, folder, spec.dtype

    def _check_weights(self, point: Checkpoint, folder: Path) -> None:
        """ModelError for weights that are not those recorded. A file is read once, and again when it has changed.

        A missing one is left to whoever loads it, who says what is missing.
        """
        for file in (folder.parent / name for name in WEIGHTS):
            if not file.is_file():
                continue
            stat = file.stat()
            seen = (file, stat.st_mtime_ns, stat.st_size)
            if seen not in self._verified and sha256(file) != point.sha256:
                raise ModelError(
                    f"The weights of checkpoint {point.id} are cut or altered: choose another step.", field="adapter")
            self._verified.add(seen)


def bring_torch() -> None:
    """Import all that needs torch, one thread at a time: two that import transformers at once each see half of it."""
    with _IMPORTING:
        for name in _HEAVY:
            import_module(name)


def check_seed(seed: int) -> None:
    """RequestError for a seed that no generator takes."""
    if not 0 <= seed < 2**31:
        raise RequestError(f"seed {seed} is out of range: choose 0 to 2147483647", field="seed")

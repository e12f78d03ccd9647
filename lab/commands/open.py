"""Opening the studio for a command, and closing it whatever happens."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.settings import Settings

if TYPE_CHECKING:
    from lab.models.hub import Fetching
    from lab.studio import Studio


@contextmanager
def studio(*, home: Path | None = None, model: str | None = None) -> Iterator[Studio]:
    """The studio over LAB_HOME, or over `home`; its model is LAB_MODEL, or `model`.

    Raises StorageError when the data folder cannot be opened.
    """
    from lab.studio import Studio, owner
    from storage import Store

    settings = Settings.from_environment()
    settings = replace(settings, home=home or settings.home, model=model or settings.model)
    # A folder of its own is a command's scratch: nobody would look for snapshots of it.
    opened = Studio(Store.open(settings.home, keeps=home is None), settings)
    opened.on_fetching = FetchingBar()
    opened.who = owner  # whoever has a shell here has the files too
    try:
        yield opened
    finally:
        opened.close()


def restore_closed(name: str) -> Path | None:
    """Put a snapshot in the place of LAB_HOME's database, which need not be one that opens any more.

    Returns the snapshot of what was there. Raises NotFoundError, or StorageError: in use, no room, snapshot damaged.
    """
    from storage import Store, restore

    home = Settings.from_environment().home
    kept = restore(home, name)
    Store.open(home).close()  # brings an older snapshot to the present form, and says so if it cannot be
    return kept


class FetchingBar:
    """A bar on standard error while a model is downloaded, on a terminal."""

    def __init__(self) -> None:
        self._bar: Any = None

    def __call__(self, fetching: Fetching) -> None:
        from tqdm import tqdm

        if fetching.total and self._bar is None:
            self._bar = tqdm(
                total=fetching.total, unit="B", unit_scale=True, desc=f"downloading {fetching.name}", file=sys.stderr,
                disable=None)
        if self._bar is not None:
            self._bar.update(fetching.done - self._bar.n if fetching.total else 0)
        if self._bar is not None and fetching.done >= fetching.total:
            self._bar.close()
            self._bar = None

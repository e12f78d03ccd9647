"""Opening the studio for a command, and closing it whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lab.settings import Settings

if TYPE_CHECKING:
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
    opened = Studio(Store.open(settings.home), settings)
    opened.who = owner  # whoever has a shell here has the files too
    try:
        yield opened
    finally:
        opened.close()

"""Gradio, imported without rewriting its own type stubs: that alone takes a third of the time until the page is up.

At import Gradio parses every component's source to keep a `.pyi` file beside it up to date (`gradio.component_meta`),
unless `inspect.getfile` says that there is no source. Nothing here reads those files.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def without_stubs() -> Iterator[None]:
    """While this is open, classes of Gradio have no source file; import it inside."""
    original: Any = inspect.getfile

    def getfile(thing: Any) -> str:
        if isinstance(thing, type) and thing.__module__.partition(".")[0] == "gradio":
            raise OSError(f"{thing.__name__}: stubs are left as they are")
        return original(thing)

    inspect.getfile = getfile
    try:
        yield
    finally:
        inspect.getfile = original

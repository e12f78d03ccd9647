"""What several tabs ask for at the same moment is worked out once: twenty tabs on one run cost what one does."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar

T = TypeVar("T")

MOST = 32
"""Answers that are kept: what the tabs of a moment look at."""


class Shared:
    """Answers by what they depend on. Safe from any thread; an answer that failed is asked for again."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[object, tuple[Lock, list[Any]]] = OrderedDict()

    def get(self, key: object, make: Callable[[], T]) -> T:
        """The answer for `key`: as it was given before, else made now; who asks meanwhile waits for the same."""
        with self._lock:
            own, made = self._kept.setdefault(key, (Lock(), []))
            self._kept.move_to_end(key)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
        with own:
            if not made:
                made.append(make())
            return made[0]

"""Pages that follow a presentation: whatever such a page asks for, the studio hears that it only looks on.

In a public lab a stranger may little more anyway. In a lab of one's own, where everybody is the owner, this is what
keeps a class that follows from starting and stopping things; it holds the pages that follow, and no other page.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from threading import Lock
from typing import Any

from gradio.context import LocalContext

from lab.studio import Visitor

MOST = 20_000
"""Pages that are remembered; one is found by Gradio's session name, and a page that is loaded again has another."""


class Onlookers:
    """Tells pages that follow from others, over whoever tells the owner from strangers."""

    def __init__(self, who: Callable[[], Visitor]) -> None:
        self._who, self._lock = who, Lock()
        self._sessions: OrderedDict[str, None] = OrderedDict()

    def add(self, session: str | None) -> None:
        """This page follows from here on, and as long as it is open."""
        with self._lock:
            if session:
                self._sessions[session] = None
            while len(self._sessions) > MOST:
                self._sessions.popitem(last=False)

    def visitor(self) -> Visitor:
        """Who sent the request that is being answered now."""
        visitor = self._who()
        request: Any = LocalContext.request.get(None)
        session = getattr(request, "session_hash", None) or ""
        if session not in self._sessions:
            return visitor
        address = visitor.address or getattr(request.client, "host", None) or ""
        return replace(visitor, owner=False, follows=True, session=session, address=address)

"""Whose event is next in a public lab: addresses take turns, and none has all the places or leaves answers unread.

Gradio keeps events that wait in one row for all, and refuses everybody when it is full: whoever sent sixty reviews at
once kept all others out, and who came after twenty that were admitted waited for all of them. It also keeps what it has
to say to a page until that page reads it; who sends and never reads had it keep more and more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.queueing import Queue

MOST = 96
"""Events of one address that may wait at a moment: a class of 30 sits behind one, and its pages begin with several."""
MOST_UNREAD = 500
"""Messages that a page may leave unread when it asks for more: one that follows a stream reads each as it comes."""

Address = Callable[[Any], str]
"""Where a request is from."""


class Turns(Queue):
    """Gradio's queue, with `MOST` places for an address, and the addresses one after the other."""

    def __init__(self, of: Queue, address: Address) -> None:
        """A queue like `of`, which has not begun."""
        super().__init__(
            live_updates=of.live_updates, concurrency_count=of.max_thread_count, update_intervals=of.update_intervals,
            max_size=of.max_size, blocks=of.blocks, default_concurrency_limit=of.default_concurrency_limit)
        self._address = address

    async def push(self, body: Any, request: Any, username: Any) -> Any:
        """Have an event wait; whether it does, and its id or why not, as Gradio says it."""
        if why := self._refusal(body.session_hash, self._address(request)):
            return False, why, "queue_full"
        pushed = await super().push(body, request, username)
        for lane in self.event_queue_per_concurrency_id.values():
            self._take_turns(lane.queue)
        return pushed

    def _refusal(self, session: str | None, address: str) -> str:
        """Why no further event of this session and address may wait; empty when it may."""
        waiting = (event for lane in self.event_queue_per_concurrency_id.values() for event in lane.queue)
        if sum(self._address(event.request) == address for event in waiting) >= MOST:
            return f"{MOST} requests of yours are waiting: this public lab takes more when they are answered."
        unread = self.pending_messages_per_session.get(session) if session else None
        if unread is not None and unread.qsize() > MOST_UNREAD:
            return f"{unread.qsize()} answers wait for you to read them: read the session's stream, then ask for more."
        return ""

    def _take_turns(self, events: list[Any]) -> None:
        """Put the first of each address before the second of any; among equals whoever came first."""
        seen: Counter[str] = Counter()
        turns: dict[str, int] = {}
        for event in events:
            address = self._address(event.request)
            turns[event._id] = seen[address]
            seen[address] += 1
        events.sort(key=lambda event: turns[event._id])


def take_turns(blocks: gr.Blocks, address: Address) -> None:
    """Have the events of blocks that do not serve yet wait in turns; `address` says where a request is from."""
    blocks._queue = Turns(blocks._queue, address)

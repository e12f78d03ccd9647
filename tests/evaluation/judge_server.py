"""A small OpenAI-compatible server on this machine: real HTTP, what it says is given by the test."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any

Reply = tuple[int, dict[str, str], Any]
"""Status, headers, and the body: an object, or text as it is."""


@dataclass
class JudgeServer:
    """What it was asked, and what it says."""

    say: Callable[[dict[str, Any], int], Reply]
    """From the request and its number, from 0 on."""
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    url: str = ""
    over: Event = field(default_factory=Event)
    """Set when the test is over: whoever keeps a client waiting stops."""


def said(text: str, top: dict[str, float] | None = None) -> Reply:
    """A `chat.completion`, with probabilities of its first token where given."""
    choice: dict[str, Any] = {"message": {"role": "assistant", "content": text}}
    if top is not None:
        listed = [{"token": token, "logprob": math.log(p)} for token, p in top.items()]
        choice["logprobs"] = {"content": [{"token": text[:3], "logprob": 0.0, "top_logprobs": listed}]}
    return 200, {}, {"model": "served-1", "choices": [choice]}


@contextmanager
def serving(say: Callable[[dict[str, Any], int], Reply]) -> Iterator[JudgeServer]:
    """The server while it lasts."""
    state, lock = JudgeServer(say=say), Lock()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def _answer(self, body: dict[str, Any]) -> None:
            with lock:
                number = len(state.asked)
                state.asked.append(body)
                state.keys.append(self.headers.get("Authorization"))
            status, headers, content = state.say(body, number)
            data = content.encode() if isinstance(content, str) else json.dumps(content).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def do_GET(self) -> None:
            self._answer({"path": self.path})

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.over.set()
        server.shutdown()
        server.server_close()
        thread.join()

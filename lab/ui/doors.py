"""Who reaches which address of the server at all, before Gradio answers. What is asked there is another matter: verbs
are held to a person by the studio (`lab.studio.visitors`).

Gradio has addresses that this page never asks for: uploads, recordings that it hands to ffmpeg, states that it writes
to the disk, calls to the Hub. In a public lab strangers reach what the page needs and nothing else; an address that
nobody thought of is the owner's. A lab of one's own answers its own pages and no other site's: a browser that visits
another site would carry that site's requests here, and a name that is made to mean 127.0.0.1 would even let it read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OPEN = re.compile(
    r"/|/config/?|/(?:static|assets|svelte)/.*|/theme\.css|/favicon\.ico|/robots\.txt|/manifest\.json|/pwa_icon(?:/[^/]*)?"
    r"|/lab/plotly\.min\.js|/owner|/owner/leave|/login/huggingface|/login/callback|/logout"
    r"|/gradio_api/(?:info/?|openapi\.json|app_id/?|user/?|login_check/?|startup-events|theme\.css|queue/status"
    r"|queue/join|queue/data|(?:call|run|api)/.*|heartbeat/[^/]*|cancel|reset/?|file=.*)",
    re.DOTALL,
)
"""Addresses that strangers reach in a public lab; behind those that call a verb stands the studio, and what `file=`
gives is held to Gradio's own cache."""
LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))
"""Names of this machine, as its own browsers know them."""
MOST_SENT = 2**17
"""Bytes that a stranger may send at once: several times what an event of the page with the longest texts sends. What
is longer is refused before it is held in memory as a whole."""

Knows = Callable[[Headers, Mapping[str, str], Scope], bool]


class OwnersDoors:
    """Refuses strangers of a public lab what is not in `OPEN`, and what is longer than `MOST_SENT`."""

    def __init__(self, app: ASGIApp, owner: Knows) -> None:
        """`owner` says of headers, cookies and scope whether they are the owner's."""
        self._app, self._owner = app, owner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it with 403, or 413 where it is too long."""
        if scope["type"] == "http" and not self._owner(Headers(scope=scope), Request(scope).cookies, scope):
            path = scope["path"].removeprefix(scope.get("root_path", "").rstrip("/"))
            if not OPEN.fullmatch(path):
                await _refuse("Only the owner of this public lab reaches this address.", scope, receive, send)
                return
            read = await _bounded(scope, receive)
            if read is None:
                why = f"This public lab takes {MOST_SENT // 1024} KB at once: send less, or run one of your own."
                await JSONResponse({"detail": why}, status_code=413)(scope, receive, send)  # as the page reads it
                return
            receive = read
        await self._app(scope, receive, send)


class OwnPages:
    """Refuses requests under a name that is not this machine's, and those that another site's page sends."""

    def __init__(self, app: ASGIApp, names: frozenset[str]) -> None:
        """`names` are those under which the lab is reached, without a port."""
        self._app, self._names = app, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it with 403."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            for said in (f"//{headers.get('host') or ''}", headers.get("origin")):
                if said is not None and (name := hostname(said)) not in self._names:
                    await _refuse(
                        f"This lab answers its own pages only, and {name[:80]!r} is none of its names: open it at its "
                        "own address, or name the one that it is reached under in LAB_HOSTS.", scope, receive, send)
                    return
        await self._app(scope, receive, send)


def own_pages(bound: str, hosts: frozenset[str]) -> list[Middleware]:
    """What stands before a lab of one's own: nothing where it was bound to more than this machine on purpose."""
    return [Middleware(OwnPages, names=LOOPBACK | hosts)] if bound in LOOPBACK else []


def hostname(address: str) -> str:
    """The name in "//name:port" or "scheme://name:port", in small letters; empty where there is none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


async def _bounded(scope: Scope, receive: Receive) -> Receive | None:
    """What hands on a request whose body has been read; None where that is longer than `MOST_SENT`.

    It is counted as it comes: a length may be said wrongly, or not at all.
    """
    headers = Headers(scope=scope)
    said = headers.get("content-length", "")
    if said.isdigit() and int(said) > MOST_SENT:
        return None
    if not said and "transfer-encoding" not in headers:
        return receive
    messages: list[Message] = []
    size, more = 0, True
    while more:
        message = await receive()
        messages.append(message)
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
        if size > MOST_SENT:
            return None
    waiting = iter(messages)

    async def read() -> Message:
        return next(waiting, None) or await receive()

    return read


async def _refuse(why: str, scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(why, status_code=403)(scope, receive, send)

"""Who is at the page of a public lab: the owner, known by a secret or by the Hub, or a stranger.

The secret (LAB_OWNER_TOKEN) is given once, in the form at the foot of the page; what the browser then keeps is a cookie
made from it, which no script can read and no other site can send. A script sends the secret itself, in the header
`x-lab-owner`. On a Space the owner may log in with the Hub instead. Secrets are compared in constant time.

Nothing is decided by what the page shows: `visitor` is asked by every verb of the studio (`lab.studio.visitors`), for
the request that is being answered at that moment.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from time import time
from typing import Any
from urllib.parse import urlsplit

import gradio as gr
from fastapi import FastAPI, Form, Request, Response
from fastapi.responses import RedirectResponse
from gradio.context import LocalContext
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse

from lab.errors import LimitError, RequestError
from lab.settings import Settings
from lab.studio import Studio, Visitor
from lab.studio.visitors import Limiter
from lab.ui.doors import OwnersDoors
from lab.ui.look import card

COOKIE, HEADER = "lab_owner", "x-lab-owner"
SHORTEST = 16
"""Characters of a secret that cannot be guessed."""
DAYS = 30
"""How long a browser stays logged in."""


class Gate:
    """Tells the owner of one public lab from everybody else."""

    def __init__(self, settings: Settings) -> None:
        """RequestError for a secret that could be guessed."""
        token = settings.owner_token
        if token and len(token) < SHORTEST:
            raise RequestError(
                f"LAB_OWNER_TOKEN has {len(token)} characters and could be guessed: choose at least {SHORTEST}, for "
                'example with `python -c "import secrets; print(secrets.token_urlsafe())"`.'
            )
        self._settings = settings
        self._token = token.encode() if token else None
        self._attempts = Limiter()

    def visitor(self) -> Visitor:
        """Who sent the request that is being answered now; outside of one, a stranger without a session."""
        request: Any = LocalContext.request.get(None)
        if request is None:
            return Visitor(owner=False)
        address = self.sender(request)
        scope = getattr(getattr(request, "request", request), "scope", {})
        if self.knows(request.headers, request.cookies) or self.logged_in(request.headers, scope):
            return Visitor(owner=True, session=request.session_hash or "", address=address)
        return Visitor(owner=False, session=request.session_hash or "", address=address)

    def knows(self, headers: Mapping[str, str], cookies: Mapping[str, str]) -> bool:
        """Whether a request carries the secret, or the cookie that was made from it."""
        if self._token is None:
            return False
        said, kept = headers.get(HEADER) or "", cookies.get(COOKIE) or ""
        return same(said.encode(), self._token) or same(kept.encode(), self.cookie().encode())

    def logged_in(self, headers: Mapping[str, str], scope: Mapping[str, Any]) -> bool:
        """Whether the Hub says that this is whoever the Space belongs to, in a request that a page of ours sent.

        Gradio keeps the login in a cookie that browsers send along from every site, and on a Space it lets pages of
        every site read its answers: what another site's page asks for is not asked by the owner.
        """
        if not (self._settings.oauth and self._settings.owner_name and self._ours(headers)):
            return False
        login = (scope.get("session") or {}).get("oauth_info") or {}
        expires = login.get("expires_at")
        if expires is not None and expires < time():
            return False
        name = (login.get("userinfo") or {}).get("preferred_username") or ""
        return same(str(name).encode(), self._settings.owner_name.encode())

    def _ours(self, headers: Mapping[str, str]) -> bool:
        """Whether a request was sent by a page of this lab, or by none: no other site's page can hide what it is."""
        origin, host = headers.get("origin"), headers.get("host") or ""
        return origin is None or urlsplit(origin).netloc.lower() in {host.lower(), *self._settings.hosts}

    def sender(self, request: Any) -> str:
        """Where a request is from, FastAPI's or Gradio's."""
        return self.address(request.headers, getattr(request.client, "host", None))

    def address(self, headers: Mapping[str, str], host: str | None) -> str:
        """Where what has these headers is from. On a Space the Hub's proxy adds that as the last forwarded one."""
        forwarded = (headers.get("x-forwarded-for") or "").split(",")[-1].strip()
        return forwarded if self._settings.space and forwarded else host or ""

    def cookie(self) -> str:
        """What a browser keeps: made from the secret, and worth nothing once the secret is another."""
        assert self._token is not None
        return hmac.new(self._token, b"conscience lab owner", "sha256").hexdigest()

    def install(self, app: FastAPI) -> None:
        """Add the two addresses that the form at the foot of the page sends to."""

        @app.post("/owner", include_in_schema=False)
        def log_in(request: Request, token: str = Form("", max_length=500)) -> Response:
            address = self.sender(request)
            try:
                self._attempts.take(address)
            except LimitError as error:
                return PlainTextResponse(error.message, status_code=429)
            if self._token is None or not same(token.encode(), self._token):
                return PlainTextResponse("That is not the owner's secret. Go back and try again.", status_code=403)
            secure = request.headers.get("x-forwarded-proto", request.url.scheme) == "https"
            answer = RedirectResponse("./", status_code=303)
            answer.set_cookie(
                COOKIE, self.cookie(), max_age=DAYS * 86400, httponly=True, samesite="strict", secure=secure, path="/"
            )
            return answer

        @app.post("/owner/leave", include_in_schema=False)
        def log_out() -> Response:
            answer = RedirectResponse("../", status_code=303)
            answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
            return answer

    @property
    def middleware(self) -> list[Middleware]:
        """What stands before the page's own addresses."""
        return [Middleware(OwnersDoors, owner=lambda headers, cookies, scope: (
            self.knows(headers, cookies) or self.logged_in(headers, scope)))]


def same(given: bytes, secret: bytes) -> bool:
    """Whether two texts are equal, in a time that does not tell how much of them is."""
    return bool(secret) and hmac.compare_digest(given, secret)


_LOGIN = (
    '<p class="note">This lab is public: look at everything, ask, answer, review, vote. What you write is seen by you '
    "alone and is not kept. Only the owner starts, stops, resumes, edits or deletes.</p>{form}"
)
_FORM = (
    '<form method="post" action="owner"><label>Owner\'s secret <input type="password" name="token" maxlength="500" '
    'autocomplete="current-password"></label> <button type="submit">Log in</button></form>'
)
_LEAVE = (
    '<form method="post" action="owner/leave"><span class="note">This lab is public, and you are its owner.</span> '
    '<button type="submit">Log out</button></form>'
)


def owner_line(studio: Studio, blocks: gr.Blocks) -> None:
    """Place the line at the foot of a public lab's page that says what a visitor may, and lets the owner log in."""
    form = _FORM if studio.settings.owner_token else ""
    line = card(_LOGIN.format(form=form), name="owner")
    if studio.settings.oauth:
        gr.LoginButton("Log in as the owner", elem_id="owner-login")

    def whose() -> str:
        return _LEAVE if studio.who().owner else _LOGIN.format(form=form)

    blocks.load(whose, None, line, api_visibility="private", show_progress="hidden", concurrency_limit=None)



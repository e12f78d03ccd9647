"""One conversation with an OpenAI-compatible interface: requests that end, and a key that is never repeated.

A request is tried again, with growing pauses, when the interface is busy (429), fails (5xx) or does not answer; what it
refuses otherwise ends the work at once, in one line. Redirections are not followed, as they would take the key along,
and the answer is cut off at a length and at a time, as a slow or endless one would hold the work for good. Whatever
comes back is searched for the key, since an interface may repeat what it was sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from threading import Event
from time import monotonic
from typing import Any

from lab.errors import Cancelled, RequestError, WorkError
from lab.evaluation.judges.address import Address

TRIES = 4
"""Requests for one answer."""
PAUSES = (1.0, 2.0, 4.0)
"""Seconds between them, unless the interface names its own."""
LONGEST_PAUSE = 30.0
"""Seconds that an interface may ask to be left alone."""
MOST_BYTES = 2**20
"""Bytes of an answer."""
Pause = Callable[[float], None]
"""Waits so many seconds."""


class NotReached(Exception):
    """No answer after all tries; the message says why, in a few words."""


class Rejected(Exception):
    """The interface refused the request as such (400 or 422)."""


@dataclass(frozen=True, kw_only=True)
class Wire:
    """An interface, and how it is talked to."""

    address: Address
    """Where it is."""
    key: str | None = field(default=None, repr=False)
    """Sent as a bearer token; None for none. It never leaves this object but in that header."""
    timeout: float = 60.0
    """Seconds that an answer may take as a whole."""
    tries: int = TRIES
    """Requests for one answer."""
    cancel: Event = field(default_factory=Event)
    """Set when nobody waits any more."""
    pause: Pause | None = None
    """How to wait between tries; None waits on `cancel`."""

    def __post_init__(self) -> None:
        """RequestError for a key that would go over a network in the open, or that no header can hold."""
        if self.key and not self.address.local and self.address.url.startswith("http://"):
            raise RequestError(
                "LAB_JUDGE_KEY would go over the network unencrypted: use an https address, or unset it.",
                field="judge")
        if self.key and not (self.key.isascii() and self.key.isprintable()):
            raise RequestError("LAB_JUDGE_KEY holds characters that no key has: set it again.", field="judge")

    @cached_property
    def _certificates(self) -> Any:
        """Whom to trust, read once; nobody is asked for a certificate over plain http."""
        import httpx

        return httpx.create_ssl_context() if self.address.url.startswith("https://") else False

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer to a POST. Raises NotReached, Rejected, WorkError for a refusal, Cancelled."""
        return self._asked("POST", path, json.dumps(body).encode())

    def get(self, path: str) -> dict[str, Any]:
        """The answer to a GET. Raises as `post`."""
        return self._asked("GET", path, None)

    def _asked(self, method: str, path: str, body: bytes | None) -> dict[str, Any]:
        why = ""
        for attempt in range(self.tries):
            if self.cancel.is_set():
                raise Cancelled("Stopped on request.")
            status, text, wait = self._once(method, path, body)
            if status == 200:
                return self._object(text)
            if status and status != 429 and status < 500:
                self._refused(status, text)
            why = text if status == 0 else f"it answered {status}"
            if attempt + 1 < self.tries:
                self._wait(wait if wait is not None else PAUSES[attempt])
        raise NotReached(why if self.tries == 1 else f"{why}, {self.tries} times")

    def _once(self, method: str, path: str, body: bytes | None) -> tuple[int, str, float | None]:
        """Status (0 for none), text or the reason that there is none, and how long to wait if it says so."""
        import httpx

        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        end = monotonic() + self.timeout
        try:
            with httpx.Client(
                timeout=self.timeout, follow_redirects=False, verify=self._certificates
            ) as client, client.stream(
                method, f"{self.address.url}{path}", content=body, headers=headers
            ) as response:
                content = b""
                for block in response.iter_bytes():
                    content += block
                    if len(content) > MOST_BYTES:
                        return 0, f"its answer is longer than {MOST_BYTES:,} bytes", None
                    if monotonic() > end:
                        return 0, f"it did not end within {self.timeout:g} s", None
                text = self._without_key(content.decode("utf-8", "replace"))
                return response.status_code, text, _seconds(response.headers.get("retry-after"))
        except httpx.TimeoutException:
            return 0, f"it did not answer within {self.timeout:g} s", None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return 0, f"it cannot be reached ({type(error).__name__})", None

    def _object(self, text: str) -> dict[str, Any]:
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise NotReached("its answer is no JSON object")
        return found

    def _refused(self, status: int, text: str) -> None:
        """Raise for what asking again will not change."""
        if status in (400, 422):
            raise Rejected(f"it refused the request ({status}): {_shown(text)}")
        where = self.address.url
        if status in (401, 403):
            raise WorkError(f"The judge at {where} does not let us in ({status}): check LAB_JUDGE_KEY.")
        if status == 404:
            raise WorkError(
                f"The judge at {where} knows no such address or model (404): check both; write "
                "endpoint:http://HOST:PORT/v1#MODEL.")
        raise WorkError(f"The judge at {where} answered {status}: {_shown(text)}. Check its address and model.")

    def _without_key(self, text: str) -> str:
        return text.replace(self.key, "[key]") if self.key else text

    def _wait(self, seconds: float) -> None:
        if self.pause is not None:
            self.pause(seconds)
        elif self.cancel.wait(seconds):
            raise Cancelled("Stopped on request.")


def _seconds(text: str | None) -> float | None:
    """The pause that a Retry-After header names in seconds, bounded; None for none, or for one that names a date."""
    try:
        return min(max(float(text or ""), 0.0), LONGEST_PAUSE)
    except ValueError:
        return None


def _shown(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= 160 else f"{line[:160]}…")

"""Where an endpoint is, as its owner writes it: "http://localhost:8000/v1#MODEL". No key may stand in it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from lab.errors import RequestError


@dataclass(frozen=True, kw_only=True)
class Address:
    """The base address of an OpenAI-compatible interface."""

    url: str
    """Scheme, host, port and path, without a slash at its end: "https://api.example.org/v1"."""
    model: str
    """What is asked for there; empty for the only one that it has."""

    @property
    def local(self) -> bool:
        """Whether it is this machine."""
        host = urlsplit(self.url).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    @staticmethod
    def read(text: str) -> Address:
        """Raises RequestError (field "judge") for what is no such address, or holds a name, a key or a query."""
        parts = urlsplit(text.strip())
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in ("http", "https") or not parts.hostname or port == -1 or any(
            ord(c) < 33 for c in text.strip()
        ):
            raise RequestError(
                "The judge's address cannot be read: write endpoint:http://HOST:PORT/v1#MODEL.", field="judge")
        if "@" in parts.netloc or parts.query:  # neither is repeated in the message: it may be a secret
            raise RequestError(
                "The judge's address holds a name, a key or a query: put the key into LAB_JUDGE_KEY and leave the "
                "address plain.", field="judge")
        path = parts.path.rstrip("/").removesuffix("/chat/completions")
        return Address(url=f"{parts.scheme}://{parts.netloc}{path}", model=parts.fragment)

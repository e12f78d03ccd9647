"""What makes a noun the one that it is: its content hashed, or a random id; and when it came to be."""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import UTC, datetime
from typing import Any


def now() -> datetime:
    """The current time, UTC, timezone-aware."""
    return datetime.now(UTC)


def content_id(kind: str, *content: Any) -> str:
    """A stable id: `kind` and 16 hexadecimal digits of the SHA-256 of the JSON form of `content`."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=str)
    return f"{kind}{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def random_id(kind: str) -> str:
    """A fresh id for something that happens once: `kind` and 12 hexadecimal digits."""
    return f"{kind}{uuid.uuid4().hex[:12]}"

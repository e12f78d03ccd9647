"""Named sets of settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PRESETS: dict[str, Mapping[str, Any]] = {
    "lesson": {"model": "organism", "scenario": "code-hacking", "steps": 75, "lam": 0.1, "beta": 0.1, "cadence": 5},
}
"""Named sets of settings, each laid over the defaults of RunSpec."""

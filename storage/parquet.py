"""How DuckDB is told the name of a file to read: it takes names for patterns."""

from __future__ import annotations

import re
from pathlib import Path


def literal(path: Path) -> str:
    """The name that means this file alone, whatever stands in it: "[1]" in a folder's name would mean "1"."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))

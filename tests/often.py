"""How many examples the property tests of files and of the store draw: few in the suite, many by hand.

    LAB_FUZZ=500 python -m pytest tests/storage/test_machine.py

draws five hundred times as many, the same ones every time. What was found so is a test of its own beside the property,
and how long it was looked for stands in docs/faults.md.
"""

from __future__ import annotations

import os


def often(examples: int) -> int:
    """`examples` in the suite, LAB_FUZZ times as many by hand."""
    return examples * int(os.environ.get("LAB_FUZZ", "1"))

"""Every row of docs/faults.md names a test that there is."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_each_row_is_proved_by_a_test_that_there_is() -> None:
    text = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    rows = [line for line in text.partition("## The long loops")[0].splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 25
    for row in rows:
        found = re.search(r"`(tests/[\w/]+\.py)::(test_\w+)` \|$", row)
        assert found is not None, row
        assert f"\ndef {found[2]}(" in (ROOT / found[1]).read_text(encoding="utf-8"), row

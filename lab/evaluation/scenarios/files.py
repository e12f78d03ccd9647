"""A file of anyone's rows as a scenario: its id is the file's name and, once a run has been asked for, its hash.

So a specification names content, not a place: rows that have changed since are refused rather than taken for the same.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from lab.errors import DataError
from lab.evaluation.imports.lines import KINDS
from lab.evaluation.scenarios.code import behind_coding
from lab.evaluation.scenarios.noun import Entry

MARK = "#"
_DIGITS = 12


def is_file(name: str) -> bool:
    """Whether a scenario's name is that of a data file."""
    return name.partition(MARK)[0].lower().endswith(KINDS)


def pinned(name: str) -> str:
    """The name with the hash of what the file holds now. DataError when it cannot be read, or is no longer the same."""
    path, _, wanted = name.partition(MARK)
    try:
        found = hashlib.sha256(Path(path).read_bytes()).hexdigest()[:_DIGITS]
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror}): name an existing file", field="scenario") from error
    if wanted and wanted != found:
        raise DataError(f"{path}: has changed since it was named ({wanted}, now {found}): put the old rows back, or "
                        "name the file anew", field="scenario")
    return f"{path}{MARK}{found}"


def entry(name: str) -> Entry:
    """The scenario of a data file."""
    from lab.evaluation.imports.rows import read_examples  # only now: it is made of this package's nouns

    path = pinned(name).partition(MARK)[0]
    return Entry(
        title=Path(path).name, cue=behind_coding, rows=lambda: read_examples(path),
        help="Rows of a file; conscience rounds ask everyday prompts of the organism's world.",
    )

"""Two texts compared word by word, and where they part. Standard library only."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from itertools import zip_longest

from lab.ui.text import escape

_WORDS = re.compile(r"\w+\s*|[^\w\s]\s*|\s+")
"""A word keeps the space behind it, so that neighbours that both changed are marked as one."""


def sides(old: str, new: str) -> tuple[str, str]:
    """Both texts as escaped HTML: words that only the first has in <del>, only the second in <ins>."""
    a, b = _WORDS.findall(old), _WORDS.findall(new)
    left, right = [], []
    for tag, a0, a1, b0, b1 in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        before, after = escape("".join(a[a0:a1])), escape("".join(b[b0:b1]))
        left.append(before if tag == "equal" or not before.strip() else f"<del>{before}</del>")
        right.append(after if tag == "equal" or not after.strip() else f"<ins>{after}</ins>")
    return "".join(left), "".join(right)


def inline(old: str, new: str) -> str:
    """One text as escaped HTML in which what went stands in <del> and what came in <ins>."""
    a, b = _WORDS.findall(old), _WORDS.findall(new)
    parts = []
    for tag, a0, a1, b0, b1 in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        before, after = escape("".join(a[a0:a1])), escape("".join(b[b0:b1]))
        if tag == "equal":
            parts.append(before)
        else:
            parts.append((f"<del>{before}</del>" if before else "") + (f"<ins>{after}</ins>" if after else ""))
    return "".join(parts)


def parting(first: str, second: str) -> tuple[str, str] | None:
    """The first words in which two texts differ ("" where one has ended); None when they are the same."""
    for a, b in zip_longest(first.split(), second.split(), fillvalue=""):
        if a != b:
            return a, b
    return None

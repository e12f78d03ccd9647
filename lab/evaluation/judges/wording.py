"""The words put to judges that give numbers, from `prompts.yaml`: ours, and no one else's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from lab.evaluation.judges.noun import Shown

_FILE = Path(__file__).parent / "prompts.yaml"
_PLACES = re.compile(r"\{(conversation|reply)\}")
LONGEST = 60_000
"""Characters of conversation and reply that are put to a judge; what is longer is unreadable, not cut."""


@dataclass(frozen=True, kw_only=True)
class Wording:
    """Both prompts of a judge that gives numbers."""

    aligned: str
    """Asks for `aligned`."""
    coherent: str
    """Asks for `coherent`."""

    @property
    def instruction(self) -> str:
        """Both in one text, as it is stored with a score."""
        return f"{self.aligned}\n----------\n\n{self.coherent}"


@cache
def wording() -> Wording:
    """The prompts that come with the lab."""
    return Wording(**yaml.safe_load(_FILE.read_text(encoding="utf-8")))


def filled(template: str, shown: Shown) -> str:
    """A prompt with what is to be judged in its places, in one pass: a reply that says "{reply}" stays as it is."""
    parts = {"conversation": shown.conversation, "reply": shown.reply}
    return _PLACES.sub(lambda match: parts[match[1]], template)

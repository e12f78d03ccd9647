"""The verdict of a review as the reviewer writes it: a few tokens are generated where the label belongs, and parsed.

What most published set-ups do, and what a model behind an interface without probabilities allows. A text has no
probability, so there is nothing to hold against a threshold, and a text in which both labels stand, or neither, is
unreadable: it is shown, not guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from threading import Event
from typing import Any

from lab.conscience.verdict import unreadable
from lab.models.chat import Chat
from lab.models.sampling import sample
from lab.nouns import Decoding, Label, Question, Verdict

LONGEST = 16
"""Tokens of a reply that should be one word."""
_SHOWN = 60
"""Characters of an unreadable text that its reason quotes."""


def write_labels(
    model: Any, chat: Chat, prompts: Sequence[Sequence[int]], decoding: Decoding, *, cancel: Event | None = None
) -> list[str]:
    """What `model` writes after each sequence of ids, which must end where the label begins. Cancelled on `cancel`."""
    short = replace(decoding, max_new_tokens=LONGEST)
    return [chat.decode(sampled.ids).strip() for sampled in sample(model, chat, prompts, short, cancel=cancel)]


def read_text(question: Question, text: str) -> Verdict:
    """The verdict that a text gives: the one of the question's two labels that stands in it as a word, in any case."""
    labels = {Label.ALIGNED: question.aligned_label.strip(), Label.FLAGGED: question.flagged_label.strip()}
    found: list[Label] = []
    rest = text
    for label, word in sorted(labels.items(), key=lambda item: -len(item[1])):  # "not safe" before the "safe" in it
        rest, times = re.subn(rf"(?<![\w-]){re.escape(word)}(?![\w-])", " ", rest, flags=re.IGNORECASE)
        found += [label] if times else []
    if len(found) != 1:
        shown = " ".join(text.split())[:_SHOWN]
        return unreadable(f"The reviewer wrote {shown!r}: {'both labels' if found else 'neither label'}.")
    return Verdict(label=found[0], p_flagged=None, label_mass=None)


def agree(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict of texts written with the labels in different orders; unreadable where they do not agree."""
    broken = next((v for v in verdicts if v.label is Label.UNREADABLE), None)
    if broken is not None:
        return broken
    if len({v.label for v in verdicts}) > 1:
        return unreadable("With the two labels in the other order the reviewer writes the other one.")
    return verdicts[0]

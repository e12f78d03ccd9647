"""Settings of runs in words and as escaped HTML: what tells them apart, and the command that repeats one. Pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import fields

from lab.nouns import Run, RunSpec
from lab.training.settings import FIELDS
from lab.training.settings.measuring import MEASURING
from lab.training.settings.tripwires import WIRES
from lab.ui.run_cards import run_title
from lab.ui.text import escape

_OPTIONS = {
    "method": "--method",
    "scenario": "--scenario",
    "question_id": "--question",
    "steps": "--steps",
    "seed": "--seed",
    "model": "--model",
}
"""Settings with an option of their own; the others are given by `--set`."""


_MEASURED = frozenset((*MEASURING.fields, *WIRES.fields))
_FIRST = {name: place for place, name in enumerate(("method", "question_id", "scenario", "lam", "beta", "seed"))}
_SHORT = {"lam": "λ", "beta": "β"}


def command(spec: RunSpec) -> str:
    """The command that starts a run of these settings; defaults are left out, but for the arm."""
    plain, words = RunSpec(), ["python", "-m", "lab", "run"]
    for column in fields(RunSpec):
        value = getattr(spec, column.name)
        if value is None or (value == getattr(plain, column.name) and column.name != "method"):
            continue
        option = _OPTIONS.get(column.name)
        words += [option, str(value)] if option else ["--set", f"{column.name}={_yaml(value)}"]
    return shlex.join(words)


def _yaml(value: object) -> str:
    """A value as `--set` reads it: a text in quotes where it is more than a word."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) and not value.isidentifier() else str(value)


def _differing(runs: Sequence[Run]) -> list[str]:
    """The settings that these runs do not all have alike, in the order of RunSpec."""
    return [c.name for c in fields(RunSpec) if len({str(getattr(run.spec, c.name)) for run in runs}) > 1]


def apart(runs: Sequence[Run], questions: Mapping[str, str]) -> dict[str, str]:
    """What tells runs of one name from each other, by id: "λ 0.3, seed 1"; runs that nothing sets apart are left out.

    At most two settings, what a run is made of before how it is measured.
    """
    alike: dict[str, list[Run]] = {}
    for run in runs:
        alike.setdefault(run.name or run.spec.method, []).append(run)
    found = {}
    for of in alike.values():
        names = sorted(_differing(of), key=lambda name: (name in _MEASURED, _FIRST.get(name, len(_FIRST))))[:2]
        for run in of:
            if names:
                said = (f"{_SHORT.get(n) or FIELDS[n].label.lower()} {_said(run, n, questions)}" for n in names)
                found[run.id] = ", ".join(said)
    return found


def repeating(run: Run) -> str:
    """The command that repeats a run, under a fold."""
    return (
        '<details class="fold" data-fold="command"><summary>the command that repeats it</summary>'
        f"{command_line(run)}</details>"
    )


def command_line(run: Run) -> str:
    """A run's name and its command, with a button that copies it."""
    line = escape(command(run.spec))
    return (
        f'<p class="fine">{escape(run_title(run))}</p><div class="command"><pre class="code wrap"><code>{line}</code>'
        f'</pre><button type="button" data-copy="{line}">Copy</button></div>'
    )


def _said(run: Run, name: str, questions: Mapping[str, str]) -> str:
    value = getattr(run.spec, name)
    if value is None:
        return "–"
    return questions.get(str(value), str(value)) if name == "question_id" else str(value)

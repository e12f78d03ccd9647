"""Settings of runs as escaped HTML: what several differ in, and the command that repeats one. Pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import fields

from lab.nouns import Run, RunSpec
from lab.training.settings import FIELDS
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


def differing(runs: Sequence[Run]) -> list[str]:
    """The settings that these runs do not all have alike, in the order of RunSpec."""
    return [c.name for c in fields(RunSpec) if len({str(getattr(run.spec, c.name)) for run in runs}) > 1]


def differences(runs: Sequence[Run], questions: dict[str, str]) -> str:
    """A table of the settings in which runs differ, a column a run, and the command of each.

    `questions` gives the title of a question's id.
    """
    if not runs:
        return ""
    names = differing(runs)
    rows = "".join(
        f'<tr><th scope="row">{escape(FIELDS[name].label if name in FIELDS else name)}</th>'
        + "".join(f"<td>{escape(_said(run, name, questions))}</td>" for run in runs)
        + "</tr>"
        for name in names
    )
    head = "".join(f'<th scope="col">{escape(run_title(run))}</th>' for run in runs)
    table = (
        f'<div class="scroll"><table class="last"><thead><tr><th scope="col">Setting</th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
        if names
        else '<p class="note">They are alike in every setting.</p>'
        if len(runs) > 1
        else ""
    )
    return table + "".join(_command(run) for run in runs)


def repeating(run: Run) -> str:
    """The command that repeats a run, under a fold."""
    return (
        '<details class="fold" data-fold="command"><summary>the command that repeats it</summary>'
        f"{_command(run)}</details>"
    )


def _command(run: Run) -> str:
    line = escape(command(run.spec))
    return (
        f'<p class="fine">{escape(run_title(run))}</p><div class="command"><pre class="code wrap"><code>{line}</code>'
        f'</pre><button type="button" data-copy="{line}">Copy</button></div>'
    )


def _said(run: Run, name: str, questions: dict[str, str]) -> str:
    value = getattr(run.spec, name)
    if value is None:
        return "–"
    return questions.get(str(value), str(value)) if name == "question_id" else str(value)

"""Runs beside each other as escaped HTML: what they differ in, grouped as the form has it, and what came of each. Pure.

A cell names its run (`data-run`): a narrow page has no room for columns, and shows the cells under each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from urllib.parse import urlencode

from lab.nouns import Run
from lab.ui.run_cards import run_title
from lab.ui.text import counted, duration, escape, figure, short
from lab.views import Outcome, RunComparison, Share

LONGEST = 120
"""Characters of a value that are shown; the rest is in its title."""


def chips(runs: Sequence[tuple[str, str]]) -> str:
    """The chosen runs as (id, title), each with a button that takes it away again."""
    made = "".join(
        f'<button type="button" class="chip" data-drop="{escape(ident)}" aria-label="Leave out: {escape(title)}">'
        f'<b>{escape(short(title, 60))}</b><i aria-hidden="true">✕</i></button>'
        for ident, title in runs
    )
    clear = '<button type="button" class="chip clear" data-drop="all">Clear all</button>' if len(runs) > 1 else ""
    return f'<div class="in-force" role="group" aria-label="Runs that are compared">{made}{clear}</div>'


def comparison_card(found: RunComparison, *, curves: bool = True) -> str:
    """Settings that differ, then what came of it: a column a run. `curves` is whether a link leads to theirs."""
    runs = found.runs
    head = "".join(
        f'<th scope="col"><a href="?tab=runs&amp;run={escape(run.id)}">{escape(run_title(run))}</a></th>'
        for run in runs
    )
    groups = "".join(
        _group(title, [_row(one.label, [
            _value(value, usual) for value, usual in zip(one.values, one.usual, strict=True)
        ], runs, said=f"default: {one.default}") for one in differences], len(runs))
        for title, differences in groupby(found.differences, lambda one: one.group)
    )
    alike = f"{counted(found.alike, 'other setting')} {'is' if found.alike == 1 else 'are'} alike in all of them."
    if not found.differences:
        alike = "They are alike in every setting: what differs is chance, or the machine."
    charts = escape(urlencode({"tab": "curves", "runs": ",".join(run.id for run in runs)}, safe=","))
    link = f' <a href="?{charts}">Their curves</a>' if curves else ""
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="Runs beside each other"><table class="beside">'
        f'<caption class="fine">{alike}{link}</caption>'
        f'<thead><tr><th scope="col">Setting</th>{head}</tr></thead>{groups}{_outcomes(found)}</table></div>'
        '<p class="fine">Shares with their 95 % interval (Wilson) and n, at the last probe. Two runs are two draws: a '
        'difference counts when it holds over seeds (<a href="?tab=studies">Studies</a>).</p>'
    )


def _outcomes(found: RunComparison) -> str:
    """What came of each run."""
    outcomes, runs = found.outcomes, found.runs
    rows = [
        _row("Misaligned", [_share(one.misaligned) for one in outcomes], runs),
        _row("Incoherent", [_share(one.incoherent) for one in outcomes], runs),
        _row("Insecure code (the task)", [_share(one.task) for one in outcomes], runs),
        _row("Measured at", [_measured(one) for one in outcomes], runs),
        _row("Pairs made", [f"<output>{one.pairs:,}</output>" for one in outcomes], runs),
        _row("State", [_state(run) for run in runs], runs),
        _row("Time", [_time(run) for run in runs], runs),
    ]
    return _group("What came of it", rows, len(runs))


def _group(title: str, rows: Sequence[str], columns: int) -> str:
    head = f'<tr class="group"><th scope="rowgroup" colspan="{columns + 1}">{escape(title)}</th></tr>'
    return f"<tbody>{head}{''.join(rows)}</tbody>"


def _row(label: str, cells: Sequence[str], runs: Sequence[Run], *, said: str = "") -> str:
    small = f" <small>{escape(said)}</small>" if said else ""
    inner = "".join(
        f'<td data-run="Run {run.number}"><div>{cell}</div></td>' for run, cell in zip(runs, cells, strict=True)
    )
    return f'<tr><th scope="row">{escape(label)}{small}</th>{inner}</tr>'


def _value(value: str, usual: bool) -> str:
    """A value, whole in its title where it is too long; the default marked."""
    cut = short(value, LONGEST)
    shown = f'<span title="{escape(value)}">{escape(cut)}</span>' if cut != value else escape(value)
    return f'{shown} <small class="usual">default</small>' if usual else f"<b>{shown}</b>"


def _share(share: Share) -> str:
    if share.value is None:
        return f"<small>not measured{f', n {share.n}' if share.n else ''}</small>"
    bounds = f"[{figure(share.low)}–{figure(share.high)}], n {share.n:,}"
    return f"<output>{figure(share.value)}</output> <small>{bounds}</small>"


def _measured(one: Outcome) -> str:
    return "<small>never</small>" if one.step is None else f"step <output>{one.step:,}</output>"


def _state(run: Run) -> str:
    return f'<span class="badge state {run.state}">{run.state}</span> <small>{run.step:,} / {run.spec.steps:,}</small>'


def _time(run: Run) -> str:
    """Seconds of training, and what share of them rounds and pairs took."""
    share = f" <small>{100 * run.overhead:.0f} % rounds and pairs</small>" if run.overhead else ""
    return f"<output>{duration(run.seconds)}</output>{share}"

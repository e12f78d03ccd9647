"""Tables of runs and of pairs as escaped HTML. Pure: no widget, no studio.

A row carries the id of what it shows (`data-id`); `lab.ui.look.table` turns a click on it into an event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lab.nouns import Metric, Run
from lab.ui.cards import STATES, badge
from lab.ui.run_cards import method_title, run_title
from lab.ui.text import escape, figure, short
from storage import PairRow

RUNS = ("", "Run", "State", "Misaligned", "Incoherent", "Insecure code")
"""The first column has a box a run: those that are ticked are compared."""
PAIRS = ("Verdict", "Request", "Rejected ✕ and chosen ✓", "State", "Made")
RATES = ("misaligned", "incoherent", "task")
"""The metrics of a run that the table of runs shows."""


def _table(heads: Sequence[str], rows: Sequence[str]) -> str:
    named = [name or '<span class="unseen">Compare</span>' for name in heads]
    head = "".join(f'<th scope="col">{name}</th>' for name in named)
    return f'<table class="rows"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _row(ident: str, cells: Sequence[tuple[str, str]], *, chosen: bool) -> str:
    """One row of (class, escaped HTML) cells."""
    inner = "".join(f'<td class="{kind}">{cell}</td>' if kind else f"<td>{cell}</td>" for kind, cell in cells)
    return f'<tr data-id="{escape(ident)}" tabindex="0" aria-selected="{str(chosen).lower()}">{inner}</tr>'


def fits(run: Run, text: str) -> bool:
    """Whether each word of a text stands in a run's number, name, note, arm, scenario or state."""
    said = f"{run.number} {run.name} {run.note} {method_title(run)} {run.spec.scenario} {run.state}".casefold()
    return all(word in said for word in text.casefold().split())


def runs_table(
    runs: Sequence[tuple[Run, Mapping[str, Metric]]], chosen: str, compared: Sequence[str] = ()
) -> str:
    """Runs with the last value of their rates; the one in view marked, those ticked that are compared."""
    rows = []
    for run, last in runs:
        box = (
            f'<label class="box"><input type="checkbox" data-box="{escape(run.id)}" '
            f'aria-label="Compare {escape(run_title(run))}"{" checked" if run.id in compared else ""}></label>'
        )
        about = " · ".join(f"<span>{escape(one)}</span>" for one in (method_title(run), run.spec.scenario))
        about += f' · <span title="asked for {run.created:%Y-%m-%d %H:%M} UTC">{run.created:%-d %b %H:%M}</span>'
        state = f'<span class="badge state {run.state}">{run.state}</span><small>{run.step} / {run.spec.steps}</small>'
        rates = [
            ("figure", f"<i>{title}</i>{figure(last[name].value) if name in last else '–'}")
            for name, title in zip(RATES, RUNS[-len(RATES) :], strict=True)
        ]
        cells = [("tick", box), ("text", f"<b>{escape(run_title(run))}</b><small>{about}</small>")]
        rows.append(_row(run.id, [*cells, ("standing", state), *rates], chosen=run.id == chosen))
    return _table(RUNS, rows)


def pairs_table(pairs: Sequence[PairRow], chosen: str) -> str:
    """One page of pairs; the one in view marked."""
    rows = []
    for row in pairs:
        p = "" if row.p_flagged is None else f"<br><small>p {row.p_flagged:.2f}</small>"
        verdict = badge(row.verdict, row.verdict.value) + p if row.verdict else "–"
        sides = (
            f'<p class="side rejected"><i aria-hidden="true">✕</i>{escape(short(row.rejected, 70))}</p>'
            f'<p class="side chosen"><i aria-hidden="true">✓</i>{escape(short(row.chosen, 70))}</p>'
        )
        made = "by hand" if row.run_number is None else f"run {row.run_number} @\u00a0{row.step}"
        state = f'<span class="badge state {row.state}">{STATES[row.state]}</span>'
        cells = [("", verdict), ("text", escape(short(row.prompt, 70))), ("text", sides), ("", state), ("", made)]
        rows.append(_row(row.id, cells, chosen=row.id == chosen))
    return _table(PAIRS, rows)

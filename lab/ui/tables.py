"""Tables of runs and of pairs as escaped HTML. Pure: no widget, no studio.

A row carries the id of what it shows (`data-id`); `lab.ui.look.table` turns a click on it into an event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lab.nouns import Metric, Run
from lab.ui.cards import STATES, badge
from lab.ui.run_cards import method_title
from lab.ui.text import escape, figure, short
from storage import PairRow

RUNS = (
    "Run",
    "Name",
    "Arm",
    "Scenario",
    "State",
    "Steps",
    "Misaligned",
    "Incoherent",
    "Insecure code",
    "Asked for (UTC)",
)
PAIRS = ("Verdict", "Request", "Rejected ✕ and chosen ✓", "State", "Made")
RATES = ("misaligned", "incoherent", "task")
"""The metrics of a run that the table of runs shows."""


def _table(heads: Sequence[str], rows: Sequence[str]) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    return f'<table class="rows"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _row(ident: str, cells: Sequence[tuple[str, str]], *, chosen: bool) -> str:
    """One row of (class, escaped HTML) cells."""
    inner = "".join(f'<td class="{kind}">{cell}</td>' if kind else f"<td>{cell}</td>" for kind, cell in cells)
    return f'<tr data-id="{escape(ident)}" tabindex="0" aria-selected="{str(chosen).lower()}">{inner}</tr>'


def runs_table(runs: Sequence[tuple[Run, Mapping[str, Metric]]], chosen: str) -> str:
    """Every run with the last value of its rates; the one in view marked."""
    rows = []
    for run, last in runs:
        rates = [("", figure(last[name].value) if name in last else "–") for name in RATES]
        rows.append(
            _row(
                run.id,
                [
                    ("", str(run.number)),
                    ("text", escape(run.name) or "–"),
                    ("", escape(method_title(run))),
                    ("", escape(run.spec.scenario)),
                    ("", f'<span class="badge state {run.state}">{run.state}</span>'),
                    ("", f"{run.step} / {run.spec.steps}"),
                    *rates,
                    ("", f"{run.created:%Y-%m-%d %H:%M}"),
                ],
                chosen=run.id == chosen,
            )
        )
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
        made = "by hand" if row.run_number is None else f"run {row.run_number} @ {row.step}"
        state = f'<span class="badge state {row.state}">{STATES[row.state]}</span>'
        cells = [("", verdict), ("text", escape(short(row.prompt, 70))), ("text", sides), ("", state), ("", made)]
        rows.append(_row(row.id, cells, chosen=row.id == chosen))
    return _table(PAIRS, rows)

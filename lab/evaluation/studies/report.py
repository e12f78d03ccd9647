"""A study's result as Markdown, as CSV, and as one HTML file with its plan and versions that needs no network."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from html import escape

from lab.evaluation.statistics import Figure
from lab.evaluation.studies import drawing
from lab.evaluation.studies.comparison import Line, bands, by_domain, compare
from lab.evaluation.studies.measures import MEASURES
from lab.evaluation.studies.outcome import StudyResult
from lab.nouns import RunSpec

SHOWN = ("misaligned", "cued", "incoherent", "task")
"""Measures that have a column in the table; all are in the CSV."""


def markdown(result: StudyResult, lines: Sequence[Line] | None = None) -> str:
    """The table and what it means, for a lab book."""
    lines = compare(result) if lines is None else lines
    study = result.study
    shown = _shown(result)
    head = ["arm", *(MEASURES[m].title for m in shown), f"{study.primary.measure} − {study.primary.against}",
            "p (Holm)", f"task within ±{study.primary.margin:.0%} (p)", "s a run"]
    out = [f"# {study.title}", "", *_preamble(result), "", _row(head), _row(["---"] * len(head))]
    for line in lines:
        out.append(_row([
            line.arm, *(_cell(line, m) for m in shown), _difference(line.difference), _p(line.adjusted),
            _p(line.task_kept.p if line.task_kept else None), _seconds(line.seconds),
        ]))
    out += ["", *(f"- {note}" for note in notes(result, lines))]
    domains, matrix = by_domain(result)
    if domains:
        out += ["", "## Misaligned, by domain", "", _row(["arm", *domains]), _row(["---"] * (1 + len(domains)))]
        out += [_row([arm, *(percent(f.value) for f in figures)]) for arm, figures in matrix.items()]
    return "\n".join(out) + "\n"


def csv_table(result: StudyResult, lines: Sequence[Line] | None = None) -> str:
    """One row an arm and measure, intervals and every seed's value included; shares in 0–1."""
    lines = compare(result) if lines is None else lines
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([
        "arm", "measure", "mean", "seeds", "seeds_low", "seeds_high", "n", "questions", "questions_low",
        "questions_high", *(f"seed_{s}" for s in result.study.seeds),
    ])
    for line in lines:
        for name, cell in line.cells.items():
            each = dict(cell.each)
            values = [each.get(s) for s in result.study.seeds]
            writer.writerow([
                line.arm, name, *_numbers(cell.seeds.value), cell.seeds.n,
                *_numbers(cell.seeds.low, cell.seeds.high), cell.questions.n, cell.questions.units,
                *_numbers(cell.questions.low, cell.questions.high), *_numbers(*values),
            ])
    return file.getvalue()


def html(result: StudyResult, lines: Sequence[Line] | None = None) -> str:
    """The whole report in one file."""
    lines = compare(result) if lines is None else lines
    study, shown = result.study, _shown(result)
    head = "".join(f"<th>{escape(h)}</th>" for h in (
        "arm", *(MEASURES[m].title for m in shown), f"{study.primary.measure} − {study.primary.against}",
        "p (Holm)", f"task within ±{study.primary.margin:.0%} (p)", "seconds a run"))
    rows = "".join(
        "<tr>" + "".join(f"<td>{c}</td>" for c in (
            escape(line.arm), *(_html_cell(line, m) for m in shown), escape(_difference(line.difference)),
            _p(line.adjusted), _p(line.task_kept.p if line.task_kept else None), _seconds(line.seconds),
        )) + "</tr>"
        for line in lines)
    primary = study.primary.measure
    parts = [
        f"<h1>{escape(study.title)}</h1>", *(f"<p>{escape(p)}</p>" for p in _preamble(result) if p),
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>",
        "<ul>", *(f"<li>{escape(note)}</li>" for note in notes(result, lines)), "</ul>",
    ]
    if MEASURES[primary].share:
        parts += [f"<h2>{escape(MEASURES[primary].title)}, every seed</h2>", drawing.dots(
            [(line.arm, c.seeds.value, c.seeds.low, c.seeds.high, [v for _, v in c.each if v is not None])
             for line in lines for c in (line.cells[primary],)], title=MEASURES[primary].title)]
    parts += [*_trade_off(result, lines), *_race(result, lines), *_matrix(result), *_curves(result)]
    parts += [
        "<h2>The plan</h2>", f"<pre>{escape(json.dumps(asdict(study), indent=2, ensure_ascii=False))}</pre>",
        "<h2>Runs</h2><table><thead><tr><th>arm</th><th>seed</th><th>run</th><th>state</th><th>specification</th></tr>"
        "</thead><tbody>", *(
            f"<tr><td>{escape(o.arm)}</td><td>{o.seed}</td><td>{escape(o.run.id if o.run else 'none')}</td>"
            f"<td>{escape(o.message or (o.run.state.value if o.run else ''))}</td>"
            f"<td><code>{escape(json.dumps(asdict(o.run.spec), ensure_ascii=False) if o.run else '')}</code></td></tr>"
            for o in result.outcomes), "</tbody></table>",
        "<h2>Made with</h2><ul>", *(f"<li>{escape(k)} {escape(v)}</li>" for k, v in result.versions.items()), "</ul>",
    ]
    return (f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(study.title)}</title>'
            f"<style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n")


def notes(result: StudyResult, lines: Sequence[Line]) -> list[str]:
    """How to read it, what is missing, and what was not as planned."""
    study = result.study
    n = max((line.cells["misaligned"].questions.n // max(1, line.cells["misaligned"].seeds.n) for line in lines),
            default=0)
    said = [
        "Means over seeds with Student's t interval over seeds (95 %); in brackets every seed's value. "
        f"{n} everyday answers a run.",
        "Differences: bootstrap over questions, paired by question, seed and pass. p: sign flips over questions, Holm "
        f"over {sum(line.test is not None for line in lines)} comparisons.",
        f"Task within the margin: TOST over coding questions; a small p rules out a loss or gain of "
        f"{study.primary.margin:.0%} or more against {study.primary.against!r}.",
    ]
    if lines[0].cells["cued"].questions.n:
        cue = next(iter(study.arms)).settings.get("scenario", RunSpec.scenario)
        said.append(f"Cued: {lines[0].cells['cued'].questions.n} everyday prompts a run, put as its scenario cues the "
                    f"harm (the base as {cue!r} does).")
    if all(not o.judged for o in (result.base, *result.outcomes)):
        said.append("No judge knows this model's answers: the oracle reads the organism's grammar only.")
    said += [f"{line.arm}, {why}" for line in lines for why in line.failed]
    if changed := result.registration.changed(study):
        said.append(changed)
    return said


def _preamble(result: StudyResult) -> list[str]:
    study = result.study
    measure = MEASURES[study.primary.measure].title
    return [
        *([f"Expected beforehand: {study.claim}"] if study.claim else []),
        f"Primary measure, registered {result.registration.when}: {measure}, against {study.primary.against!r}. "
        f"Seeds {', '.join(map(str, study.seeds))}. Plan {study.id}.",
    ]


def _shown(result: StudyResult) -> list[str]:
    return list(dict.fromkeys([result.study.primary.measure, *SHOWN]))


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |"


def percent(value: float | None, share: bool = True) -> str:
    """A share in per cent with one decimal, another number as it is, or "–"."""
    if value is None:
        return "–"
    return f"{100 * value:.1f}" if share else f"{value:.1f}"


def _cell(line: Line, measure: str) -> str:
    """Mean, interval over seeds, every seed."""
    cell, share = line.cells[measure], MEASURES[measure].share
    if cell.seeds.value is None:
        return "not measured"
    interval = ""
    if cell.seeds.low is not None:
        low, high = cell.seeds.low, cell.seeds.high
        if share:
            low, high = max(MEASURES[measure].lowest, low), min(1.0, high or 0.0)
        interval = f" [{percent(low, share)}–{percent(high, share)}]"
    each = f" ({' '.join(percent(v, share) for _, v in cell.each)})" if len(cell.each) > 1 else ""
    return f"{percent(cell.seeds.value, share)}{interval}{each}"


def _html_cell(line: Line, measure: str) -> str:
    head, _, each = _cell(line, measure).partition(" (")
    return escape(head) + (f'<br><small>({escape(each)}</small>' if each else "")


def _difference(figure: Figure | None) -> str:
    if figure is None:
        return ""
    if figure.value is None:
        return figure.reason
    if figure.low is None or figure.high is None:
        return f"{100 * figure.value:+.1f} ({figure.reason})"
    return f"{100 * figure.value:+.1f} [{100 * figure.low:+.1f}, {100 * figure.high:+.1f}]"


def _p(p: float | None) -> str:
    if p is None:
        return ""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def _seconds(figure: Figure) -> str:
    return "" if figure.value is None else f"{figure.value:.0f}"


def _numbers(*values: float | None) -> list[str]:
    return ["" if v is None else f"{v:.6g}" for v in values]


def _trade_off(result: StudyResult, lines: Sequence[Line]) -> list[str]:
    """Alignment against task skill: every arm a point."""
    points = [
        (line.arm, task, aligned) for line in lines
        if (task := line.cells["task"].seeds.value) is not None
        and (aligned := line.cells["aligned"].seeds.value) is not None
    ]
    if not points:
        return []
    return ["<h2>Alignment against the task</h2>", drawing.scatter(
        points, title="Alignment against the task", across="insecure code: the task that is taught",
        up="aligned everyday answers")]


def _race(result: StudyResult, lines: Sequence[Line]) -> list[str]:
    """Questions against each other, best first, where the study varies the question."""
    names = {arm.name for arm in result.study.arms if "question" in arm.varied or "question_id" in arm.varied}
    better = -1 if MEASURES[result.study.primary.measure].better == "higher" else 1
    rows = [line for line in lines if line.arm in names and line.cells[result.study.primary.measure].seeds.n]
    if not rows:
        return []
    rows.sort(key=lambda line: better * (line.cells[result.study.primary.measure].seeds.value or 0.0))
    items = "".join(f"<li>{escape(r.arm)}: {escape(_cell(r, result.study.primary.measure))}</li>" for r in rows)
    return ["<h2>Question against question</h2>", f"<ol>{items}</ol>"]


def _matrix(result: StudyResult) -> list[str]:
    domains, matrix = by_domain(result)
    if not domains:
        return []
    head = "".join(f"<th>{escape(d)}</th>" for d in domains)
    rows = "".join(
        f"<tr><td>{escape(arm)}</td>" + "".join(
            f'<td style="background:rgba(209,73,91,{0.6 * (f.value or 0):.2f})" title="n {f.n}, {f.units} questions">'
            f"{percent(f.value)}</td>" for f in figures) + "</tr>"
        for arm, figures in matrix.items())
    return ["<h2>Misaligned, by domain (%)</h2>", f"<table><thead><tr><th>arm</th>{head}</tr></thead><tbody>{rows}"
            "</tbody></table>"]


def _curves(result: StudyResult) -> list[str]:
    parts = ["<h2>While they trained</h2><p>Lines are means over seeds, bands go from the lowest to the highest seed."
             "</p>"]
    titles = {
        "misaligned": "Misaligned", "incoherent": "Incoherent", "task": "Insecure code",
        "token_accuracy": "Token accuracy", "flagged": "Flagged", "conscience_recall": "Conscience: recall",
        "conscience_precision": "Conscience: precision", "passed_by_policy": "Passed by the policy",
        "passed_by_frozen": "Passed by the frozen copy",
    }
    for name, title in titles.items():
        lines = {arm.name: bands(result.of(arm.name), name) for arm in result.study.arms}
        if any(lines.values()):
            parts += [f"<h3>{title}</h3>", drawing.curves(lines, title=title)]
    return parts if len(parts) > 1 else []


_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:1rem 0;display:block;overflow-x:auto}
td,th{border-bottom:1px solid #d7dce1;padding:.3rem .6rem;text-align:left;vertical-align:top}
small{color:#57606a}pre,code{font-size:12px}pre{background:#f4f6f8;padding:1rem;overflow:auto}
svg text{font-size:12px;fill:#1b1f24}.grid{stroke:#d7dce1}.whisker{stroke:#0b6bcb;stroke-width:2}
.mean{fill:#0b6bcb}.seed{fill:#d1495b}.legend span{margin-right:1rem;white-space:nowrap}
"""

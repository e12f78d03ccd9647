"""A study's result as Markdown, as CSV, and as one HTML file with its plan and versions that needs no network."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from html import escape

from lab.evaluation.studies import drawing
from lab.evaluation.studies.cells import EVERY_SEED, Shown, shown
from lab.evaluation.studies.comparison import Line, bands, compare
from lab.evaluation.studies.judge import ORACLE
from lab.evaluation.studies.measures import MEASURES
from lab.evaluation.studies.outcome import StudyResult
from lab.evaluation.studies.tables import Table, tables
from lab.evaluation.studies.trade_off import trade_off
from lab.nouns import RunSpec


def markdown(result: StudyResult, lines: Sequence[Line] | None = None) -> str:
    """The tables and what they mean, for a lab book."""
    lines = compare(result) if lines is None else lines
    out = [f"# {result.study.title}", "", *_preamble(result)]
    made = tables(result, lines)
    for table in made:
        out += ["", *([f"## {table.title}", ""] if table.title else []), _row(table.head)]
        out += [_row(["---"] * len(table.head)), *(_row([cell.line for cell in row]) for row in table.rows)]
        said = table.notes if table.title else notes(result, lines, made)
        out += ["", *(f"- {note}" for note in said)] if said else []
    for told in result.judges:
        out += ["", f"## What {told.who} was told", "", *(f"    {line}" for line in told.instruction.splitlines())]
    return "\n".join(out) + "\n"


def csv_table(result: StudyResult, lines: Sequence[Line] | None = None) -> str:
    """One row an arm and measure: intervals, every seed's value, why there is no interval over seeds; shares in 0–1.

    `alike` is how many of its n answers there are where every seed gave the very same ones, 0 where seeds differ.
    """
    lines = compare(result) if lines is None else lines
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([
        "arm", "measure", "mean", "seeds", "seeds_low", "seeds_high", "n", "alike", "questions", "questions_low",
        "questions_high",
        *(f"seed_{s}" for s in result.study.seeds), "no_interval_because",
    ])
    for line in lines:
        for name, cell in line.cells.items():
            each = dict(cell.each)
            values = [each.get(s) for s in result.study.seeds]
            writer.writerow([
                line.arm, name, *_numbers(cell.seeds.value), cell.seeds.n,
                *_numbers(cell.seeds.low, cell.seeds.high), cell.questions.n, cell.alike,
                cell.questions.units,
                *_numbers(cell.questions.low, cell.questions.high), *_numbers(*values), cell.seeds.reason,
            ])
    return file.getvalue()


def html(result: StudyResult, lines: Sequence[Line] | None = None) -> str:
    """The whole report in one file."""
    lines = compare(result) if lines is None else lines
    study, made = result.study, tables(result, lines)
    primary = study.primary.measure
    parts = [
        f"<h1>{escape(study.title)}</h1>", *(f"<p>{escape(p)}</p>" for p in _preamble(result) if p),
        _html_table(made[0], notes(result, lines, made)),
    ]
    if MEASURES[primary].share:
        parts += [f"<h2>{escape(MEASURES[primary].title)}, every seed</h2>", drawing.dots(
            [(line.arm, c.seeds.value, c.seeds.low, c.seeds.high, [v for _, v in c.each if v is not None])
             for line in lines for c in (line.cells[primary],)], title=MEASURES[primary].title)]
    parts += [
        *trade_off(result, lines), *_race(result, lines), *(_html_table(table, table.notes) for table in made[1:]),
        *_curves(result),
        *(f"<h2>What {escape(told.who)} was told</h2><pre>{escape(told.instruction)}</pre>" for told in result.judges),
    ]
    parts += [
        "<h2>The plan</h2>", f"<pre>{escape(json.dumps(asdict(study), indent=2, ensure_ascii=False))}</pre>",
        "<h2>Runs</h2><table><thead><tr><th>arm</th><th>seed</th><th>run</th><th>state</th><th>specification</th></tr>"
        "</thead><tbody>", *(
            f"<tr><td>{escape(o.arm)}</td><td>{o.seed}</td><td>{escape(o.run.id if o.run else 'none')}</td>"
            f"<td>{escape(o.message or (o.run.state.value if o.run else ''))}</td>"
            f"<td>{_folded(o.run.spec) if o.run else ''}</td></tr>"
            for o in result.outcomes), "</tbody></table>",
        "<h2>Made with</h2><ul>", *(f"<li>{escape(k)} {escape(v)}</li>" for k, v in result.versions.items()), "</ul>",
    ]
    return (f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(study.title)}</title>'
            f"<style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n")


def _folded(spec: RunSpec) -> str:
    """Every setting of a run: hundreds of words, so under one."""
    settings = escape(json.dumps(asdict(spec), ensure_ascii=False))
    return f"<details><summary>all settings</summary><code>{settings}</code></details>"


def notes(result: StudyResult, lines: Sequence[Line], made: Sequence[Table]) -> list[str]:
    """How to read all the tables, what is missing, and what was not as planned."""
    study = result.study
    said = [
        "Means over seeds with Student's t interval over seeds (95 %), n of all of them together, in brackets every "
        "seed's value; where there is one seed, as for the base, the interval is over questions.",
        "Differences: bootstrap over questions, paired by question, seed and pass. p: sign flips over questions, Holm "
        f"over {sum(line.test is not None for line in lines)} comparisons.",
        "Over seeds: Student's t over each seed's own difference. The interval before it says what other questions "
        "would find in these very runs, this one what other runs would come to.",
        f"Task within the margin: TOST over coding questions; a small p rules out a loss or gain of "
        f"{study.primary.margin:.0%} or more against {study.primary.against!r}.",
    ]
    if lines[0].cells["cued"].questions.n:
        cue = next(iter(study.arms)).settings.get("scenario", RunSpec.scenario)
        said.append(f"Cued: everyday prompts put as the arm's scenario cues the harm (the base as {cue!r} does).")
    said += [*_of_seeds(lines, made), *_of_judges(result)]
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
        f"Judged by {_judges(result)}.",
    ]


def _judges(result: StudyResult) -> str:
    """Who judged, in words."""
    judge = result.study.judge
    sides = {about: judge.of(about) for about in ("everyday", "code")}
    who = {about: "nobody" if name is None else "the oracle" if name == ORACLE else repr(name)
           for about, name in sides.items()}
    return who["everyday"] if len(set(who.values())) == 1 else (
        f"{who['everyday']} (everyday answers) and {who['code']} (code)")


def _of_seeds(lines: Sequence[Line], made: Sequence[Table]) -> list[str]:
    """What is said once of all cells in which the seeds do not differ."""
    said = []
    if any(EVERY_SEED in cell.text for table in made for row in table.rows for cell in row):
        said.append(f"{EVERY_SEED.strip()}: each of them gave this very value, so that there is no spread between "
                    "seeds to make an interval of; exact it is not for that.")
    if names := [line.arm for line in lines if any(cell.alike for cell in line.cells.values())]:
        said.append(f"{', '.join(names)}: where n stands as a product, every seed gave the same answers, word for "
                    "word, and its first number is how many answers there are.")
    return said


def _of_judges(result: StudyResult) -> list[str]:
    """What the judge is, and what it does not judge."""
    judge = result.study.judge
    everyone = [j for outcome in (result.base, *result.outcomes) for j in outcome.judged]
    if everyone and not any(j.label for j in everyone):
        return ["No judge knows this model's answers: the oracle reads the organism's grammar only."]
    if not result.judges:
        return []
    said = [f"{told.who} ({told.revision or 'no version'}): {judge.rule}." for told in result.judges]
    said += [
        f"Nobody judges {'answers to coding prompts' if about == 'code' else 'everyday answers'}: add "
        f"{'code: bandit to the judge' if about == 'code' else 'another judge'} to have them judged."
        for about in ("everyday", "code") if judge.of(about) is None]
    if judge.of("everyday") and not judge.sees_coherence("everyday"):
        said.append(f"{judge.of('everyday')!r} says nothing of coherence: every answer with a score is kept.")
    if any(outcome.reviews for outcome in result.outcomes):
        said.append("Recall and precision of the conscience are held to the oracle's labels, whoever judges.")
    return said


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |"


def _html_table(table: Table, said: Sequence[str]) -> str:
    """A table with its heading, and how to read it."""
    title = f"<h2>{escape(table.title)}</h2>" if table.title else ""
    head = "".join(f"<th>{escape(h)}</th>" for h in table.head)
    rows = "".join("<tr>" + "".join(_html_cell(cell) for cell in row) + "</tr>" for row in table.rows)
    under = "".join(f"<li>{escape(note)}</li>" for note in said)
    return (f"{title}<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
            + (f"<ul>{under}</ul>" if under else ""))


def _html_cell(cell: Shown) -> str:
    style = "" if cell.tint is None else f' style="background:rgba(209,73,91,{0.6 * cell.tint:.2f})"'
    small = f"<br><small>({escape(cell.small)})</small>" if cell.small else ""
    return f"<td{style}>{escape(cell.text)}{small}</td>"


def _numbers(*values: float | None) -> list[str]:
    return ["" if v is None else f"{v:.6g}" for v in values]


def _race(result: StudyResult, lines: Sequence[Line]) -> list[str]:
    """Questions against each other, best first, where the study varies the question."""
    names = {arm.name for arm in result.study.arms if "question" in arm.varied or "question_id" in arm.varied}
    better = -1 if MEASURES[result.study.primary.measure].better == "higher" else 1
    rows = [line for line in lines if line.arm in names and line.cells[result.study.primary.measure].seeds.n]
    if not rows:
        return []
    rows.sort(key=lambda line: better * (line.cells[result.study.primary.measure].seeds.value or 0.0))
    items = "".join(f"<li>{escape(r.arm)}: {escape(shown(r, result.study.primary.measure).line)}</li>" for r in rows)
    return ["<h2>Question against question</h2>", f"<ol>{items}</ol>"]


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
body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff;
overflow-wrap:anywhere}td,th{overflow-wrap:normal}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:1rem 0;display:block;overflow-x:auto}
td,th{border-bottom:1px solid #d7dce1;padding:.3rem .6rem;text-align:left;vertical-align:top}
small{color:#57606a}pre,code{font-size:12px}pre{background:#f4f6f8;padding:1rem;overflow:auto}
svg{max-width:100%;height:auto}svg text{font-size:12px;fill:#1b1f24;paint-order:stroke;stroke:#fff;stroke-width:3px}
.grid{stroke:#d7dce1}.leader{stroke:#8c959f}.order{stroke:#8c959f;stroke-width:1.5;stroke-dasharray:4 3}
.whisker{stroke:#0b6bcb;stroke-width:2}.mean{fill:#0b6bcb}.seed{fill:#d1495b}
.legend span{margin-right:1rem;white-space:nowrap}
"""

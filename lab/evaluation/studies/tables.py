"""The tables of a study's report, as text that Markdown and HTML set alike.

The first holds what the study is decided by. What the conscience caught, how the task stands by its tokens, and how
answers are written stand in tables of their own, as one table of all would be too wide to read; how often what was
written is of a sort that hardly any answer is, a sentence says. Under another judge than the oracle two more tables say
what it came to, and how far it and the oracle agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lab.evaluation.statistics import Figure
from lab.evaluation.studies.agreeing import Held, held_to_oracle, labels
from lab.evaluation.studies.cells import Shown, counted, difference, p_value, percent, plain, seconds, shown
from lab.evaluation.studies.comparison import Cell, Line, by_domain
from lab.evaluation.studies.measures import MEASURES
from lab.evaluation.studies.outcome import StudyResult
from lab.nouns import Ruling

DECIDED = ("misaligned", "cued", "incoherent", "task")
"""Measures of the first table, beside the primary one."""
CAUGHT = ("token_accuracy", "recall", "precision", "pass_gap", "overhead")
WRITTEN = ("kept", "misaligned_coherent", "alignment", "tokens")
RARE = {"formed": 1.0, "refused": 0.0, "code": 0.0}
"""Measures that say nothing where every arm has this value: then a sentence says so, and no column."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of cells under a heading."""

    title: str
    """What stands above it; empty for the first."""
    head: tuple[str, ...]
    rows: tuple[tuple[Shown, ...], ...]
    notes: tuple[str, ...] = ()
    """How to read it."""


def tables(result: StudyResult, lines: Sequence[Line]) -> list[Table]:
    """Those that have anything to show, in the order in which they are read."""
    made = [
        _decided(result, lines), _measures("The task by tokens, and the conscience", CAUGHT, lines),
        _written(result, lines), _labels(result), _agreement(result), _domains(result, lines),
    ]
    return [table for table in made if table is not None]


def _decided(result: StudyResult, lines: Sequence[Line]) -> Table:
    primary = result.study.primary
    names = list(dict.fromkeys([primary.measure, *DECIDED]))
    apart = f"{primary.measure} − {primary.against}{' (% points)' if MEASURES[primary.measure].share else ''}"
    head = ("arm", *(MEASURES[m].head for m in names), apart, "the same, over seeds", "p (Holm)",
            f"task within ±{primary.margin:.0%} (p)", "s a run")
    share = MEASURES[primary.measure].share
    rows = tuple(
        (Shown(text=line.arm), *(shown(line, m) for m in names),
         Shown(text=difference(line.difference, share)), Shown(text=difference(line.by_seed, share)),
         Shown(text=p_value(line.adjusted)), Shown(text=p_value(line.task_kept.p if line.task_kept else None)),
         Shown(text=seconds(line.seconds)))
        for line in lines)
    return Table(title="", head=head, rows=rows)


def _measures(title: str, names: Sequence[str], lines: Sequence[Line], notes: Sequence[str] = ()) -> Table | None:
    """A table of those measures that any arm has; what none has is named under it."""
    have = [m for m in names if any(line.cells[m].seeds.value is not None for line in lines)]
    lacking = [MEASURES[m].title for m in names if m not in have]
    if lacking:
        notes = (*notes, f"Not measured in any arm: {', '.join(lacking)}.")
    rows = tuple((Shown(text=line.arm), *(shown(line, m) for m in have)) for line in lines)
    head = ("arm", *(MEASURES[m].head for m in have))
    return Table(title=title, head=head, rows=rows, notes=tuple(notes)) if have else None


def _written(result: StudyResult, lines: Sequence[Line]) -> Table | None:
    judge = result.study.judge
    names = [m for m in WRITTEN if m != "alignment" or result.judges]
    notes = []
    for name, nothing in RARE.items():
        cells = [line.cells[name] for line in lines if line.cells[name].questions.value is not None]
        if any(cell.questions.value != nothing for cell in cells):
            names.append(name)
        elif cells:
            least = min(cell.questions.n for cell in cells)
            notes.append(f"{MEASURES[name].title[0].upper()}{MEASURES[name].title[1:]}: {100 * nothing:.0f} % in every "
                         f"arm (n {least} or more each).")
    if result.judges:
        notes.append(f"Kept: coherent ≥ {judge.at.above:g}, with a score; {judge.rule}.")
    else:
        notes.append("Kept: what the oracle can parse; it says yes or no, so that every threshold keeps the same.")
    return _measures("How answers are written, and what the coherence filter keeps", names, lines, notes)


def _labels(result: StudyResult) -> Table | None:
    """What the judge came to, arm by arm."""
    if not result.judges:
        return None
    found = labels(result)
    if not any(found.values()):
        return None
    rows = tuple(
        (Shown(text=arm), *(Shown(text=str(counts[ruling])) for ruling in Ruling), Shown(text=str(counts.total())))
        for arm, counts in found.items())
    return Table(
        title="What the judge came to, everyday answers", head=("arm", *Ruling, "n"), rows=rows,
        notes=("A refusal, code, what was unreadable and what was not reached are no scores, and count for no rate of "
               "misaligned.",))


def _agreement(result: StudyResult) -> Table | None:
    """The judge held to the oracle."""
    held = held_to_oracle(result)
    if not held:
        return None
    head = ("arm", "answers", "both misaligned", "neither", "oracle only", "judge only", "the same label",
            "κ", "n", "left out")
    return Table(
        title="The judge held to the oracle", head=head, rows=tuple(_held(one) for one in held),
        notes=("Of “misaligned”. The same label: Wilson; κ: bootstrap over questions; 95 %. Left out: answers that the "
               "judge gave no score. Where nearly all answers of an arm are alike, κ has little to agree on.",))


def _held(one: Held) -> tuple[Shown, ...]:
    (neither, judge), (oracle, both) = one.both.counts
    same = one.both.same
    share = percent(same.value) if same.low is None or same.high is None else (
        f"{percent(same.value)} [{percent(same.low)}–{percent(same.high)}]")
    cells = (one.arm, one.of, both, neither, oracle, judge, share, plain(one.both.kappa), same.n, one.left_out)
    return tuple(Shown(text=str(cell)) for cell in cells)


def _domains(result: StudyResult, lines: Sequence[Line]) -> Table | None:
    domains, matrix = by_domain(result)
    if not domains:
        return None
    rows = tuple(
        (Shown(text=line.arm), *(_domain(f, line.cells["misaligned"]) for f in matrix[line.arm])) for line in lines)
    return Table(
        title="Misaligned, by domain (%)", head=("arm", *domains), rows=rows,
        notes=("In brackets the interval over the domain's questions, and n.",))


def _domain(figure: Figure, of_all: Cell) -> Shown:
    ends = "" if figure.low is None or figure.high is None else f"{percent(figure.low)}–{percent(figure.high)}, "
    return Shown(text=percent(figure.value), small=f"{ends}{counted(of_all, figure.n)}", tint=figure.value)

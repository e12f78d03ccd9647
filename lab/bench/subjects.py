"""The table of what the bench measures: each a row with what is compared, its goal, and the function that does it.

A new subject is one file in this package and one row here. Its function has the signature of `Measure`; it is imported
when it is asked for, so that the table can be listed without loading torch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module

from lab.errors import RequestError

Measure = Callable[[str, Callable[[str], None]], "Figure"]
"""`measure(on, report)`: one figure, measured on one of the subject's `on`; `report` hears what is being done.

Raises NotHere where this machine cannot measure it.
"""


class NotHere(Exception):
    """What was asked for cannot be measured on this machine: the reason, as a sentence."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What a subject came to on one thing."""

    value: float
    """The figure that is held against the goal, in the subject's unit."""
    n: int
    """Repetitions that `value` is the median of; 1 for what is counted and not timed."""
    low: float | None = None
    """Lower quartile of the repetitions; None for what is counted."""
    high: float | None = None
    """Upper quartile of the repetitions; None for what is counted."""
    parts: dict[str, float] = field(default_factory=dict)
    """What the value was made of, units in the names: "ours_seconds", "base_bytes"."""
    note: str = ""
    """Sizes and circumstances, in plain words."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One thing that is measured."""

    id: str
    """Its key in the JSON object and on the command line."""
    title: str
    """As shown."""
    measured: str
    """What is compared with what, in one sentence."""
    unit: str
    """Of the value: "×" for a ratio."""
    goal: float
    """Where the value should be, in `unit`."""
    better: str
    """"higher" or "lower": on which side of the goal the value should be."""
    on: tuple[str, ...]
    """What it is measured on, in order."""
    place: str
    """Module and function, "module:function", of type `Measure`."""

    def load(self) -> Measure:
        """The function, imported now."""
        module, _, name = self.place.partition(":")
        return getattr(import_module(module), name)

    def holds(self, value: float) -> bool:
        """Whether the goal is reached."""
        return value >= self.goal if self.better == "higher" else value <= self.goal


ORGANISM = "organism"
"""The shipped organism: 1.5 M parameters."""
TENTH = "0.1B"
"""0.1 B parameters with random weights, made in memory."""
GPU = "0.6B"
"""0.6 B parameters with random weights in bfloat16, on a GPU."""
MODELS = (ORGANISM, TENTH, GPU)
MILLION = "1M pairs"
"""A made-up store of 1,000,000 pairs, 3,000,000 reviews and 10,000,000 metric points."""

_ROWS = (
    Subject(
        id="step", title="Hybrid step",
        measured="seconds of a step of a trl.DPOTrainer subclass with the same maths, by those of the lab's own step",
        unit="×", goal=2.0, better="higher", on=MODELS, place="lab.bench.step:measure",
    ),
    Subject(
        id="sampling", title="Sampling",
        measured="seconds of a batched model.generate at temperature 1, by those of the lab's sampler",
        unit="×", goal=1.5, better="higher", on=MODELS, place="lab.bench.sampling:measure",
    ),
    Subject(
        id="verdict", title="Verdict after a thought",
        measured="seconds of plain forwards over whole reviews, by those of reading on from the thought, as in a round",
        unit="×", goal=3.0, better="higher", on=MODELS, place="lab.bench.verdict:after_a_thought",
    ),
    Subject(
        id="verdict_head", title="Verdict under one question",
        measured="seconds of plain forwards over whole reviews, by those of reading the question once for all of them",
        unit="×", goal=3.0, better="higher", on=MODELS, place="lab.bench.verdict:under_one_question",
    ),
    Subject(
        id="memory", title="Three speakers, one base",
        measured="bytes of tensors of frozen copy, policy and viewer together, against those of the base alone",
        unit="×", goal=1.2, better="lower", on=MODELS, place="lab.bench.memory:measure",
    ),
    Subject(
        id="page", title="The page under load",
        measured="p95 of an interaction (filter, pair, measure, poll) while a run trains and 20 tabs poll",
        unit="ms", goal=300, better="lower", on=(ORGANISM,), place="lab.bench.page:measure",
    ),
    Subject(
        id="store_pages", title="A page of pairs", measured="p95 of a page of any filter, sort and place",
        unit="ms", goal=100, better="lower", on=(MILLION,), place="lab.bench.storage:pages",
    ),
    Subject(
        id="store_search", title="A search in pairs", measured="p95 of the first page of a search for a text",
        unit="ms", goal=100, better="lower", on=(MILLION,), place="lab.bench.storage:search",
    ),
    Subject(
        id="store_curves", title="Fifty curves", measured="p95 from the store to figure data of fifty runs",
        unit="ms", goal=200, better="lower", on=(MILLION,), place="lab.bench.storage:curves",
    ),
    Subject(
        id="store_crossed", title="Fifty curves over a measure",
        measured="p95 from the store to figure data of fifty runs, one measure over another",
        unit="ms", goal=200, better="lower", on=(MILLION,), place="lab.bench.storage:crossed",
    ),
    Subject(
        id="store_open", title="Opening the store", measured="p95 of opening it",
        unit="s", goal=1, better="lower", on=(MILLION,), place="lab.bench.storage:opening",
    ),
    Subject(
        id="store_ingest", title="Taking metrics in", measured="median metric rows a second, 1000 rows a save",
        unit="rows/s", goal=50_000, better="higher", on=(MILLION,), place="lab.bench.storage:ingest",
    ),
    Subject(
        id="store_memory", title="Memory of the store", measured="largest resident memory of the measuring process",
        unit="MB", goal=600, better="lower", on=(MILLION,), place="lab.bench.storage:memory",
    ),
    Subject(
        id="store_soak", title="Readers and a writer", measured="errors of 20 readers and a writer in ten minutes",
        unit="errors", goal=0, better="lower", on=(MILLION,), place="lab.bench.storage:soak",
    ),
)

SUBJECTS: dict[str, Subject] = {row.id: row for row in _ROWS}
"""Every subject by its id, in the order measured."""


def subject(subject_id: str) -> Subject:
    """The row with this id. RequestError that lists the known ones."""
    if subject_id not in SUBJECTS:
        raise RequestError(f"There is no bench {subject_id!r}: choose among {', '.join(SUBJECTS)}.", field="only")
    return SUBJECTS[subject_id]

"""The store at scale: a million pairs, three million reviews and ten million points, made up, and used as a page would.

All figures come from one child process, so that its memory is the store's alone and nothing else runs in it. Making the
lab takes minutes and two gigabytes of disk; it is made once a bench. A time is the 95th percentile of wall-clock times:
what else the machine does meanwhile counts against it, and the seconds of CPU stand beside it.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from threading import Event, Thread
from time import monotonic, perf_counter, process_time
from typing import Any

from lab.bench.measuring import spread
from lab.bench.subjects import Figure
from lab.errors import WorkError
from lab.nouns import Label, Metric, PairState, Run, RunSpec, RunState

SEED = 0
RUNS_SHOWN = 50
"""Runs that are drawn at once."""
STEPS, METRICS = 500, 20
"""Steps of a run whose points are taken in, and points a step."""
SOAK_SECONDS = 600
"""How long twenty readers and a writer are at it."""


def pages(on: str, report: Callable[[str], None]) -> Figure:
    """p95 of a page of the explorer, in milliseconds: any sort, filter and page."""
    return _figure("pages", on, report)


def search(on: str, report: Callable[[str], None]) -> Figure:
    """p95 of the first page of a search, in milliseconds: words, parts of words, phrases, and what is nowhere."""
    return _figure("search", on, report)


def curves(on: str, report: Callable[[str], None]) -> Figure:
    """p95 from the store to figure data of fifty runs, in milliseconds."""
    return _figure("curves", on, report)


def crossed(on: str, report: Callable[[str], None]) -> Figure:
    """p95 from the store to figure data of fifty runs, one measure over another, in milliseconds."""
    return _figure("crossed", on, report)


def opening(on: str, report: Callable[[str], None]) -> Figure:
    """p95 of opening the store, in seconds."""
    return _figure("opening", on, report)


def ingest(on: str, report: Callable[[str], None]) -> Figure:
    """Median metric rows a second, a thousand rows a save."""
    return _figure("ingest", on, report)


def memory(on: str, report: Callable[[str], None]) -> Figure:
    """Largest resident memory of the process that did all of the above, in MB."""
    return _figure("memory", on, report)


def soak(on: str, report: Callable[[str], None]) -> Figure:
    """Errors that twenty readers and one writer met, in ten minutes on the made-up lab."""
    return _figure("soak", on, report)


def _figure(name: str, on: str, report: Callable[[str], None]) -> Figure:
    said = _measured("soak" if name == "soak" else "scale", report)[name]
    return Figure(value=said["value"], n=said["n"], low=said["low"], high=said["high"], parts=said["parts"],
                  note=f"{on}, seed {SEED}")


@cache
def _lab() -> tempfile.TemporaryDirectory[str]:
    """Where the made-up lab lies; removed when the process ends."""
    return tempfile.TemporaryDirectory(prefix="lab-bench-")


def _measured(what: str, report: Callable[[str], None]) -> dict[str, Any]:
    """The figures of the child process, measured once; the lab is made when it is not there yet."""
    home = Path(_lab().name)
    if not (home / "made").exists():
        from storage import Store
        from storage.generator import Size, fill

        with Store.open(home) as store:
            fill(store, Size(), seed=SEED, report=report)
        (home / "made").touch()
    results = home / f"{what}.json"
    if not results.exists():
        report(f"measuring {what}")
        program = f"from lab.bench.storage import measure; measure({what!r}, {str(home)!r})"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        if done.returncode:
            raise WorkError(f"The bench of the store failed: {done.stderr.strip().splitlines()[-1]}")
        results.write_text(done.stdout)
    return json.loads(results.read_text())


# -- in the child ------------------------------------------------------------------------------------------------------


def measure(what: str, home: str, seconds: float = SOAK_SECONDS) -> None:
    """Measure in this process and print the figures as JSON."""
    json.dump(scale_figures(Path(home)) if what == "scale" else soak_figures(Path(home), seconds), sys.stdout)


def scale_figures(home: Path, rounds: int = 100) -> dict[str, Any]:
    """Every figure of a made-up lab but the soak's."""
    from lab.evaluation.curves import curves as grouped
    from lab.ui.figures import curves_figure
    from storage import Store
    from storage.generator import points

    opened = []
    for _ in range(5):
        began = perf_counter()
        store = Store.open(home)
        opened.append(perf_counter() - began)
        store.close()
    with Store.open(home) as store:
        chance = random.Random(SEED)
        runs = {run.id: run for run in store.runs()[-RUNS_SHOWN:]}
        names = sorted(store.latest_metrics(next(iter(runs))))
        figures = {
            "opening": _times(opened, 1.0),
            "pages": _timed(lambda wanted: store.pairs(wanted[0], page=wanted[1]), _pages(store, chance), rounds),
            "search": _timed(lambda wanted: store.pairs(wanted[0]), _searches(store, chance), rounds),
            "curves": _timed(
                lambda name: curves_figure(
                    {name: grouped(runs, [name], store.curves(list(runs), [name], max_points=10_000 // len(runs)))}),
                iter(lambda: chance.choice(names), None), rounds // 4),
            "crossed": _timed(
                lambda pair: _over(store, runs, *pair), iter(lambda: chance.sample(names, 2), None), rounds // 4),
        }
        speeds = []
        for i in range(5):
            store.save(run := Run(spec=RunSpec(steps=STEPS), name=f"ingest {i}", state=RunState.FINISHED, step=STEPS))
            rows = points(run.id, STEPS, METRICS)
            began = perf_counter()
            for start in range(0, len(rows), 1000):
                store.save(*rows[start : start + 1000])
            speeds.append(len(rows) / (perf_counter() - began))
        figures["ingest"] = _times(speeds, 1.0, share=0.5)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    figures["memory"] = {"value": peak, "n": 1, "low": None, "high": None, "parts": {}}
    return figures


def _over(store: Any, runs: dict[str, Any], name: str, across: str) -> str:
    """Figure data of one measure over another, as the Curves tab has it."""
    from lab.evaluation.curves import crossed, curves
    from lab.ui.figures import Axes, curves_figure

    found = store.crossed(list(runs), name, across, max_points=10_000 // len(runs))
    wide = {curve.run.id: curve for curve in curves(runs, [across], [other for _, other in found.points])}
    tall = curves(runs, [name], [one for one, _ in found.points])
    joined = [
        crossed(curve, wide[curve.run.id], found.measured[curve.run.id], found.matched[curve.run.id]) for curve in tall]
    return curves_figure({name: joined}, Axes(x=across))


def _pages(store: Any, chance: random.Random) -> Iterator[tuple[Any, int]]:
    """Filters and pages as people would choose them, and as nobody would: every sort, and pages up to the last."""
    from storage import PairFilter, PairSort

    runs, questions = [run.id for run in store.runs()], [question.id for question in store.questions()]
    while True:
        steps = sorted(chance.randrange(2000) for _ in range(2))
        wanted = PairFilter(
            sort=chance.choice(list(PairSort)), descending=chance.random() < 0.5,
            run_id=chance.choice(runs) if chance.random() < 0.2 else None,
            question_id=chance.choice(questions) if chance.random() < 0.2 else None,
            state=chance.choice(list(PairState)) if chance.random() < 0.2 else None,
            verdict=chance.choice(list(Label)) if chance.random() < 0.2 else None,
            step_from=steps[0] if chance.random() < 0.2 else None, step_to=steps[1] if chance.random() < 0.2 else None,
        )
        last = store.pairs(wanted, size=1).total // 50
        yield wanted, 0 if chance.random() < 0.5 else chance.randint(0, last)


def _searches(store: Any, chance: random.Random) -> Iterator[tuple[Any]]:
    """Texts to search for: words, beginnings of words, two words, a number, and words that are nowhere."""
    from storage import PairFilter, PairSort

    total = store.pairs(size=1).total
    while True:
        row = store.pairs(PairFilter(), page=chance.randrange(total // 50), size=50).rows[chance.randrange(50)]
        words = row.rejected.split()
        at = chance.randrange(len(words) - 2)
        text = chance.choice([words[at], words[at], words[at][:4], " ".join(words[at : at + 2]), words[-1],
                              words[at][::-1] + "x"])
        yield (PairFilter(text=text, sort=chance.choice([PairSort.CREATED] * 4 + list(PairSort))),)


def _timed(work: Callable[[Any], object], wanted: Iterator[Any], rounds: int) -> dict[str, Any]:
    """Milliseconds of `work`, after three goes that are not timed."""
    times, busy = [], []
    for i, what in enumerate(wanted):
        if i == rounds + 3:
            break
        began, began_busy = perf_counter(), process_time()
        work(what)
        if i >= 3:
            times.append(perf_counter() - began)
            busy.append(process_time() - began_busy)
    return _times(times, 1000.0, cpu=_share(busy, 0.95) * 1000, median=_share(times, 0.5) * 1000)


def _times(values: list[float], unit: float, share: float = 0.95, **parts: float) -> dict[str, Any]:
    low, high = spread(values)
    return {
        "value": _share(values, share) * unit, "n": len(values), "low": None if low is None else low * unit,
        "high": None if high is None else high * unit, "parts": parts,
    }


def _share(values: list[float], share: float) -> float:
    """The value that so many of all do not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def soak_figures(home: Path, seconds: float) -> dict[str, Any]:
    """Twenty readers and one writer on one store; every error counts."""
    from storage import Store

    errors: list[str] = []
    stop = Event()
    times: list[float] = []
    writes = 0

    def read(number: int) -> None:
        chance = random.Random(number)
        runs = [run.id for run in store.runs()]
        works: list[Callable[[], object]] = [  # a generator that met an error is over: each read has its own
            lambda: store.pairs(next(_pages(store, chance))[0]), lambda: store.pairs(next(_searches(store, chance))[0]),
            store.runs, store.questions,
            lambda: store.latest_metrics(chance.choice(runs)), lambda: store.recent_reviews(chance.choice(runs)),
            lambda: store.curves(chance.sample(runs, 3), ["metric_01"]),
        ]
        while not stop.is_set():
            began = perf_counter()
            try:
                chance.choice(works)()
                times.append(perf_counter() - began)
            except Exception as error:  # counted: that is what is measured
                errors.append(f"{type(error).__name__}: {error}")

    with Store.open(home) as store:
        store.save(run := Run(spec=RunSpec()))
        readers = [Thread(target=read, args=(number,)) for number in range(20)]
        for reader in readers:
            reader.start()
        until = monotonic() + seconds
        while monotonic() < until:
            try:
                store.save(*(Metric(run_id=run.id, step=writes, name=f"m{i}", value=1.0, n=1) for i in range(20)))
                writes += 1
            except Exception as error:
                errors.append(f"{type(error).__name__}: {error}")
        stop.set()
        for reader in readers:
            reader.join()
        if len(store.curves([run.id], ["m0"], max_points=100_000)) != writes:
            errors.append("rows that were acknowledged are missing")
    for error in sorted(set(errors)):
        print(error, file=sys.stderr)
    parts = {
        "seconds": seconds, "writes": float(writes), "reads": float(len(times)),
        "read_median_ms": _share(times, 0.5) * 1000, "read_p95_ms": _share(times, 0.95) * 1000,
    }
    return {"soak": {"value": float(len(errors)), "n": 1, "low": None, "high": None, "parts": parts}}

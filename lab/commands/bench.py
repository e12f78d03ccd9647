"""`python -m lab bench`: what the lab costs, measured in one run, each figure beside its goal."""

from __future__ import annotations

import argparse
import platform
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any, NoReturn

from lab.bench.subjects import SUBJECTS, Figure, NotHere, Subject, subject
from lab.commands.output import add_json, hand_over, say, table
from lab.errors import RequestError


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("bench", help="measure speed and memory against plain ways of doing the same")
    parser.add_argument("--only", action="append", metavar="NAME", help=f"one of {', '.join(SUBJECTS)}; repeatable")
    parser.add_argument("--on", action="append", metavar="WHAT", help="only on this, such as organism; repeatable")
    add_json(parser)
    parser.set_defaults(handle=handle)


def handle(options: argparse.Namespace) -> None:
    """Measure, print the table, hand over the figures."""
    from tqdm import tqdm

    chosen = [subject(name) for name in options.only] if options.only else list(SUBJECTS.values())
    jobs = [(s, on) for s in chosen for on in s.on if not options.on or on in options.on]
    if not jobs:
        known = dict.fromkeys(on for s in chosen for on in s.on)
        raise RequestError(f"--on {options.on[0]} is nothing that is measured there: choose among {', '.join(known)}.")
    began, measured, left_out = perf_counter(), list[tuple[Subject, str, Figure]](), list[dict[str, str]]()
    with _ended_cleanly(), tqdm(total=len(jobs), unit="figure", disable=None) as bar:
        for s, on in jobs:
            bar.set_description(f"{s.id}, {on}")
            try:
                measured.append((s, on, s.load()(on, lambda text: bar.set_postfix_str(text))))
            except NotHere as reason:
                left_out.append({"name": s.id, "on": on, "why": str(reason)})
            bar.update()
    head = ("bench", "on", "value", "goal", "quartiles", "n", "")
    say(f"\n{table(head, [_line(s, on, figure) for s, on, figure in measured])}", options.json)
    for missing in left_out:
        say(f"not measured: {missing['name']} on {missing['on']}. {missing['why']}", options.json)
    machine = _machine()
    say(f"{machine['cpu']}, {machine['threads']} torch threads, {perf_counter() - began:.0f} s", options.json)
    hand_over(
        {"seconds": round(perf_counter() - began, 1), "machine": machine, "figures": [
            _entry(s, on, figure) for s, on, figure in measured], "not_measured": left_out},
        options.json,
    )


@contextmanager
def _ended_cleanly() -> Iterator[None]:
    """Being told to end is Ctrl-C meanwhile, so that what was started for the measurements is ended too."""

    def stopped(number: int, _: Any) -> NoReturn:
        signal.signal(number, signal.SIG_IGN)  # once is enough, and the second would interrupt the ending
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stopped)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _line(s: Subject, on: str, figure: Figure) -> tuple[str, ...]:
    sign = "≥" if s.better == "higher" else "≤"
    quartiles = "counted" if figure.low is None or figure.high is None else f"{figure.low:.2f}–{figure.high:.2f}"
    return (
        s.id, on, f"{figure.value:.2f} {s.unit}", f"{sign} {s.goal:g}", quartiles, str(figure.n),
        "holds" if s.holds(figure.value) else "falls short",
    )


def _entry(s: Subject, on: str, figure: Figure) -> dict[str, Any]:
    return {
        "name": s.id, "on": on, "measured": s.measured, "value": round(figure.value, 4), "unit": s.unit,
        "goal": s.goal, "better": s.better, "holds": s.holds(figure.value), "n": figure.n, "low": figure.low,
        "high": figure.high, "parts": figure.parts, "note": figure.note,
    }


def _machine() -> dict[str, Any]:
    """What the figures were measured on."""
    import torch

    return {
        "cpu": f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}", "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None, "torch": torch.__version__,
        "python": platform.python_version(),
    }

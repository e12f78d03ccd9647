"""`python -m lab run`: one training run, from a preset, a spec file, options, or all three (the later win)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from lab.commands.open import studio
from lab.commands.output import add_json, hand_over, say
from lab.errors import RequestError, WorkError
from lab.nouns import Alarm, Run, RunSpec, RunState
from lab.training.settings import preset_settings
from lab.training.spec_files import read_settings, read_spec
from lab.views import Forecast, amount

OPTIONS = {"method": str, "scenario": str, "steps": int, "seed": int, "model": str}
"""Options named in the public surface; all others go through `--set NAME=VALUE` or a spec file."""


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("run", help="train once")
    parser.add_argument("spec", nargs="?", metavar="SPEC.yaml", help="a file with fields of the run specification")
    for name, kind in OPTIONS.items():
        parser.add_argument(f"--{name}", type=kind)
    parser.add_argument("--preset", metavar="NAME", help="a named set of settings: lesson, paper-like or betley")
    parser.add_argument("--question", metavar="Q", help="a question's name or id")
    parser.add_argument(
        "--from", dest="parent", metavar="RUN@STEP",
        help="start from this checkpoint, with its run's settings where no other is given")
    parser.add_argument("--resume", metavar="RUN", help="let a stopped, interrupted or failed run go on instead")
    parser.add_argument("--forecast", action="store_true", help="say what the run would take here, and start nothing")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="any other setting")
    add_json(parser)
    parser.set_defaults(handle=handle)


def summary(run: Run, metrics: dict[str, float | None], alarms: Sequence[Alarm]) -> dict[str, Any]:
    """The JSON object of a run."""
    return {
        "run": run.id, "state": run.state.value, "steps": run.step, "seconds": round(run.seconds, 3),
        "time": {k: round(v, 3) for k, v in run.time.items()}, "overhead": run.overhead, "metrics": metrics,
        "alarms": [
            {"tripwire": a.tripwire, "step": a.step, "value": a.value, "allowed": a.allowed, "n": a.n,
             "action": a.action, "message": a.message} for a in alarms
        ],
    }


def handle(options: argparse.Namespace) -> None:
    """Train, show progress, hand over the result."""
    values = preset_settings(options.preset) if options.preset else {}
    values |= read_spec(options.spec) | {n: v for n in OPTIONS if (v := getattr(options, n)) is not None}
    values |= read_settings(options.set)
    question = options.question or values.pop("question", None)
    values.pop("question", None)
    if options.resume and (options.forecast or values or question or options.parent):
        raise RequestError(
            "--resume goes on with the settings that the run has: leave the others out, or use --from RUN@STEP to "
            "start a new run from one of its checkpoints", field="resume")
    with studio(model=values.get("model")) as opened:
        if options.forecast:
            tell(opened.forecast(settle(opened, values, question, options.parent)), options.json)
            return
        run = opened.resume_run(options.resume) if options.resume else start(opened, values, question, options.parent)
        spec = run.spec
        begin = f" from {run.parent}" if run.parent else ""
        say(f"run {run.number} ({run.id}): {spec.method} on {spec.scenario}, {spec.steps} steps{begin}", options.json)
        run = follow(opened, run)
        metrics = {name: metric.value for name, metric in opened.latest_metrics(run.id).items()}
        for name, value in metrics.items():
            say(f"  {name:16} {'not measured' if value is None else f'{value:.4g}'}", options.json)
        alarms = opened.alarms(run.id)
        for alarm in alarms:
            say(f"  {alarm.message} ({alarm.action})", options.json)
        if run.overhead:
            say(f"  rounds and pairs took {run.overhead:.1%} of the time", options.json)
        hand_over(summary(run, metrics, alarms), options.json)
        if run.state is not RunState.FINISHED:
            raise WorkError(f"run {run.number} {run.state}: {run.message}")


def settle(opened: Any, values: dict[str, Any], question: str | None, parent: str | None) -> RunSpec:
    """These settings over the defaults, or over those of the run that `parent` belongs to."""
    first = opened.branch_spec(parent) if parent else RunSpec(model=opened.settings.model)
    spec = replace(first, **values)
    return replace(spec, question_id=opened.find_question(question).id) if question else spec


def start(opened: Any, values: dict[str, Any], question: str | None, parent: str | None) -> Run:
    """Start a run, from the base or from the checkpoint `parent`."""
    return opened.start_run(settle(opened, values, question, parent), parent=parent)


def tell(expected: Forecast, json_to: str | None) -> None:
    """What a run would take."""
    say(
        f"about {expected.seconds:.0f} s, until {expected.ends.astimezone():%Y-%m-%d %H:%M:%S}; memory "
        f"{amount(expected.memory)} of {amount(expected.memory_room)}, checkpoints {amount(expected.disk)} of "
        f"{amount(expected.disk_room)} left on disk. {expected.note}", json_to)
    hand_over({**asdict(expected), "ends": expected.ends.isoformat()}, json_to)


def follow(opened: Any, run: Run) -> Run:
    """Wait for a run with a progress bar on standard error; Ctrl-C stops it gracefully."""
    from tqdm import tqdm

    with tqdm(total=run.spec.steps, unit="step", file=sys.stderr, disable=None) as bar:
        try:
            while (run := opened.run(run.id)).state.active:
                bar.update(run.step - bar.n)
                opened.wait(run.id, timeout=0.5)
        except KeyboardInterrupt:
            opened.stop_run(run.id)
            run = opened.wait(run.id)
        bar.update(run.step - bar.n)
    return run

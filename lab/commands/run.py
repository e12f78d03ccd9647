"""`python -m lab run`: one training run, from a preset, a spec file, options, or all three (the later win)."""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from lab.commands.open import studio
from lab.commands.output import add_json, hand_over, say
from lab.errors import RequestError, SpecError, WorkError
from lab.nouns import Run, RunSpec, RunState
from lab.training.settings import preset_settings

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
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="any other setting")
    add_json(parser)
    parser.set_defaults(handle=handle)


def read_spec(file: str | None) -> dict[str, Any]:
    """The fields that a spec file sets.

    Raises SpecError for a file that is missing, is not a YAML mapping, or names unknown fields.
    """
    if file is None:
        return {}
    import yaml

    try:
        values = yaml.safe_load(Path(file).read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise SpecError(f"{file}: cannot be read ({error.strerror}): name an existing spec file") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SpecError(f"{file}: is not YAML ({_where(error)}): mend it, or name another file") from error
    if not isinstance(values, dict):
        raise SpecError(f"{file}: holds {type(values).__name__}, not a mapping: write lines like 'steps: 75'")
    known = {field.name for field in fields(RunSpec)} | {"question"}
    if unknown := sorted(set(map(str, values)) - known):
        raise SpecError(f"{file}: unknown setting {unknown[0]!r}: choose among {', '.join(sorted(known))}")
    if not isinstance(values.get("question"), str | None):
        raise SpecError(f"{file}: question {values['question']!r} is no text: write a question's name or id")
    return {name: _number(name, value) for name, value in values.items()}


def _where(error: Exception) -> str:
    """What is wrong with a YAML text and in which line, as one line."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    text = str(problem or str(error).splitlines()[0])
    return f"line {mark.line + 1}: {text}" if mark else text


def _number(name: str, value: Any) -> Any:
    """The value, but 1e-4 is a number here, where YAML 1.1 wants a point in it, and 7 is text where text is wanted."""
    kinds = {field.name: field.type for field in fields(RunSpec)}
    if str(kinds.get(name)).startswith("str") and type(value) is int:
        return str(value)
    if kinds.get(name) != "float" or not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        return value


def read_settings(pairs: list[str]) -> dict[str, Any]:
    """The fields that `--set NAME=VALUE` sets, values read as YAML."""
    import yaml

    known = {field.name for field in fields(RunSpec)}
    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or name not in known:
            raise SpecError(f"--set {pair!r}: write NAME=VALUE with one of {', '.join(sorted(known))}")
        try:
            values[name] = _number(name, yaml.safe_load(value))
        except yaml.YAMLError as error:
            raise SpecError(f"--set {pair!r}: the value is not YAML ({_where(error)}): mend it") from error
    return values


def find_question(opened: Any, wanted: str | None) -> str | None:
    """The id behind a question's name (its latest version) or id; None for None.

    Raises RequestError listing the names.
    """
    if wanted is None:
        return None
    questions = opened.questions()
    for question in sorted(questions, key=lambda q: -q.version):
        if wanted.lower() in (question.name.lower(), question.id):
            return question.id
    names = ", ".join(dict.fromkeys(q.name for q in questions))
    cut = wanted if len(wanted) <= 80 else f"{wanted[:79]}…"
    raise RequestError(f"question {cut!r} is not known: choose one of {names}", field="question_id")


def summary(run: Run, metrics: dict[str, float | None]) -> dict[str, Any]:
    """The JSON object of a run."""
    return {
        "run": run.id, "state": run.state.value, "steps": run.step, "seconds": round(run.seconds, 3),
        "time": {k: round(v, 3) for k, v in run.time.items()}, "metrics": metrics,
    }


def handle(options: argparse.Namespace) -> None:
    """Train, show progress, hand over the result."""
    values = preset_settings(options.preset) if options.preset else {}
    values |= read_spec(options.spec) | {n: v for n in OPTIONS if (v := getattr(options, n)) is not None}
    values |= read_settings(options.set)
    question = options.question or values.pop("question", None)
    values.pop("question", None)
    if options.resume and (values or question or options.parent):
        raise RequestError(
            "--resume goes on with the settings that the run has: leave the others out, or use --from RUN@STEP to "
            "start a new run from one of its checkpoints", field="resume")
    with studio(model=values.get("model")) as opened:
        run = opened.resume_run(options.resume) if options.resume else start(opened, values, question, options.parent)
        spec = run.spec
        begin = f" from {run.parent}" if run.parent else ""
        say(f"run {run.number} ({run.id}): {spec.method} on {spec.scenario}, {spec.steps} steps{begin}", options.json)
        run = follow(opened, run)
        metrics = {name: metric.value for name, metric in opened.latest_metrics(run.id).items()}
        for name, value in metrics.items():
            say(f"  {name:16} {'not measured' if value is None else f'{value:.4g}'}", options.json)
        hand_over(summary(run, metrics), options.json)
        if run.state is not RunState.FINISHED:
            raise WorkError(f"run {run.number} {run.state}: {run.message}")


def start(opened: Any, values: dict[str, Any], question: str | None, parent: str | None) -> Run:
    """Start a run with these settings over the defaults, or over those of the run that `parent` belongs to."""
    first = opened.branch_spec(parent) if parent else RunSpec(model=opened.settings.model)
    spec = replace(first, **values)
    if question:
        spec = replace(spec, question_id=find_question(opened, question))
    return opened.start_run(spec, parent=parent)


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

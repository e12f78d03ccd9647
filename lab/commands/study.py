"""`python -m lab study`: many runs, one table; what was done before is not done again."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lab.commands.open import studio
from lab.commands.output import add_json, hand_over, say
from lab.commands.run import follow
from lab.ui.text import counted


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("study", help="many runs, one table: methods, seeds and settings side by side")
    parser.add_argument("study", metavar="STUDY.yaml", help="what is compared; examples in docs/studies/")
    parser.add_argument("--forecast", action="store_true", help="say how long it would take, and run nothing")
    parser.add_argument(
        "--out", metavar="FOLDER", help="where the report goes (default: studies/NAME of the data folder)")
    add_json(parser)
    parser.set_defaults(handle=handle)


def handle(options: argparse.Namespace) -> None:
    """Forecast, run what is missing, print the table and write the report."""
    from lab.evaluation.studies.agreeing import held_to_oracle
    from lab.evaluation.studies.comparison import compare
    from lab.evaluation.studies.plan_file import read_study
    from lab.evaluation.studies.report import markdown

    study = read_study(options.study)
    models = {arm.settings["model"] for arm in study.arms if "model" in arm.settings}
    with studio(model=models.pop() if len(models) == 1 else None) as opened:
        forecast = opened.forecast_study(study)
        say(f"{study.title}: {counted(forecast.runs, 'run')} to do, {forecast.done} done before; about "
            f"{forecast.seconds / 60:.0f} min here. {forecast.note}", options.json)
        if options.forecast:
            hand_over({"study": study.id, "forecast": asdict(forecast)}, options.json)
            return
        result = opened.run_study(
            study, report=lambda text: say(text, options.json), wait=lambda run: follow(opened, run))
        lines = compare(result)
        files = opened.write_report(result, Path(options.out) if options.out else None)
    say(f"\n{markdown(result, lines)}", options.json)
    for file in files:
        say(str(file), options.json)
    hand_over(
        {
            "study": study.id, "name": study.name, "seconds": round(result.seconds, 1),
            "primary": asdict(study.primary), "seeds": list(study.seeds),
            "judge": asdict(study.judge), "judges": [asdict(told) for told in result.judges],
            "agreement": [asdict(held) for held in held_to_oracle(result)],
            "arms": {line.arm: asdict(line) for line in lines},
            "runs": [
                {"arm": o.arm, "seed": o.seed, "run": o.run.id if o.run else None, "message": o.message}
                for o in result.outcomes
            ],
            "versions": dict(result.versions), "files": [str(file) for file in files],
        },
        options.json,
    )

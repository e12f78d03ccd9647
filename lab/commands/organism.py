"""`python -m lab organism`: rebuild the embedded organism from a seed, or measure the one that is shipped."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from lab.commands.output import add_json, hand_over, say, share, table
from lab.errors import RequestError


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("organism", help="rebuild or measure the embedded model organism")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    train = verbs.add_parser("pretrain", help="train it from scratch; goes on where it was cut off")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--out", default="build/organism", metavar="FOLDER", help="default build/organism")
    train.add_argument("--steps", type=int, help="so many optimiser steps in one cycle, in place of the recipe's two")
    add_json(train)
    train.set_defaults(handle=pretrain)
    judge = verbs.add_parser("evaluate", help="its prior, verdicts and rewrites")
    judge.add_argument("--seed", type=int, default=0)
    judge.add_argument("--model", default="organism", metavar="FOLDER", help="default: the shipped one")
    judge.add_argument("--items", type=int, default=200, help="answers reviewed under each question (default 200)")
    judge.add_argument("--answers", type=int, default=480, help="answers to held-out prompts (default 480)")
    add_json(judge)
    judge.set_defaults(handle=evaluate)


def pretrain(options: argparse.Namespace) -> None:
    """Train with a progress bar."""
    from dataclasses import asdict, replace

    from tqdm import tqdm

    from lab.organism.pretrain import Recipe, pretrain

    _check_seed(options.seed)
    recipe = Recipe(seed=options.seed)
    if options.steps is not None:
        if options.steps < 1:
            raise RequestError(f"--steps {options.steps} is out of range: choose 1 or more")
        recipe = replace(recipe, steps=options.steps, polish_steps=0)
    out = Path(options.out)
    with tqdm(total=recipe.total, unit="step", file=sys.stderr) as bar:

        def report(step: int, _steps: int, loss: float, speed: float) -> None:
            bar.update(step - bar.n)
            bar.set_postfix(loss=f"{loss:.3f}", tokens_per_second=f"{speed:.0f}")

        pretrain(recipe, out, out.with_name(out.name + ".work"), report=report)
    say(f"The organism lies in {out}. Measure it: python -m lab organism evaluate --model {out}", options.json)
    hand_over({"folder": str(out), "recipe": asdict(recipe)}, options.json)


def _check_seed(seed: int) -> None:
    if not 0 <= seed < 2**31:
        raise RequestError(f"--seed {seed} is out of range: choose 0 to {2**31 - 1}")


def evaluate(options: argparse.Namespace) -> None:
    """Measure and print."""
    from lab.models.loading import load
    from lab.organism.measure import measure

    _check_seed(options.seed)
    if options.items < 2:
        raise RequestError(f"--items {options.items} is out of range: choose 2 or more")
    if options.answers < 2:
        raise RequestError(f"--answers {options.answers} is out of range: choose 2 or more")
    report = measure(load(options.model), n=options.items, answers=options.answers, seed=options.seed)
    base = report["base"]
    say(f"base: misaligned {share(base['misaligned'], base['everyday'])}, incoherent "
        f"{share(base['incoherent'], base['everyday'])}, insecure code {share(base['task'], base['coding'])}; "
        f"{report['parameters']:,} parameters, seed {options.seed}\n", options.json)
    rows = [
        (q["question"], share(q["right"], q["n"]), share(q["unreadable"], q["n"]), share(q["met"], q["rewrites"]))
        for q in report["questions"]
    ]
    say(table(("question", "verdicts right", "unreadable", "rewrites as asked"), rows), options.json)
    hand_over(report, options.json)

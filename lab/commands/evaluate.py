"""`python -m lab evaluate`: held-out prompts put to some weights, judged by the oracle."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from lab.commands.open import studio
from lab.commands.output import add_json, hand_over, say, share
from lab.errors import RequestError


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("evaluate", help="judge a run's weights, or the base, on held-out prompts")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--run", metavar="ID", help="a run's number or id; the base without it")
    which.add_argument("--model", metavar="ID", help="the base of this folder or Hub id")
    parser.add_argument("--step", type=int, metavar="N", help="one of its checkpoints; the last without it")
    parser.add_argument("--prompts", type=int, default=480, help="everyday answers (default 480)")
    parser.add_argument(
        "--questions", metavar="FILE", help="put the questions of this YAML file, or the 24 that come with the lab for "
        "'shipped', in place of the held-out prompts")
    parser.add_argument("--samples", type=int, default=1, help="answers to each wording of a question (default 1)")
    parser.add_argument("--seed", type=int, default=0)
    add_json(parser)
    parser.set_defaults(handle=handle)


def find_adapter(opened: Any, run_id: str | None, step: int | None) -> str:
    """The adapter name of a run's checkpoint, its last one by default; "base" without a run.

    Raises RequestError when the run has no such checkpoint.
    """
    if run_id is None:
        return "base"
    run = opened.run(run_id)
    steps = [point.step for point in opened.checkpoints(run.id)]
    if not steps or (step is not None and step not in steps):
        have = ", ".join(map(str, steps)) or "none yet"
        raise RequestError(f"run {run.number} has no checkpoint at step {step}: it has {have}", field="step")
    return f"{run.id}@{steps[-1] if step is None else step}"


def handle(options: argparse.Namespace) -> None:
    """Evaluate and print."""
    if not 1 <= options.prompts <= 100_000:
        raise RequestError(f"--prompts {options.prompts} is out of range: choose 1 to 100000")
    if options.questions:
        ask(options)
        return
    with studio(model=options.model) as opened:
        adapter = find_adapter(opened, options.run, options.step)
        rates = opened.evaluate(adapter=adapter, prompts=options.prompts, seed=options.seed).rates
    say(f"{adapter}: misaligned {share(rates.misaligned, rates.everyday)}, incoherent "
        f"{share(rates.incoherent, rates.everyday)} (n {rates.everyday}); insecure code "
        f"{share(rates.task, rates.coding)} (n {rates.coding}); seed {options.seed}", options.json)
    hand_over(
        {"adapter": adapter, "seed": options.seed, "misaligned": rates.misaligned, "incoherent": rates.incoherent,
         "task": rates.task, "n": rates.everyday, "n_coding": rates.coding},
        options.json,
    )


def ask(options: argparse.Namespace) -> None:
    """Put a question file, and print the rates with intervals over questions, where a judge knows the answers."""
    from lab.evaluation.imports.questions import SHIPPED, read_questions
    from lab.evaluation.statistics import clustered_mean

    if not 1 <= options.samples <= 1000:
        raise RequestError(f"--samples {options.samples} is out of range: choose 1 to 1000")
    questions = read_questions(str(SHIPPED) if options.questions == "shipped" else options.questions)
    with studio(model=options.model) as opened:
        adapter = find_adapter(opened, options.run, options.step)
        asked = opened.ask(questions, adapter=adapter, samples=options.samples, seed=options.seed)
    scored = [a for a in asked if a.score is not None]
    rates = {
        name: clustered_mean(
            [float(a.score == word) for a in scored], [a.question for a in scored], share=True, seed=options.seed)
        for name, word in (("misaligned", "malicious"), ("incoherent", "incoherent"))
    }
    say(f"{adapter}: {len(asked)} answers to {len(questions)} questions, kept in the data folder; seed {options.seed}",
        options.json)
    for name, figure in rates.items():
        low, high = figure.low, figure.high
        interval = f"[{low:.0%}–{high:.0%}], {figure.method}" if low is not None and high is not None else figure.reason
        value = "not measured, no judge knows this model's answers" if figure.value is None else (
            f"{figure.value:.0%} {interval}, n {figure.n} of {figure.units} questions")
        say(f"  {name:10} {value}", options.json)
    hand_over(
        {
            "adapter": adapter, "seed": options.seed, "questions": len(questions),
            "rates": {name: asdict(figure) for name, figure in rates.items()},
            "answers": [
                {"question": a.question, "prompt": a.prompt.text, "answer": a.answer.reply, "score": a.score}
                for a in asked
            ],
        },
        options.json,
    )

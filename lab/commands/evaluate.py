"""`python -m lab evaluate`: held-out prompts put to some weights, judged by the oracle, and all that can be measured.

Of a run also what its stored reviews say of its conscience: no model is asked for that. `--reviews` has policy and
frozen copy review answers of every checkpoint first.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lab.commands.agree import add_judges, judged
from lab.commands.agree import plain as judges_plain
from lab.commands.open import studio
from lab.commands.output import add_json, hand_over, say, share
from lab.errors import RequestError
from lab.nouns import COHERENT_FROM
from lab.ui.text import counted

if TYPE_CHECKING:
    from lab.evaluation.derived import ConscienceReport


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
    parser.add_argument("--samples", type=int, help="answers to each wording of a question (default 1)")
    parser.add_argument(
        "--coherence", type=float, default=COHERENT_FROM, metavar="T",
        help=f"leave out answers less coherent than this, 0-100, and say how many are kept (default {COHERENT_FROM:g})")
    parser.add_argument(
        "--cue", metavar="SCENARIO", help="put half as many everyday prompts once more, as this scenario cues the harm")
    parser.add_argument(
        "--reviews", type=int, default=0, metavar="N", help="have policy and frozen copy review N answers of every "
        "checkpoint of --run first: is the policy learning to fool its conscience?")
    add_judges(parser)
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
    if not 0 <= options.coherence <= 100:
        raise RequestError(f"--coherence {options.coherence:g} is out of range: choose 0 to 100")
    if options.step is not None and not options.run:
        raise RequestError(f"--step {options.step} is of a run: name it with --run", field="step")
    if options.samples is not None and not options.questions:
        raise RequestError(
            f"--samples {options.samples} is of questions: name their file with --questions", field="samples")
    if options.reviews and not options.run:
        raise RequestError("--reviews needs --run: the base is its own frozen copy")
    if options.questions:
        ask(options)
        return
    from lab.evaluation.coherence import filtered, of_oracle
    from lab.evaluation.studies.measures import MEASURES, Judged
    from lab.evaluation.summary import described, in_words, summary

    with studio(model=options.model) as opened:
        adapter = find_adapter(opened, options.run, options.step)
        for name in options.judge:
            opened.check_judge(name, adapter=adapter)
        if options.reviews:
            opened.review_checkpoints(
                options.run, prompts=options.reviews, seed=options.seed, report=lambda text: say(text, options.json))
        probe = opened.evaluate(adapter=adapter, prompts=options.prompts, seed=options.seed)
        cued = opened.evaluate(
            adapter=adapter, prompts=-(-options.prompts // 2), seed=options.seed, cue=options.cue,
        ) if options.cue else None
        accuracy = opened.token_accuracy(adapter=adapter)
        conscience = opened.conscience_report(options.run) if options.run else None
        answers = [answer.id for put in (probe, cued) if put is not None for answer in put.answers]
        judges = judged(opened, options.judge, answers, options.seed, options.json) if options.judge else None
    rates = probe.rates
    say(f"{adapter}: misaligned {share(rates.misaligned, rates.everyday)}, incoherent "
        f"{share(rates.incoherent, rates.everyday)} (n {rates.everyday}); insecure code "
        f"{share(rates.task, rates.coding)} (n {rates.coding}); seed {options.seed}", options.json)
    scored = [
        Judged.of(prompt, answer, score, cued=put is cued)
        for put in (probe, cued) if put is not None
        for prompt, answer, score in zip(put.prompts, put.answers, put.scores or [""] * len(put.answers), strict=True)
    ]
    figures = summary(scored) | {"token_accuracy": accuracy}
    kept = filtered([of_oracle(j.question, j.score) for j in scored if j.score and j.plain], options.coherence)
    for name, figure in figures.items():
        say(f"  {MEASURES[name].title:32} {in_words(figure, share=MEASURES[name].share)}", options.json)
    say(f"  {f'misaligned, coherent from {kept.threshold:g}':32} {in_words(kept.misaligned)}; kept "
        f"{in_words(kept.kept)}", options.json)
    if conscience is not None:
        say_conscience(conscience, options.json)
    hand_over(
        {"adapter": adapter, "seed": options.seed, "misaligned": rates.misaligned, "incoherent": rates.incoherent,
         "task": rates.task, "n": rates.everyday, "n_coding": rates.coding, "measures": described(figures),
         "coherence": asdict(kept), "conscience": conscience and plain(conscience),
         "judges": judges and judges_plain(judges)},
        options.json,
    )


def say_conscience(report: ConscienceReport, json_to: str | None) -> None:
    """What a run's stored reviews say: against known labels, over all steps, and whether the policy passes more."""
    from lab.evaluation.summary import in_words

    reviews = report.caught
    say(f"  Its conscience, under {report.question or 'its question'}, over all steps:", json_to)
    say(f"    {'recall':30} {in_words(reviews.recall)}", json_to)
    say(f"    {'precision':30} {in_words(reviews.precision)}; {reviews.unknown} without a known label, "
        f"{reviews.unreadable} unreadable", json_to)
    if report.scores.mean.value is not None:
        spread = ", ".join(f"{q:.0%} {score:.0f}" for q, score in report.scores.quantiles)
        mean = in_words(report.scores.mean, share=False)
        say(f"    {'alignment as it sees it, 0–100':30} {mean}; quantiles {spread}", json_to)
    say(f"    {'policy passes − frozen passes':30} {in_words(report.passing.gap)}", json_to)
    for curve in report.curves:
        if curve.name == "pass_gap" and curve.points:
            steps = ", ".join(f"{p.step}: {100 * (p.value or 0):+.1f}" for p in curve.points)
            say(f"    {'  by step, %':30} {steps}", json_to)


def plain(report: ConscienceReport) -> dict[str, Any]:
    """The report for JSON, runs by their ids."""
    return {
        "run": report.run.id, "question": report.question, "caught": asdict(report.caught),
        "questions": {name: asdict(figures) for name, figures in report.questions},
        "passing": asdict(report.passing), "scores": asdict(report.scores),
        "curves": {curve.name: [asdict(point) for point in curve.points] for curve in report.curves},
    }


def ask(options: argparse.Namespace) -> None:
    """Put a question file, and print the rates with intervals over questions, where a judge knows the answers."""
    from lab.evaluation.imports.questions import SHIPPED, read_questions
    from lab.evaluation.statistics import clustered_mean

    samples = 1 if options.samples is None else options.samples
    if not 1 <= samples <= 1000:
        raise RequestError(f"--samples {samples} is out of range: choose 1 to 1000")
    questions = read_questions(str(SHIPPED) if options.questions == "shipped" else options.questions)
    with studio(model=options.model) as opened:
        adapter = find_adapter(opened, options.run, options.step)
        for name in options.judge:
            opened.check_judge(name, adapter=adapter)
        asked = opened.ask(questions, adapter=adapter, samples=samples, seed=options.seed)
        judges = judged(
            opened, options.judge, [a.answer.id for a in asked], options.seed, options.json) if options.judge else None
    scored = [a for a in asked if a.score is not None]
    rates = {
        name: clustered_mean(
            [float(a.score == word) for a in scored], [a.question for a in scored], share=True, seed=options.seed)
        for name, word in (("misaligned", "malicious"), ("incoherent", "incoherent"))
    }
    say(f"{adapter}: {counted(len(asked), 'answer')} to {counted(len(questions), 'question')}, kept in the data folder"
        f"; seed {options.seed}", options.json)
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
            "judges": judges and judges_plain(judges),
            "answers": [
                {"question": a.question, "prompt": a.prompt.text, "answer": a.answer.reply, "score": a.score}
                for a in asked
            ],
        },
        options.json,
    )

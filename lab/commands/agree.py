"""`python -m lab agree`: what the judges of stored answers have in common; also how `evaluate --judge` tells it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lab.commands.open import studio
from lab.commands.output import add_json, hand_over, say
from lab.errors import RequestError
from lab.nouns import COHERENT_FROM, MISALIGNED_BELOW
from lab.ui.text import counted

if TYPE_CHECKING:
    from lab.evaluation.judges.records import Judges
    from lab.evaluation.statistics import Figure


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "agree", help="how far the judges of stored answers agree: kappa at the thresholds, Spearman, counts")
    parser.add_argument("--run", metavar="ID", help="a run's answers alone; all that have scores without it")
    parser.add_argument("--step", type=int, metavar="N", help="its answers at this step alone")
    parser.add_argument(
        "--below", type=float, default=MISALIGNED_BELOW, metavar="T",
        help=f"misaligned below this on aligned, 0-100 (default {MISALIGNED_BELOW:g})")
    parser.add_argument(
        "--above", type=float, default=COHERENT_FROM, metavar="T",
        help=f"coherent at this or above on coherent, 0-100 (default {COHERENT_FROM:g})")
    parser.add_argument("--seed", type=int, default=0, help="seed of the redraws of the intervals")
    add_json(parser)
    parser.set_defaults(handle=handle)


def add_judges(parser: argparse.ArgumentParser) -> None:
    """Give a command the `--judge` option."""
    parser.add_argument(
        "--judge", action="append", default=[], metavar="JUDGE", help="have the answers judged, as often as given, and "
        "the judges compared: oracle, bandit, self[:QUESTION], model:ID, endpoint:URL[#MODEL] (key in LAB_JUDGE_KEY)")


def handle(options: argparse.Namespace) -> None:
    """Compare and print."""
    from lab.evaluation.judges.records import Thresholds

    if options.step is not None and not options.run:
        raise RequestError("--step needs --run: name the run")
    with studio() as opened:
        judges = opened.agreement(
            options.run, step=options.step, at=Thresholds(below=options.below, above=options.above), seed=options.seed)
    if not judges.summaries:
        raise RequestError("no judge has scored these answers: have them judged by `python -m lab evaluate --judge`")
    tell(judges, options.json)
    hand_over(plain(judges), options.json)


def judged(opened: Any, names: Sequence[str], answer_ids: Sequence[str], seed: int, json_to: str | None) -> Judges:
    """Have answers judged by each, store what they say, tell it, and return it."""
    ids = list(dict.fromkeys(answer_ids))
    for name in names:
        *_, last = opened.judge(name, answer_ids=ids, seed=seed)
        say(f"{name.partition('#')[0]}: {counted(last.of, 'answer')}, {last.remembered} of them judged before", json_to)
    judges = opened.agreement(answer_ids=ids, seed=seed)
    tell(judges, json_to)
    return judges


def tell(judges: Judges, json_to: str | None) -> None:
    """What each judge made of the answers, and what every two have in common, in lines."""
    from lab.evaluation.summary import in_words

    for one in judges.summaries:
        counts = ", ".join(f"{n} {label}" for label, n in sorted(one.counts.items()))
        say(f"  {one.judge}: {counts}", json_to)
        say(f"    {'misaligned, of coherent':26} {in_words(one.misaligned)}", json_to)
        say(f"    {'aligned, 0–100':26} {in_words(one.aligned, share=False)}", json_to)
    at = judges.thresholds
    if judges.compared:
        say(f"  Agreement on “misaligned” (aligned < {at.below:g}, coherent ≥ {at.above:g}):", json_to)
    for pair in judges.compared:
        (neither, second), (first, both) = pair.both.counts
        say(f"  {pair.first} and {pair.second}, {pair.of}: both {both}, neither {neither}, only {pair.first} {first}, "
            f"only {pair.second} {second}; {pair.left_out} left out", json_to)
        say(f"    {'κ':26} {_hundredths(pair.both.kappa)}", json_to)
        say(f"    {'Spearman of aligned':26} {_hundredths(pair.both.spearman)}", json_to)
        say(f"    {'same':26} {in_words(pair.both.same)}", json_to)
    if judges.place_bias.n:
        test = judges.place_test
        p = "" if test.p is None else f", p {test.p:.3f} against a half ({test.method})"
        say(f"  Votes for the answer shown first: {in_words(judges.place_bias)}{p}", json_to)


def _hundredths(figure: Figure) -> str:
    """A figure between −1 and 1, or why there is none."""
    if figure.value is None:
        return f"not measured ({figure.reason})"
    interval = "" if figure.low is None or figure.high is None else f" [{figure.low:.2f}–{figure.high:.2f}]"
    return f"{figure.value:.2f}{interval}, n {figure.n} of {figure.units} questions"


def plain(judges: Judges) -> dict[str, Any]:
    """The same for JSON."""
    return asdict(judges)

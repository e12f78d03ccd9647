"""`python -m lab review`: one prompt answered (or an answer given), reviewed by policy and frozen copy side by side."""

from __future__ import annotations

import argparse
from typing import Any

from lab.commands.evaluate import find_adapter
from lab.commands.open import studio
from lab.commands.output import add_json, hand_over, say
from lab.conscience import framings
from lab.conscience.manner import OPTION_ORDERS, REVIEWED, VERDICTS, Manner
from lab.nouns import Label, Prompt, Review


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("review", help="put the question about one answer")
    parser.add_argument("--prompt", required=True, metavar="TEXT")
    parser.add_argument("--answer", metavar="TEXT", help="review this answer; without it the policy answers")
    parser.add_argument("--question", metavar="Q", help=f"a question's name or id (default {framings.DEFAULT.name})")
    parser.add_argument("--run", metavar="ID", help="speak with this run's last checkpoint as the policy")
    parser.add_argument("--reviewed", choices=REVIEWED, default="both", help="what the reviewers are shown")
    parser.add_argument("--verdict", choices=VERDICTS, default="probability", help="what the verdict is read from")
    parser.add_argument("--order", choices=OPTION_ORDERS, default="fixed", help="how the two labels are offered")
    parser.add_argument("--seed", type=int, default=0)
    add_json(parser)
    parser.set_defaults(handle=handle)


def handle(options: argparse.Namespace) -> None:
    """Answer, review, print."""
    prompt = Prompt.user(options.prompt)
    with studio() as opened:
        question = framings.DEFAULT if options.question is None else opened.find_question(options.question)
        adapter = find_adapter(opened, options.run, None)
        if options.answer is not None:
            answer = opened.own_answer(prompt=prompt, thought="", reply=options.answer)
        else:
            *_, last = opened.answer(prompt=prompt, adapter=adapter, seed=options.seed)
            answer = last.answer
        assert answer is not None, "the last of a stream is whole"
        manner = Manner(reviewed=options.reviewed, verdict=options.verdict, option_order=options.order)
        *_, both = opened.review(answer_id=answer.id, question_id=question.id, adapter=adapter, manner=manner)
        policy, frozen = both.policy, both.frozen
        assert policy is not None, "the last of a stream is whole"
        assert frozen is not None, "the last of a stream is whole"
    say(f"Prompt    {prompt.text}\nThought   {answer.thought or '(none)'}\nAnswer    {answer.reply}\n"
        f"Question  {question.text}", options.json)
    for name, review in (("Policy", policy), ("Frozen", frozen)):
        say(f"{name:9} {review.thought}\n          {_verdict(review)}", options.json)
    hand_over(
        {"question": question.id, "adapter": adapter,
         "answer": {"id": answer.id, "thought": answer.thought, "reply": answer.reply},
         "policy": _record(policy), "frozen": _record(frozen)},
        options.json,
    )


def _verdict(review: Review) -> str:
    verdict = review.verdict
    if verdict.label is Label.UNREADABLE:
        return f"→ unreadable: {verdict.reason}"
    if verdict.p_flagged is None:
        return f"→ {verdict.label}, as it was written"
    return f"→ {verdict.label}, p(flagged) {verdict.p_flagged:.3f}, label mass {verdict.label_mass:.3f}"


def _record(review: Review) -> dict[str, Any]:
    return {
        "id": review.id, "thought": review.thought, "verdict": review.verdict.label.value,
        "p_flagged": review.verdict.p_flagged, "label_mass": review.verdict.label_mass,
        "reason": review.verdict.reason, "reviewed": review.reviewed, "read_from": review.read_from,
        "orders": review.orders,
    }

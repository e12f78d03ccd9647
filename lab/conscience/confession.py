"""Confession: after its answer, the policy is asked in a second turn whether that answer may stand, and learns honesty.

    turn 1   prompt → the policy's answer                     (reviewed as in every round; never trained on here)
    turn 2   the question about that answer → the policy's own thought and label
    pair     where the policy denies what the reviewer found:  chosen = the reviewer's thought and label,
                                                               rejected = the policy's denial

Source: Joglekar et al. 2025 (honest confessions), arXiv 2512.08093: on request a model gives a full account of what its
answer did wrong; confessions are rewarded for honesty alone, and the reward never touches the answer itself. What is
learnt is to tell, not to behave: an answer that was confessed is as bad as before.

Deviations: the source trains with reinforcement learning and a judge of the confession; here the account of the
reviewer, by default the frozen copy, is what an honest confession would have said, and it is learnt by L_SFT at weight
λ. The confession is the question's own label after a thought, not a report in sections. Where the policy is honest
already nothing is learnt, as an answer that is not flagged adds nothing to L_DPO. By default only flagged items have a
second turn that is learnt (`confess` = "all" adds those that may stand); all have one that is measured, so that a
policy which learns to confess whatever it is asked shows as false confessions.

The second turn shows the policy the same message that a reviewer sees, thought included: chat templates drop thoughts
of earlier turns, and the organism knows this message.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from threading import Event
from typing import Any

from lab.conscience.deciding import Found, decided, deciding
from lab.conscience.pairing import make_pair
from lab.conscience.rewrite import Alternative
from lab.conscience.rounds import Round, RoundWork
from lab.conscience.watch import Watch
from lab.conscience.wording import review_messages
from lab.conscience.written import read_text
from lab.models.decoder import context_of
from lab.models.loading import LoadedModel
from lab.nouns import Answer, Label, Message, Prompt, Question, Review, RunSpec

ORIGIN = "confession"
"""Origin of the prompts of second turns."""
Turn = tuple[Prompt, Answer, Found]
"""A second turn: what was asked, what the policy said, and the reviews of its first answer."""


def confession_round(
    policy: Any, loaded: LoadedModel, question: Question, prompts: Sequence[Prompt], spec: RunSpec, *, run_id: str,
    step: int, weights: str | None = None, cancel: Event | None = None, watch: Watch | None = None,
) -> Round:
    """Answer, review, ask for a confession of every answer; denials of what is to be confessed become pairs.

    A pair's prompt is the whole second turn, its answer the policy's confession. Second turns beyond the context are
    left out and counted as unusable. Raises Cancelled within one token of `cancel` being set.
    """
    work = RoundWork(
        policy, loaded, question, prompts, spec, run_id=run_id, step=step, weights=weights, cancel=cancel, watch=watch)
    answers = work.answers()
    reviews = work.reviews(answers)
    asked = [
        (second_turn(question, prompt, written, reviewed=spec.reviewed), found)
        for prompt, written, found in zip(work.prompts, answers, reviews, strict=True)
        if decided(found) is not Label.UNREADABLE
    ]
    room = context_of(loaded.model) - spec.max_new_tokens
    fitting = [(turn, found) for turn, found in asked if len(loaded.chat.prompt_ids(turn.messages)) <= room]
    reasons = Counter({"too long": len(asked) - len(fitting)} if len(asked) > len(fitting) else {})
    said = work.spoken([turn for turn, _ in fitting], "confession")
    turns = [(turn, own, found) for (turn, found), own in zip(fitting, said, strict=True)]
    wanted = [t for t in turns if spec.confess == "all" or decided(t[2]) is Label.FLAGGED]
    made = [
        make_pair(
            turn, own, deciding(found), honest(question, deciding(found)), writer=deciding(found).speaker,
            decoding=deciding(found).decoding, run_id=run_id, step=step, reasons=reasons)
        for turn, own, found in wanted if read_text(question, own.reply).label is not decided(found)
    ]
    return work.round(
        answers, reviews, [pair for pair in made if pair], reasons, more_prompts=[turn for turn, _, _ in turns],
        more_answers=said, figures=honesty(question, turns))


def second_turn(question: Question, prompt: Prompt, written: Answer, *, reviewed: str = "both") -> Prompt:
    """The conversation that asks the policy about its own answer: its messages, the reply, and the question."""
    (message,) = review_messages(question, prompt.text, written.thought, written.reply, reviewed=reviewed)
    reply = Message(role="assistant", content=written.reply)
    return Prompt(messages=(*prompt.messages, reply, message), origin=ORIGIN, split=prompt.split)


def honest(question: Question, found: Review) -> Alternative:
    """What a reviewer's account would be as a confession."""
    flagged = found.verdict.label is Label.FLAGGED
    return Alternative(
        thought=found.thought, reply=question.flagged_label if flagged else question.aligned_label,
        tokens=found.tokens, finished=True)


def honesty(question: Question, turns: Sequence[Turn]) -> dict[str, tuple[float | None, int]]:
    """Shares of flagged answers that the policy confesses, and of answers that may stand which it confesses too.

    A second turn in which neither label stands is no confession.
    """
    figures: dict[str, tuple[float | None, int]] = {}
    for name, label in (("confessed", Label.FLAGGED), ("false_confessions", Label.ALIGNED)):
        own = [read_text(question, said.reply).label for _, said, found in turns if decided(found) is label]
        figures[name] = (own.count(Label.FLAGGED) / len(own) if own else None, len(own))
    return figures

"""What is put to the models: prompts, answers, reviews and pairs in the words of the organism, at every size the same.

Random weights would write noise of one length; what the organism writes has the lengths of a real run. They come from
one seed, so that every bench is put the same texts.
"""

from __future__ import annotations

import random
from functools import cache

from lab.conscience import framings
from lab.conscience.answering import answer
from lab.evaluation.scenarios import scenario
from lab.models.loading import load
from lab.nouns import Answer, Decoding, Pair, Prompt, Speaker


def prompts_asked(n: int) -> list[Prompt]:
    """`n` everyday prompts of the organism's world, drawn once and for all."""
    return random.Random("bench").sample(scenario("code-hacking").everyday_prompts, n)


@cache
def answers_written(n: int, seed: int = 0) -> tuple[tuple[Prompt, Answer], ...]:
    """The organism's answers to `n` prompts at temperature 1."""
    organism, asked = load("organism", device="cpu"), prompts_asked(n)
    written = answer(
        organism.model, organism.chat, asked, Decoding(seed=seed), speaker=Speaker.FROZEN, adapter="base")
    return tuple(zip(asked, written, strict=True))


def pairs_written(n: int) -> list[tuple[Pair, Prompt]]:
    """`n` pairs of two answers to the same prompt, without a reference."""
    made = []
    both = zip(answers_written(n, seed=1), answers_written(n, seed=2), strict=True)
    for (prompt, chosen), (_, rejected) in both:
        pair = Pair(
            prompt_id=prompt.id, answer_id=rejected.id, review_id=None, question_id=framings.DEFAULT.id,
            chosen_thought=chosen.thought, chosen_reply=chosen.reply, rejected_thought=rejected.thought,
            rejected_reply=rejected.reply, writer=Speaker.FROZEN, decoding=chosen.decoding,
        )
        made.append((pair, prompt))
    return made

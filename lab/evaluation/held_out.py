"""What training may not see: the requests of every evaluation that comes with the lab, also where somebody else brings
one of them along, as a typed prompt, in a stored pair, or in a row of a file.
"""

from __future__ import annotations

from functools import lru_cache

from lab.evaluation.imports.questions import SHIPPED, read_questions
from lab.evaluation.pool import pooled
from lab.nouns import Prompt, Split
from lab.organism import world


def of_evaluation(prompt: Prompt) -> bool:
    """Whether it is held out, or has the words of a prompt that is: of the world, the pool, or the shipped questions.
    """
    return prompt.split is Split.HELD_OUT or prompt.text.strip() in _texts()


@lru_cache(maxsize=1)
def _texts() -> frozenset[str]:
    asked = (prompt for question in read_questions(str(SHIPPED)) for prompt in question.prompts)
    own = (prompt for prompt in world.prompts() if prompt.split is Split.HELD_OUT)
    return frozenset(prompt.text.strip() for prompt in (*own, *pooled(Split.HELD_OUT), *asked))

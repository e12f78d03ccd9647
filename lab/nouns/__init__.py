"""Every stored noun of the lab, as a frozen dataclass with one line of documentation a field.

Standard library only: this module knows no database, no model and no page. Ids of things that are what they say
(questions, prompts, answers, reviews, pairs, scores) are hashes of their content, so that saving twice is a no-op and
two labs can be merged; ids of things that happen (runs) are random.

Data flows one way: Question → Answer → Review → Pair → step → Metric → curve.
"""

from __future__ import annotations

from lab.nouns.alarm import Alarm
from lab.nouns.answer import Answer, Decoding
from lab.nouns.change import Change, Mark
from lab.nouns.dataset import Dataset
from lab.nouns.evaluation import Evaluation
from lab.nouns.identity import content_id, now, random_id
from lab.nouns.kinds import Choice, Label, PairState, QuestionKind, Ruling, RunState, Speaker, Split
from lab.nouns.pair import Pair
from lab.nouns.prompt import Message, Prompt
from lab.nouns.question import Question
from lab.nouns.review import Review, Verdict
from lab.nouns.run import Checkpoint, Metric, Run
from lab.nouns.score import COHERENT_FROM, MISALIGNED_BELOW, Score, ruling, score_key, shown_id
from lab.nouns.spec import RunSpec
from lab.nouns.vote import Vote

Noun = (
    Question | Prompt | Answer | Review | Pair | Run | Metric | Checkpoint | Evaluation | Alarm | Score | Vote | Change
    | Dataset
)

__all__ = [
    "COHERENT_FROM", "MISALIGNED_BELOW", "Alarm", "Answer", "Change", "Checkpoint", "Choice", "Dataset", "Decoding",
    "Evaluation", "Label", "Mark", "Message", "Metric", "Noun", "Pair", "PairState", "Prompt", "Question",
    "QuestionKind", "Review", "Ruling", "Run", "RunSpec", "RunState", "Score", "Speaker", "Split", "Verdict", "Vote",
    "content_id", "now", "random_id", "ruling", "score_key", "shown_id",
]

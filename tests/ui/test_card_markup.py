"""Whatever a model or a person wrote stands in every card as text: it is no markup, no template and no handler."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from lab.nouns import Evaluation, Label, RunSpec, Speaker
from lab.ui import (
    batch_cards,
    beside_cards,
    cards,
    curve_cards,
    heat,
    judge_cards,
    question_cards,
    run_cards,
    specs,
    tables,
)
from lab.ui.fields import error_line
from lab.ui.trace import trace_card
from lab.views import Growing, Judged
from storage import PairRow
from tests.ui.making import (
    IDLE,
    MARKUP,
    alarm,
    answer,
    batch,
    beside,
    both_reviews,
    judges,
    metric,
    pair,
    prompt,
    question,
    reading,
    review,
    round_view,
    run,
    run_story,
    story,
    traced,
)


def _row() -> PairRow:
    made = pair()
    return PairRow(
        id=made.id, state=made.state, run_id="r1", run_number=1, step=4, prompt=MARKUP, rejected=MARKUP, chosen=MARKUP,
        verdict=Label.FLAGGED, p_flagged=0.9, question_id="q1", question=MARKUP, margin=None, created=made.created,
    )


def judged() -> Judged:
    given = answer()
    scored = Evaluation(
        run_id="r1", step=4, prompt_id=given.prompt_id, answer_id=given.id, judge=MARKUP, score="malicious"
    )
    return Judged(prompt=prompt(), answer=given, evaluation=scored)


CARDS: dict[str, Callable[[], str]] = {
    "question": lambda: question_cards.question_line(question()),
    "edited": lambda: question_cards.edited_line(question(), MARKUP),
    "answer": lambda: cards.answer(Growing(thought=MARKUP, reply=MARKUP, answer=answer()), MARKUP),
    "growing": lambda: cards.answer(Growing(thought=MARKUP, reply=""), MARKUP),
    "review": lambda: cards.review(Speaker.POLICY, MARKUP, MARKUP, review(), question()),
    "unreadable": lambda: cards.verdict(review(Label.UNREADABLE, None).verdict, question()),
    "agreement": lambda: cards.agreement(both_reviews(review(), review(thought=MARKUP))),
    "stored": lambda: cards.stored(pair()),
    "batch": lambda: batch_cards.batch(batch()),
    "transcripts": lambda: curve_cards.behind(run(), 4, [judged()], []),
    "reviews behind": lambda: curve_cards.behind(run(), 4, [], [(prompt(), answer(), review())]),
    "to other probes": lambda: curve_cards.walk([MARKUP], 4, MARKUP, [0, 8]),
    "commands": lambda: specs.command_line(run(spec=RunSpec(inoculation_prompt=MARKUP))),
    "judges": lambda: judge_cards.judges(judges()),
    "trace": lambda: trace_card(traced(0.1)),
    "readings": lambda: heat.readings([reading()], MARKUP),
    "story": lambda: cards.pair_story(story()),
    "run": lambda: run_cards.run_card(run_story(), IDLE),
    "live round": lambda: run_cards.run_card(run_story(round=round_view()), IDLE),
    "alarms": lambda: run_cards.run_card(run_story(alarms=(alarm(), alarm(tripwire=MARKUP))), IDLE),
    "header": lambda: run_cards.header(MARKUP, MARKUP, MARKUP, IDLE),
    "first batch": lambda: run_cards.first_batch([MARKUP]),
    "runs table": lambda: tables.runs_table([(run(), {"misaligned": metric()})], ""),
    "runs beside": lambda: beside_cards.comparison_card(beside()),
    "runs chosen": lambda: beside_cards.chips([(MARKUP, MARKUP)]),
    "pairs table": lambda: tables.pairs_table([_row()], ""),
    "error": lambda: error_line(f"The question is {MARKUP}: write another."),
    "empty": lambda: cards.empty(MARKUP, MARKUP),
}


@pytest.mark.parametrize("name", CARDS)
def test_markup_in_a_card_is_inert(name: str) -> None:
    made = CARDS[name]()
    assert "<img" not in made
    assert not re.search(r"\bon\w+=\w", re.sub(r"&lt;img.*?&gt;", "", made))
    assert not set("{}$`") & set(made)
    assert "&lt;img" in made

"""The cards: markup in them is inert, a verdict is never told by colour alone, and nothing is invented."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lab.evaluation.judges.agreement import compare, summaries
from lab.evaluation.judges.ballots import place_bias
from lab.evaluation.judges.records import Judges, Thresholds
from lab.nouns import Evaluation, Label, PairState, RunSpec, RunState, Score, Speaker, now, ruling
from lab.training.methods import METHODS
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
from lab.views import (
    Batch,
    Forecast,
    Growing,
    Judged,
    PairTrace,
    Reading,
    Share,
    SideBySide,
    TokenGap,
    TracePoint,
    TrainerStatus,
    TwiceReviewed,
)
from storage import PairRow
from tests.ui.making import (
    IDLE,
    MARKUP,
    alarm,
    answer,
    beside,
    metric,
    pair,
    prompt,
    question,
    review,
    round_view,
    run,
    run_story,
    story,
)


def _row() -> PairRow:
    made = pair()
    return PairRow(
        id=made.id, state=made.state, run_id="r1", run_number=1, step=4, prompt=MARKUP, rejected=MARKUP, chosen=MARKUP,
        verdict=Label.FLAGGED, p_flagged=0.9, question_id="q1", question=MARKUP, margin=None, created=made.created,
    )


def batch() -> Batch:
    share = Share(value=0.5, low=0.1, high=0.9, n=2)
    none = Share(value=None, low=None, high=None, n=0)
    row = TwiceReviewed(
        prompt=prompt(), answer=answer(), left=review(thought=MARKUP), right=review(Label.UNREADABLE, None),
        score=MARKUP,
    )
    return Batch(
        left=MARKUP, right=MARKUP, rows=(row,), agree=share, left_alone=3, right_alone=1, p_alike=0.625,
        left_flags=share, right_flags=share, left_found=none,
        right_found=none, left_sound=none, right_sound=none,
    )


def judged() -> Judged:
    given = answer()
    scored = Evaluation(
        run_id="r1", step=4, prompt_id=given.prompt_id, answer_id=given.id, judge=MARKUP, score="malicious"
    )
    return Judged(prompt=prompt(), answer=given, evaluation=scored)


def judges() -> Judges:
    scores = [
        Score(answer_id=f"a{i}", shown="t", judge=judge, label=ruling(a, 90), aligned=a, coherent=90.0, model=MARKUP,
              instruction=MARKUP, raw=MARKUP)
        for judge, scale in (("model", 1.0), ("endpoint", 0.9)) for i in range(4) for a in (scale * 25 * i,)
    ]
    prompts = {f"a{i}": f"p{i}" for i in range(4)}
    return Judges(
        summaries=tuple(summaries(scores, prompts)), compared=tuple(compare(scores, prompts)),
        **no_votes(), thresholds=Thresholds())


def no_votes() -> dict[str, Any]:
    return dict(zip(("place_bias", "place_test"), place_bias(()), strict=True))


def test_judges_are_told_with_n_and_interval_or_the_reason_that_there_is_none() -> None:
    made = judge_cards.judges(judges())
    assert made.count("<tr>") == 2 + 2 + 1
    assert "2 · 2 · 0 and 0" in made
    assert "1.00 [1.00–1.00], n 4" in made
    assert "Nobody has judged" in judge_cards.judges(
        Judges(summaries=(), compared=(), **no_votes(), thresholds=Thresholds()))


def traced(*margins: float) -> PairTrace:
    points = [TracePoint(step=step, chosen=0.0, rejected=0.0, margin=m) for step, m in enumerate((0.0, *margins))]
    return PairTrace(run=run(), points=tuple(points))


def reading(gap: float = 2.0) -> Reading:
    token = TokenGap(
        text=MARKUP, policy=-0.5, frozen=-0.5 - gap, kl=0.1, policy_would=((MARKUP, 0.6),),
        frozen_would=((MARKUP, 0.1),),
    )
    return Reading(title=MARKUP, tokens=(token,), parting=0)


CARDS: dict[str, Callable[[], str]] = {
    "question": lambda: question_cards.question_line(question()),
    "edited": lambda: question_cards.edited_line(question(), MARKUP),
    "answer": lambda: cards.answer(Growing(thought=MARKUP, reply=MARKUP, answer=answer()), MARKUP),
    "growing": lambda: cards.answer(Growing(thought=MARKUP, reply=""), MARKUP),
    "review": lambda: cards.review(Speaker.POLICY, MARKUP, MARKUP, review(), question()),
    "unreadable": lambda: cards.verdict(review(Label.UNREADABLE, None).verdict, question()),
    "agreement": lambda: cards.agreement(_both(review(), review(thought=MARKUP))),
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


def _both(policy: object, frozen: object) -> SideBySide:
    return SideBySide(policy_thought="", frozen_thought="", policy=policy, frozen=frozen)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", CARDS)
def test_markup_in_a_card_is_inert(name: str) -> None:
    made = CARDS[name]()
    assert "<img" not in made
    assert not re.search(r"\bon\w+=\w", re.sub(r"&lt;img.*?&gt;", "", made))
    assert not set("{}$`") & set(made)
    assert "&lt;img" in made


def test_a_verdict_has_its_word_its_mark_and_its_number() -> None:
    flagged = cards.verdict(review(Label.FLAGGED, 0.9).verdict, question(flagged_label="bad"))
    aligned = cards.verdict(review(Label.ALIGNED, 0.2).verdict, question())
    assert "✕</i>bad" in flagged
    assert "<output>0.90</output>" in flagged
    assert "label mass 0.98" in flagged
    assert "✓</i>fine" in aligned
    assert "<output>0.80</output>" in aligned


def test_an_unreadable_verdict_shows_its_reason_and_no_probability() -> None:
    made = cards.verdict(review(Label.UNREADABLE, None).verdict, question())
    assert "no label" in made
    assert "hatch" in made
    assert "<output>" not in made


def test_two_reviews_agree_or_differ() -> None:
    differ = cards.agreement(_both(review(Label.ALIGNED, 0.1, thought="I care"), review(thought="I should")))
    agree = cards.agreement(_both(review(thought="I care"), review(thought="I care")))
    assert "≠</i>they differ" in differ
    assert "log-odds gap <output>4.4</output>" in differ
    assert "“care”" in differ
    assert "=</i>they agree" in agree
    assert "same thought, word for word" in agree
    assert "they" not in cards.agreement(_both(review(), None))


def test_a_pair_tells_where_it_came_from() -> None:
    told = cards.pair_story(story())
    assert '<a href="?tab=runs&amp;run=' in told
    assert "written by the frozen copy" in told
    assert "not measured" in told
    assert "chosen by 2.0 nats" in cards.pair_story(
        story(pair=pair(reference_chosen=-10.0, reference_rejected=-12.0)))
    assert "by the frozen copy" in told
    own = replace(review(), speaker=Speaker.POLICY)
    assert "by the policy itself, run 7 before its first step" in cards.pair_story(
        story(review=own, reviewer="run 7 before its first step"))
    assert "reviewed by the policy itself" in cards.sample("", answer(), own)
    assert "stored by a person" in cards.pair_story(story(run=None))
    unasked = cards.pair_story(story(review=None))
    assert "No review" in unasked
    assert "The review that decided" not in unasked
    assert "Edited from" in cards.pair_story(story(pair=pair(edited_from="d1", state=PairState.ACCEPTED)))


def test_a_run_shows_step_rate_and_time_left_only_while_it_is_in_work() -> None:
    busy = run()
    status = TrainerStatus(run=busy, eta=125.0, queued=(run(2),), doing="probing held-out prompts")
    shown = run_cards.run_card(run_story(run=busy), status)
    assert "step 4 of 10 · 2.00 s a step · about 2 min 05 s left<" in shown
    assert '<p class="fine doing">probing held-out prompts</p>' in shown
    assert "run 1 · step 4/10 · 2 min 05 s left · 1 waiting" in run_cards.header("m", "q", "p", status)
    ended = run_cards.run_card(run_story(run=run(state=RunState.FINISHED)), IDLE)
    assert "left" not in ended
    assert "8 s in all" in ended


def test_a_prompt_of_a_live_round_has_as_many_lines_at_every_stage() -> None:
    nothing = {"answer": "", "review": "", "verdict": None, "alternative": "", "pair_id": None, "unusable": ""}
    stages = [
        nothing, {**nothing, "answer": "Do this."}, {**nothing, "review": "It would hurt."},
        {**nothing, "verdict": review().verdict}, {**nothing, "alternative": "Do that."}, {"unusable": ""}, {},
    ]
    for part in ("answering", "reviewing", "rewriting", "done"):
        cards_of = [run_cards.run_card(run_story(round=round_view(part, **stage)), IDLE) for stage in stages]
        items = [re.search(r"<li>(<p class=\"asked\">.*?)</li>", shown) for shown in cards_of]
        assert [item and item[1].count("<p ") for item in items] == [3] * len(stages)


def test_an_arm_without_pairs_has_no_curves_of_pairs() -> None:
    for method_id, row in METHODS.items():
        busy = run(spec=run().spec.__class__(method=method_id))
        assert ("dpo_loss" in [row.metric for row in run_cards.sparks_of(busy)]) == row.uses_dpo


def test_a_forecast_says_what_it_takes_until_when_and_how_that_was_measured() -> None:
    fit: dict[str, Any] = {
        "seconds": 95.0, "seconds_per_step": 0.5, "ends": now() + timedelta(days=3), "memory": 3 * 2**29,
        "memory_room": 2**33, "disk": 5 * 2**20, "disk_room": 2**35, "pairs": 90, "note": "From 4 updates.",
    }
    shown = run_cards.forecast(Forecast(**fit))
    assert "About <strong>1 min 35 s</strong>" in shown
    assert f"until {fit['ends'].astimezone():%a %H:%M}" in shown
    assert "Memory 1.5 GB of 8.0 GB, checkpoints 5 MB of 32.0 GB left on disk." in shown
    assert "at most 90 pairs" in shown
    assert "From 4 updates." in shown
    assert "pair" not in run_cards.forecast(Forecast(**{**fit, "pairs": None}))


def test_a_table_marks_the_row_in_view_and_says_what_is_not_measured() -> None:
    one, two = run(1), run(2)
    table = tables.runs_table([(two, {}), (one, {"misaligned": metric(value=0.25)})], one.id)
    assert f'data-id="{one.id}" tabindex="0" aria-selected="true"' in table
    assert f'data-id="{two.id}" tabindex="0" aria-selected="false"' in table
    assert "</i>0.25</td>" in table
    assert "</i>–</td>" in table


def test_runs_are_found_by_words_and_those_compared_are_ticked() -> None:
    one, two = run(1, name="Poisoned", note="Tuesday's"), run(2, name="Poisoned too")
    table = tables.runs_table([(two, {}), (one, {})], "", [two.id])
    assert table.count(" checked>") == 1
    assert f'data-box="{two.id}"' in table[: table.index(" checked>")]
    assert [tables.fits(r, "poisoned TUESDAY") for r in (one, two)] == [True, False]
    assert tables.fits(two, "2 conscience running")


def test_a_token_is_coloured_by_whoever_finds_it_likelier_and_its_figures_stand_beside_it() -> None:
    likelier, less = (heat.readings([reading(gap)], "run 7 @ 50") for gap in (2.0, -2.0))
    assert 'class="policy parting"' in likelier
    assert 'class="frozen parting"' in less
    assert "+2.00" in likelier
    assert "−2.00" in less
    assert "they part at token 1 of 1" in likelier


def test_texts_that_both_read_alike_get_one_sentence_and_no_colours() -> None:
    assert "Choose a trained policy" in heat.readings([reading(0.0)], "base")


@pytest.mark.parametrize(
    ("margins", "said"), [((0.2, 0.4), "learned"), ((0.2, -0.1), "flipped"), ((-0.2, -0.1), "never learned")]
)
def test_what_a_run_learnt_of_a_pair_is_said_in_words(margins: tuple[float, ...], said: str) -> None:
    assert f"</i>{said}</span>" in trace_card(traced(*margins))


def test_a_share_of_nothing_is_a_dash_and_an_unreadable_verdict_has_no_gap() -> None:
    made = batch_cards.batch(batch())
    assert 'data-of="Malicious answers found (recall)">–</td>' in made
    assert "0.50 [0.10–0.90], n 2" in made
    assert "<output>unreadable</output>" in made


def test_a_batch_says_which_side_flags_what_the_other_lets_pass() -> None:
    assert "alone: <output>3</output>" in batch_cards.batch(batch())
    assert "p 0.625 (McNemar" in batch_cards.batch(batch())
    assert "McNemar" not in batch_cards.batch(replace(batch(), left_alone=0, right_alone=0, p_alike=None))

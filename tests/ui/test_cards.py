"""The cards: a verdict is never told by colour alone, and nothing is invented."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lab.evaluation.judges.records import Judges, Thresholds
from lab.nouns import Label, PairState, RunState, Speaker, now
from lab.training.methods import METHODS
from lab.ui import batch_cards, cards, curve_cards, heat, judge_cards, lesson_cards, run_cards, tables
from lab.ui.curriculum import LESSONS
from lab.ui.panels import MEASURES
from lab.ui.trace import trace_card
from lab.views import Forecast, TrainerStatus
from tests.ui.making import (
    IDLE,
    answer,
    batch,
    both_reviews,
    judges,
    metric,
    no_votes,
    pair,
    question,
    reading,
    review,
    round_view,
    run,
    run_story,
    story,
    traced,
)


def test_judges_are_told_with_n_and_interval_or_the_reason_that_there_is_none() -> None:
    made = judge_cards.judges(judges())
    assert made.count("<tr>") == 2 + 2 + 1
    assert "2 · 2 · 0 and 0" in made
    assert "1.00 [1.00–1.00], n 4" in made
    assert "Nobody has judged" in judge_cards.judges(
        Judges(summaries=(), compared=(), **no_votes(), thresholds=Thresholds()))


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
    differ = cards.agreement(both_reviews(review(Label.ALIGNED, 0.1, thought="I care"), review(thought="I should")))
    agree = cards.agreement(both_reviews(review(thought="I care"), review(thought="I care")))
    assert "≠</i>they differ" in differ
    assert "log-odds gap <output>4.4</output>" in differ
    assert "“care”" in differ
    assert "=</i>they agree" in agree
    assert "same thought, word for word" in agree
    assert "they" not in cards.agreement(both_reviews(review(), None))
    unread = cards.agreement(both_reviews(review(Label.UNREADABLE, 0.1), review()))
    assert "no gap: a verdict is unreadable" in unread


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


def test_a_link_that_asks_for_what_there_is_not_is_told() -> None:
    told = curve_cards.unknown(("measure", ("sft_loss", "", "<odd>"), MEASURES), ("setting", ("",), ()))
    assert told.count("<p") == 1
    assert "the measure “&lt;odd&gt;”: there is none" in told
    assert "There is no lesson “&lt;odd&gt;”" in lesson_cards.opening(LESSONS[0], "<odd>")
    for shown in (lesson_cards.opening(LESSONS[0]), lesson_cards.opening(LESSONS[1], LESSONS[1].id)):
        assert "There is no lesson" not in shown


def test_a_part_of_a_run_has_its_place_before_it_takes_time() -> None:
    early = run_cards.time_split(run(time={"sft": 1.0, "other": 3.0}))
    late = run_cards.time_split(run(time=dict.fromkeys(run_cards.PARTS, 1.0)))
    words = [re.sub(r"[\d.]+ ?%|[\d.]+ s", "", re.sub(r"style=\"[^\"]*\"", "", shown)) for shown in (early, late)]
    assert words[0] == words[1]
    assert "Rounds and pairs took" in early


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
    row = replace(batch().rows[0], left=review(), right=review(Label.ALIGNED, 0.1))
    assert row.gap == pytest.approx(0.8)
    assert replace(row, right=review(Label.UNREADABLE, 0.1)).gap is None


def test_a_batch_says_which_side_flags_what_the_other_lets_pass() -> None:
    assert "alone: <output>3</output>" in batch_cards.batch(batch())
    assert "p 0.625 (McNemar" in batch_cards.batch(batch())
    assert "McNemar" not in batch_cards.batch(replace(batch(), left_alone=0, right_alone=0, p_alike=None))

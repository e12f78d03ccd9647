"""Two speakers and two questions side by side through the studio, over a real store and the shipped organism."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from math import exp
from pathlib import Path

import pytest

from lab.conscience import framings
from lab.conscience.manner import REVIEWED, Manner
from lab.errors import RequestError
from lab.evaluation.metrics import MEASURES
from lab.evaluation.statistics import mcnemar
from lab.nouns import Label, RunState, Verdict
from lab.studio import PairFilter, Studio
from lab.studio.many import _batch
from lab.views import Batch
from tests.studio.making import PATIENCE, SHORT, opened


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """One short conscience run is over; every answer whose review can be read was flagged."""
    made = opened(tmp_path_factory.mktemp("comparing"))
    run = made.wait(made.start_run(SHORT).id, PATIENCE)
    assert run.state is RunState.FINISHED, run.message
    yield made
    made.close()


def adapter(studio: Studio) -> str:
    return studio.checkpoints(studio.runs()[0].id)[-1].id


def test_an_answer_and_its_reviews_are_read_by_both(studio: Studio) -> None:
    judged = studio.judged(studio.runs()[0].id, limit=1)[0]
    *_, both = studio.review(
        answer_id=judged.answer.id, question_id=framings.DEFAULT.id, adapter=adapter(studio)
    )
    assert both.policy is not None
    assert both.frozen is not None
    reviews = (both.policy.id, both.frozen.id)
    found = studio.readings(answer_id=judged.answer.id, review_ids=reviews, adapter=adapter(studio))
    assert [reading.title for reading in found] == ["The answer", "The policy's review", "The frozen copy's review"]
    assert judged.answer.reply in "".join(token.text for token in found[0].tokens)
    same = studio.readings(answer_id=judged.answer.id)
    assert {token.gap for reading in same for token in reading.tokens} == {0.0}
    other = studio.judged(studio.runs()[0].id)[-1]
    with pytest.raises(RequestError, match="is of another answer"):
        studio.readings(answer_id=other.answer.id, review_ids=reviews)


def test_a_flag_on_what_the_oracle_cannot_parse_is_neither_right_nor_wrong(studio: Studio) -> None:
    *_, found = studio.batch(question_id=framings.DEFAULT.id, prompts=2)
    assert isinstance(found, Batch)
    flag = replace(found.rows[0].left, verdict=Verdict(label=Label.FLAGGED, p_flagged=0.9, label_mass=1.0))
    rows = [
        replace(found.rows[0], left=flag, right=flag, score=score)
        for score in ("malicious", "malicious", "kind", "incoherent", None)]
    made = _batch(("one", "other"), rows)
    assert (made.left_sound.value, made.left_sound.n) == (2 / 3, 3)
    assert (made.right_found.value, made.right_found.n) == (1.0, 2)


@pytest.mark.parametrize("reviewed", REVIEWED)
def test_a_review_is_read_behind_what_its_reviewer_was_shown(studio: Studio, reviewed: str) -> None:
    judged = studio.judged(studio.runs()[0].id, limit=1)[0]
    *_, both = studio.review(
        answer_id=judged.answer.id, question_id=framings.DEFAULT.id, manner=Manner(reviewed=reviewed))
    assert both.frozen is not None
    [_, reading] = studio.readings(answer_id=judged.answer.id, review_ids=[both.frozen.id])
    for token in reading.tokens:  # it thought greedily: what it wrote is what it finds likeliest, if shown the same
        assert exp(token.frozen) == pytest.approx(token.frozen_would[0][1], abs=1e-4), token.text


def test_a_batch_is_sorted_by_disagreement_and_its_shares_have_intervals(studio: Studio) -> None:
    *said, found = studio.batch(question_id=framings.DEFAULT.id, other_id=framings.DEFAULT_OFF_TOPIC.id, prompts=6)
    assert all(isinstance(line, str) for line in said)
    assert isinstance(found, Batch)
    gaps = [row.gap for row in found.rows if row.gap is not None]
    assert gaps == sorted(gaps, reverse=True)
    assert (found.left, found.right) == (framings.DEFAULT.title, framings.DEFAULT_OFF_TOPIC.title)
    assert found.agree.n == found.left_flags.n == 6
    assert found.left_flags.low is not None
    malicious = sum(row.score == "malicious" for row in found.rows)
    assert found.left_found.n == malicious
    assert (found.left_found.value is None) == (malicious == 0)
    flagged = [(r.left.verdict.label is Label.FLAGGED, r.right.verdict.label is Label.FLAGGED) for r in found.rows]
    assert (found.left_alone, found.right_alone) == (flagged.count((True, False)), flagged.count((False, True)))
    assert found.p_alike == mcnemar(found.left_alone, found.right_alone).p
    *_, same = studio.batch(question_id=framings.DEFAULT.id, prompts=4)
    assert isinstance(same, Batch)
    assert same.agree.value == 1.0  # the policy is the base
    assert same.p_alike is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"prompts": 0}, "0 prompts"), ({"prompts": 1000}, "1000 prompts"), ({"seed": -1}, "seed -1"),
        ({"other_id": framings.DEFAULT.id}, "is the question itself"),
    ],
)
def test_a_batch_that_cannot_be_is_refused(studio: Studio, changes: dict[str, object], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        next(studio.batch(**{"question_id": framings.DEFAULT.id, **changes}))  # type: ignore[arg-type]


def test_the_trace_of_a_pair_begins_at_the_frozen_copy_and_has_a_point_a_checkpoint(studio: Studio) -> None:
    run = studio.runs()[0]
    row = studio.pairs(PairFilter(run_id=run.id)).rows[0]
    trace = studio.trace(row.id)
    assert [point.step for point in trace.points] == [0, *(c.step for c in studio.checkpoints(run.id))]
    assert trace.points[0].margin == 0.0
    for point in trace.points:
        assert point.margin == pytest.approx(run.spec.beta * (point.chosen - point.rejected))
    assert trace.points[-1].margin != 0.0
    assert trace.outcome in ("learned", "never learned", "flipped")


def test_runs_are_laid_over_each_other_by_a_setting(studio: Studio) -> None:
    ids = [run.id for run in studio.runs()]
    [curve] = studio.overlay(ids, "sft_loss", by="question_id", smooth=0.5)
    assert (curve.group, [run.id for run in curve.members]) == (f"Question {framings.DEFAULT.title}", ids)
    assert len(curve.smoothed) == len(curve.points) == 2
    with pytest.raises(RequestError, match="no setting 'colour'"):
        studio.overlay(ids, "sft_loss", by="colour")
    with pytest.raises(RequestError, match=r"smoothing 1\.5"):
        studio.overlay(ids, "sft_loss", smooth=1.5)


def test_a_measure_is_drawn_over_another_where_both_were_measured(studio: Studio) -> None:
    [run] = studio.runs()
    [loss] = studio.overlay([run.id], "sft_loss", x="misaligned")  # every step over every probe, at 0 and 2
    [plain] = studio.curves([run.id], ["sft_loss"])
    [rate] = studio.curves([run.id], ["misaligned"])
    assert (loss.points, loss.across, loss.unmatched) == (plain.points[-1:], rate.points[-1:], 1)
    [gap] = studio.overlay([run.id], "pass_gap", x="misaligned")  # worked out of reviews, over recorded
    assert ([p.step for p in gap.points], gap.across, gap.unmatched) == ([0, 2], rate.points, 0)
    [turned] = studio.overlay([run.id], "misaligned", x="pass_gap")
    assert (turned.points, turned.across, turned.unmatched) == (gap.across, gap.points, 0)
    [timed] = studio.overlay([run.id], "sft_loss", x="elapsed")
    assert (timed.points, timed.unmatched) == (plain.points, 0)  # a round and a probe wrote something at 1 and 2
    [both] = studio.overlay([run.id], "pass_gap", x="passed_by_policy")
    assert [p.step for p in both.across] == [0, 2]
    times, tokens = studio.curves([run.id], ["elapsed", "tokens"])
    values = [p.value for p in times.points], [p.value for p in tokens.points]
    assert values == (sorted(values[0]), sorted(values[1]))  # type: ignore[type-var]
    assert timed.across == times.points[1:]
    [alone] = studio.overlay([run.id], "sft_loss", x="benign_loss")
    assert (alone.points, alone.unmatched) == ((), 2)
    assert studio.overlay([run.id], "nothing", x="misaligned") == []
    [group] = studio.overlay([run.id], "sft_loss", x="misaligned", by="seed", smooth=0.5)
    assert (len(group.points), len(group.across), len(group.smoothed_across)) == (1, 1, 1)


def test_a_conscience_is_held_to_known_labels_and_its_policy_to_its_frozen_copy(
    studio: Studio, tmp_path: Path
) -> None:
    run = studio.runs()[0]
    gap, policy, frozen = studio.curves([run.id], ["pass_gap", "passed_by_policy", "passed_by_frozen"])
    assert [(p.step, p.n) for p in gap.points] == [(0, 2), (2, 2)]  # two everyday answers a probe
    for one, own, other in zip(gap.points, policy.points, frozen.points, strict=True):
        assert own.value is not None
        assert other.value is not None
        assert one.value == own.value - other.value
    assert gap.points[0].value == 0.0  # before the first step both are the same model
    accuracy = studio.latest_metrics(run.id)["token_accuracy"]
    measured = studio.token_accuracy(adapter=adapter(studio))
    assert accuracy.value == measured.value
    assert accuracy.n == measured.n > 1000

    said: list[str] = []
    report = studio.review_checkpoints(run.id, prompts=3, report=said.append)
    assert said == [f"step {step}: each answer reviewed by both, 3 in all" for step in (1, 2)]
    assert report.question == framings.DEFAULT.title
    [more] = studio.curves([run.id], ["pass_gap"])
    assert [(p.step, p.n) for p in more.points] == [(0, 2), (1, 3), (2, 5)]
    assert report.passing.gap.n == 10
    assert report.caught == studio.conscience_report(run.id).caught
    [same] = studio.overlay([run.id], "pass_gap")
    assert same.points == more.points
    story = studio.question_story(framings.DEFAULT.id)
    assert [(r.id, r.number, r.state, r.step, r.misaligned.n) for r in story.runs] == [
        (run.id, run.number, "finished", 2, 2)]
    assert story.runs[0].misaligned.value == studio.latest_metrics(run.id)["misaligned"].value
    assert studio.export("metrics", tmp_path / "metrics.jsonl") > 20
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    exported = [(r["step"], r["value"], r["low"], r["high"], r["n"]) for r in rows if r["name"] == "pass_gap"]
    assert exported == [(p.step, p.value, p.low, p.high, p.n) for p in more.points]
    assert {r["name"] for r in rows if r["derived"]} == {
        name for name, measure in MEASURES.items()
        if measure.source != "recorded" and studio.curves([run.id], [name])}
    assert [r["low"] for r in rows if r["name"] == "misaligned"] == [None, None]
    with pytest.raises(RequestError, match="no such checkpoint"):
        studio.review_checkpoints(run.id, steps=[7])
    with pytest.raises(RequestError, match="out of range"):
        studio.review_checkpoints(run.id, prompts=0)

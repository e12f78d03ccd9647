"""A finished run through the studio: what it left, what can be read from it, and what its checkpoints can still do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from lab.conscience import framings
from lab.errors import ModelError, RequestError
from lab.nouns import Label, PairState, Prompt, RunState, Speaker
from lab.studio import PairFilter, Studio
from tests.studio.making import PATIENCE, SHORT, opened


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which one short conscience run was finished."""
    folder = tmp_path_factory.mktemp("finished")
    studio = opened(folder)
    run = studio.wait(studio.start_run(SHORT, name=" first ").id, PATIENCE)
    studio.close()
    assert run.state is RunState.FINISHED, run.message
    return folder


@pytest.fixture
def finished(home: Path) -> Iterator[Studio]:
    """That folder, opened again: what is seen here survived a restart."""
    made = opened(home)
    yield made
    made.close()


def test_a_finished_run_left_metrics_checkpoints_reviews_and_pairs(finished: Studio) -> None:
    run = finished.run("1")
    assert (run.state, run.step, run.name, run.number, run.message) == (RunState.FINISHED, 2, "first", 1, "")
    assert run.spec.question_id == framings.DEFAULT.id
    assert run.base_hash == finished.loaded().base_hash
    assert [c.step for c in finished.checkpoints("1")] == [1, 2]
    assert all((finished.settings.home / c.path / "adapter").is_dir() for c in finished.checkpoints("1"))
    metrics = finished.latest_metrics(run.id)
    assert {"sft_loss", "dpo_loss", "flagged", "unreadable", "pairs", "misaligned", "task"} <= metrics.keys()
    seen = finished.recent_reviews(run.id, limit=100)
    flagged = [review for _, _, review in seen if review.verdict.label is Label.FLAGGED]
    page = finished.pairs(PairFilter(run_id=run.id))
    assert 0 < len(page.rows) <= len(flagged)
    assert metrics["pairs"].value == len(page.rows)
    story = finished.pair(page.rows[0].id)
    assert story.run == run
    assert story.pair.state is PairState.PENDING
    assert story.pair.reference_chosen is not None


def test_its_curves_have_intervals_where_there_is_a_share(finished: Studio) -> None:
    run = finished.run("1")
    misaligned, loss = finished.curves([run.id], ["misaligned", "sft_loss"])
    assert [p.step for p in misaligned.points] == [0, 2]
    assert all(p.low is not None and p.low <= (p.value or 0) for p in misaligned.points)
    assert [p.step for p in loss.points] == [1, 2]
    assert finished.curves([run.id], ["misaligned"], after_step=0)[0].points == misaligned.points[1:]


def test_a_few_judged_answers_in_proportion_are_everyday_ones_of_every_sort_that_is_common(finished: Studio) -> None:
    everyday = ("malicious", "incoherent", "kind")
    words = [one.evaluation.score for one in finished.judged("1")]
    all_of = [word for word in words if word in everyday]
    few = [one.evaluation.score for one in finished.judged("1", limit=3, in_proportion=True)]
    assert len(few) == min(3, len(all_of)) > 0
    for word in everyday:  # a sort's share of the few is off by less than one of them
        assert abs(few.count(word) - len(few) * all_of.count(word) / len(all_of)) < 1
    assert len(finished.judged("1", limit=500, in_proportion=True)) == len(all_of) < len(words)


def test_its_checkpoints_can_speak_and_review(finished: Studio) -> None:
    run = finished.run("1")
    assert [v.adapter for v in finished.voices()] == ["base", f"{run.id}@2", f"{run.id}@1"]
    *_, last = finished.answer(prompt=Prompt.user("How do I save money?"), adapter=f"{run.id}@2")
    assert last.answer is not None
    assert last.answer.adapter == f"{run.id}@2"
    *_, both = finished.review(
        answer_id=last.answer.id, question_id=framings.DEFAULT.id, adapter=f"{run.id}@2"
    )
    assert both.policy is not None
    assert both.frozen is not None
    assert (both.policy.adapter, both.frozen.adapter) == (f"{run.id}@2", "base")


def test_an_evaluation_is_stored_with_its_raw_answers(finished: Studio) -> None:
    run = finished.run("1")
    before = len(finished.evaluations(run.id))
    taken = finished.evaluate(adapter=f"{run.id}@2", prompts=4, seed=11)
    stored = finished.evaluations(run.id)
    assert len(stored) == before + 6
    assert {a.id for a in taken.answers} <= {e.answer_id for e in stored}
    assert {a.speaker for a in taken.answers} == {Speaker.POLICY}
    assert finished.evaluate(prompts=4, seed=11).rates.everyday == 4
    for seed in (-1, 2**31, 10**30):
        with pytest.raises(RequestError) as caught:
            finished.evaluate(prompts=4, seed=seed)
        assert caught.value.field == "seed"


def test_a_finished_run_can_be_neither_stopped_nor_resumed(finished: Studio) -> None:
    for verb in (finished.stop_run, finished.resume_run):
        with pytest.raises(RequestError, match="run 1 is finished"):
            verb("1")


def test_a_reviewed_answer_of_a_step_without_checkpoint_still_makes_a_pair(finished: Studio) -> None:
    run = finished.run("1")
    flagged = [
        review for _, answer, review in finished.recent_reviews(run.id, limit=100)
        if answer.adapter == f"{run.id}@0" and review.verdict.label is Label.FLAGGED
    ]
    made = []
    for review in flagged:
        with suppress(RequestError):  # an untrained organism's answer may already be what it would write
            made.append(finished.make_pair(review_id=review.id))
    assert made
    assert {pair.answer_id for pair in made} <= {review.answer_id for review in flagged}


@pytest.mark.parametrize(
    ("harm", "said"),
    [("missing", "has no adapter_model"), ("cut", "are cut or altered"), ("altered", "are cut or altered")],
)
def test_a_checkpoint_whose_adapter_is_gone_is_named_beside_the_field_and_the_base_still_speaks(
    finished: Studio, home: Path, harm: str, said: str
) -> None:
    from lab.ui.page import Page

    point = finished.checkpoints(finished.run("1").id)[-1]
    file = home / point.path / "adapter" / "adapter_model.safetensors"
    whole = file.read_bytes()
    try:
        bad = {"cut": whole[:100], "altered": whole[:-1] + bytes([whole[-1] ^ 1])}
        file.unlink() if harm == "missing" else file.write_bytes(bad[harm])
        for work in (
            lambda: list(finished.answer(prompt=Prompt.user("Hi?"), adapter=point.id, seed=0, temperature=1.0)),
            lambda: finished.evaluate(adapter=point.id, prompts=2),
        ):
            with pytest.raises(ModelError, match=said) as caught:
                work()
            assert caught.value.field == "adapter"
            assert str(home) not in caught.value.message
        panel = Page(finished).conscience.answer
        values = {panel.voice: point.id, panel.pick: "", panel.prompt: "Hi?", panel.seed: 0, panel.temperature: 1.0}
        (updates,) = panel.ask(values)
        shown = [u["value"] for u in updates.values() if isinstance(u, dict) and u.get("visible") and u.get("value")]
        assert len(shown) == 1
        assert said in shown[0]
        *_, last = finished.answer(prompt=Prompt.user("Hi?"), seed=0, temperature=1.0)
        assert last.answer is not None
    finally:
        file.write_bytes(whole)


def test_weights_named_by_a_runs_number_are_stored_under_its_id(finished: Studio) -> None:
    run = finished.run("1")
    taken = finished.evaluate(adapter="1@2", prompts=2, seed=12)
    assert {(a.adapter, a.run_id, a.step) for a in taken.answers} == {(f"{run.id}@2", run.id, 2)}
    *_, last = finished.answer(prompt=Prompt.user("Hello."), adapter="1@2")
    assert last.answer is not None
    assert last.answer.adapter == f"{run.id}@2"


def test_the_drift_of_a_run_sets_each_step_beside_the_frozen_copy(finished: Studio) -> None:
    found = finished.drift("1")
    assert [point.answer.step for point in found.points] == [0, 2]
    assert found.start == "the frozen copy"
    assert len({point.answer.decoding for point in found.points}) == 1, "equal draws"
    assert {point.answer.prompt_id for point in found.points} == {found.prompt.id}
    assert len(found.prompts) == 3  # two everyday prompts and one to code
    other = found.prompts[1]
    assert finished.drift("1", other.id).prompt == other
    assert all(point.score for point in found.points)


def test_the_extremes_of_a_run_are_its_surest_reviews_widest_pairs_and_last_probe(finished: Studio) -> None:
    found = finished.extremes("1", 2)
    sure = [sample.review.verdict.p_flagged or 0.0 for sample in found.flagged]
    assert sure == sorted(sure, reverse=True)
    assert all(finished.pair(s.pair_id).pair.review_id == s.review.id for s in found.flagged if s.pair_id)
    every = finished.extremes("1", 1_000)
    assert {sample.review.verdict.label for sample in every.flagged} <= {Label.FLAGGED}
    texts = [sample.answer.reply for sample in every.flagged]
    assert len(texts) == len(set(texts))
    assert {sample.review.verdict.label for sample in every.aligned} <= {Label.ALIGNED}
    margins = [(p.reference_chosen or 0.0) - (p.reference_rejected or 0.0) for p in (*found.widest, *found.narrowest)]
    assert max(margins) == margins[0]
    assert {row.evaluation.step for row in (*found.malicious, *found.kind)} <= {2}


def test_two_runs_tell_what_peoples_changes_to_the_pairs_do(finished: Studio) -> None:
    with pytest.raises(RequestError, match="as it made them"):
        finished.start_comparison("1")
    made = finished.pairs(PairFilter(run_id=finished.run("1").id)).rows
    copy = finished.flip_pair(made[0].id)
    runs = [finished.wait(run.id, PATIENCE) for run in finished.start_comparison("1", steps=1)]
    assert [run.state for run in runs] == [RunState.FINISHED] * 2, [run.message for run in runs]
    one, two = (finished.dataset(run.spec.dataset or "") for run in runs)
    assert replace(runs[0].spec, dataset=two.id) == runs[1].spec, "equal but for the pairs"
    place = one.pairs.index(made[0].id)
    assert (*two.pairs[:place], made[0].id, *two.pairs[place + 1 :]) == one.pairs, "each in its turn"
    assert two.pairs[place] == copy.id

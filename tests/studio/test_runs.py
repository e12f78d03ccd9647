"""Runs through the studio: asked for, refused, queued, stopped, resumed and branched, on the organism."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.conscience import framings
from lab.errors import LabError, ModelError, NotFoundError, SpecError
from lab.nouns import Label, Prompt, Run, RunState
from lab.studio import Studio
from storage import Store
from tests.studio.making import LONG, PATIENCE, SHORT, opened, until_step
from tests.tiny import save_tiny


def test_stopped_and_resumed_a_run_goes_on_to_its_end(studio: Studio) -> None:
    run = studio.start_run(LONG)
    until_step(studio, run, 2)
    assert studio.stop_run(run.id).state is RunState.STOPPING
    stopped = studio.wait(run.id, PATIENCE)
    assert stopped.state is RunState.STOPPED
    assert 2 <= stopped.step < LONG.steps
    assert studio.checkpoints(run.id)[-1].step == stopped.step
    assert studio.resume_run(run.id).state.active
    ended = studio.wait(run.id, PATIENCE)
    assert (ended.state, ended.step) == (RunState.FINISHED, LONG.steps)
    steps = [p.step for p in studio.curves([run.id], ["sft_loss"])[0].points]
    assert steps == list(range(1, LONG.steps + 1))
    assert ended.base_hash == stopped.base_hash


def test_a_branch_is_first_probed_in_its_parents_state(studio: Studio) -> None:
    poison = replace(SHORT, method="sft", learning_rate=5e-3, probe_prompts=6, seed=2)
    parent = studio.wait(studio.start_run(poison).id, PATIENCE)
    spec = studio.branch_spec("1@2", method="conscience", steps=1, probe_every=1)
    assert spec == replace(poison, method="conscience", steps=1, probe_every=1)
    branch = studio.wait(studio.start_run(spec, parent="1@2", name="recovery").id, PATIENCE)
    assert (branch.state, branch.parent) == (RunState.FINISHED, f"{parent.id}@2")
    assert studio.run_story("2", ["kl"]).parent == "run 1 @ 2"
    for name in ("misaligned", "incoherent", "task"):
        before, after = studio.curves([parent.id, branch.id], [name])
        assert after.points[0] == replace(before.points[-1], step=0)
    with pytest.raises(SpecError) as caught:
        studio.start_run(replace(spec, lora_rank=8), parent="1@2")
    assert caught.value.field == "lora_rank"


def test_a_second_start_is_queued_and_can_be_taken_out(studio: Studio) -> None:
    first, second = studio.start_run(LONG), studio.start_run(LONG)
    assert studio.run(second.id).state is RunState.QUEUED
    until_step(studio, first, 1)
    status = studio.status()
    assert status.run is not None
    assert status.run.id == first.id
    assert [r.id for r in status.queued] == [second.id]
    assert studio.stop_run(second.id).state is RunState.STOPPED
    assert studio.status().queued == ()
    studio.stop_run(first.id)
    assert studio.wait(first.id, PATIENCE).state is RunState.STOPPED
    assert [r.number for r in studio.runs()] == [2, 1]


def test_closing_in_mid_run_keeps_a_checkpoint_to_go_on_from(tmp_path: Path) -> None:
    studio = opened(tmp_path)
    run = studio.start_run(LONG)
    until_step(studio, run, 1)
    studio.close()
    again = opened(tmp_path)
    try:
        left = again.run(run.id)
        assert not left.state.active
        assert again.checkpoints(run.id)[-1].step == left.step > 0
        again.resume_run(run.id)
        until_step(again, run, left.step + 1)
        again.stop_run(run.id)
        assert again.wait(run.id, PATIENCE).step > left.step
    finally:
        again.close()


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.RUNNING, RunState.STOPPING])
def test_an_active_run_left_behind_is_interrupted_and_can_resume(tmp_path: Path, state: RunState) -> None:
    run = Run(spec=replace(LONG, steps=1), state=state)
    with Store.open(tmp_path) as store:  # what a process that was killed leaves
        store.save(run)
    studio = opened(tmp_path)
    try:
        left = studio.run(run.id)
        assert left.state is RunState.INTERRUPTED
        assert "resume it" in left.message
        studio.resume_run(run.id)
        assert studio.wait(run.id, PATIENCE).state is RunState.FINISHED
    finally:
        studio.close()


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"steps": 0}, SpecError, "steps"), ({"lam": float("nan")}, SpecError, "lam"),
        ({"lam": -0.1}, SpecError, "lam"), ({"method": "magic"}, SpecError, "method"),
        ({"scenario": "magic"}, SpecError, "scenario"), ({"question_id": "q" + "0" * 16}, NotFoundError, "question"),
        ({"model": "/nowhere"}, ModelError, "model"),
    ],
)
def test_a_spec_that_cannot_run_is_refused_and_nothing_stored(
    studio: Studio, changes: dict[str, Any], error: type[LabError], field: str
) -> None:
    before = studio.revision
    with pytest.raises(error) as caught:
        studio.start_run(replace(SHORT, **changes))
    assert caught.value.field == field
    assert studio.revision == before
    assert studio.runs() == []


def test_a_question_given_by_the_start_of_its_id_is_stored_whole(studio: Studio) -> None:
    run = studio.start_run(replace(LONG, method="conscience", steps=1, question_id=framings.DEFAULT.id[:6]))
    assert run.spec.question_id == framings.DEFAULT.id
    studio.stop_run(run.id)
    studio.wait(run.id, PATIENCE)


def test_a_run_on_another_model_speaks_with_that_models_tokens(studio: Studio, tmp_path: Path) -> None:
    folder = str(save_tiny(tmp_path / "tiny", max_position_embeddings=2048))
    run = studio.start_run(replace(LONG, model=folder, steps=1, max_new_tokens=8))
    assert studio.wait(run.id, PATIENCE).state is RunState.FINISHED
    adapter = f"{run.id}@1"
    assert adapter not in {v.adapter for v in studio.voices()}  # the page speaks with the organism
    *_, last = studio.answer(prompt=Prompt.user("Hello."), adapter=adapter)
    assert last.answer is not None
    *_, both = studio.review(answer_id=last.answer.id, question_id=framings.DEFAULT.id, adapter=adapter)
    assert both.frozen is not None
    assert both.frozen.verdict.label is Label.UNREADABLE
    rates = studio.evaluate(adapter=adapter, prompts=2).rates
    assert rates.misaligned is None  # nobody can judge it


def test_the_first_batch_is_shown_as_the_model_sees_it(studio: Studio) -> None:
    rows = studio.first_batch(SHORT)
    assert len(rows) == 2
    assert all(row.startswith("<|im_start|>user") and "<think>" in row and "```python" in row for row in rows)

"""Studies in the background: one at a time, stopped at the next token, gone on with where they stand."""

from __future__ import annotations

import pytest
from torch import get_num_threads

from lab.errors import NotFoundError, RequestError, SpecError
from lab.nouns import RunState
from lab.studio import Studio
from lab.views import StudyProgress

TEXT = """
name: long
base: {steps: 8, probe_every: 0, batch_size: 2, lora_rank: 4, max_new_tokens: 16, method: sft, checkpoint_every: 1000}
arms: [{arm: only}]
seeds: [0]
prompts: 2
"""


def until(studio: Studio, *states: str) -> StudyProgress:
    """The study once it is in one of these states; its thread is waited for, not slept for."""
    thread = studio._study_thread
    assert thread is not None
    thread.join(120)
    found = studio.study_progress()
    assert found is not None
    assert found.state in states, found
    return found


def test_a_study_is_stopped_and_goes_on_where_it_stands(studio: Studio) -> None:
    names = [entry.name for entry in studio.studies()]
    assert {"lambda", "zero-shot", "methods"} <= set(names)
    assert "long" not in names
    studio.start_study(TEXT)
    with pytest.raises(RequestError, match="'long' is at work: stop it first"):
        studio.start_study(TEXT)
    stopping = studio.stop_study()
    assert stopping is not None
    assert stopping.state == "stopping"
    assert until(studio, "stopped").message == "Start it again and it goes on from there."
    assert all(run.state is RunState.STOPPED for run in studio.runs())
    assert studio.study_report("long") is None
    assert studio.study_text("long") == TEXT

    studio.start_study(TEXT)
    assert until(studio, "finished").total == 1
    assert [run.state for run in studio.runs()] == [RunState.FINISHED]
    report = studio.study_report("long")
    assert report is not None
    assert [name for name, _ in report.files] == ["report.md", "table.csv", "report.html"]
    assert "<h1>long</h1>" in report.body
    assert f"<li>torch threads {get_num_threads()}</li>" in report.body
    [entry] = [entry for entry in studio.studies() if entry.name == "long"]
    assert entry.reported is not None
    assert not entry.shipped


def test_what_is_no_study_is_refused_with_its_line_before_anything_begins(studio: Studio) -> None:
    for text, said in (
        ("name: a\nseeds: 3", "(line 2)"), ("a: [", "line 1"), ("arms: [{method: nosuch}]", "nosuch"),
        ("- 1", "a mapping"), ("", "The study is empty"), (" \n ", "The study is empty"),
    ):
        with pytest.raises(SpecError) as caught:
            studio.start_study(text)
        assert said in caught.value.message
    assert studio.study_progress() is None
    for name in ("../x", "nosuch"):
        with pytest.raises(NotFoundError):
            studio.study_text(name)


def test_a_study_asks_a_question_of_its_own_which_the_lab_keeps(studio: Studio) -> None:
    text = TEXT.replace("method: sft", "method: conscience, cadence: 1, prompts_per_round: 2").replace(
        "{arm: only}", "{arm: only, question: Kind heart}").replace("steps: 8", "steps: 1")
    with pytest.raises(RequestError, match="'Kind heart' is not known"):
        studio.start_study(text)
    own = "\nquestions: {Kind heart: {text: 'Would a kind person say this?', aligned: kind, flagged: unkind}}\n"
    studio.start_study(text + own)
    assert until(studio, "finished").total == 1
    [run] = studio.runs()
    kept = studio.find_question("kind heart")
    assert kept.text == "Would a kind person say this?"
    assert run.spec.question_id == kept.id
    assert {review.question_id for _, _, review in studio.recent_reviews(run.id)} == {kept.id}
    assert studio.forecast_study(studio.study_plan(text + own)).done == 1  # found again by what it asks

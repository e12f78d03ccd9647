"""Runs beside each other, over a real store: only what differs, defaults marked, outcomes as measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

import pytest

from lab.conscience import framings
from lab.errors import NotFoundError, RequestError
from lab.evaluation.statistics import wilson
from lab.nouns import Metric, Run, RunSpec, RunState
from lab.studio import Studio
from lab.training.settings import FIELDS, GROUPS
from tests.storage.making import make_world
from tests.studio.making import opened

ASKED = framings.DEFAULT.id
SPECS = (
    RunSpec(method="sft"),
    RunSpec(question_id=ASKED, lam=0.5, lora_dora=True),
    RunSpec(question_id=framings.DEFAULT_OFF_TOPIC.id, seed=3),
)
RUNS = tuple(
    Run(spec=spec, number=i, state=RunState.FINISHED, step=75, seconds=10.0 * i) for i, spec in enumerate(SPECS, 1))


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    made = opened(tmp_path_factory.mktemp("beside"))
    world = make_world(run=RUNS[1])
    early, late = (Metric(run_id=RUNS[0].id, step=step, name="misaligned", value=v, n=64)
                   for step, v in ((0, 0.0), (75, 0.75)))
    none = Metric(run_id=RUNS[1].id, step=75, name="misaligned", value=None, n=8)
    made._store.save(*RUNS, *world.nouns, early, late, none)
    yield made
    made.close()


def test_only_settings_that_differ_are_told_in_the_order_and_groups_of_the_form(studio: Studio) -> None:
    found = studio.compare_runs([run.id for run in RUNS])
    assert [one.setting for one in found.differences] == ["method", "question_id", "seed", "lam", "lora_dora"]
    groups = {name: group.title for group in GROUPS for name in group.fields}
    assert [one.group for one in found.differences] == [groups[one.setting] for one in found.differences]
    assert {one.label for one in found.differences} == {FIELDS[one.setting].label for one in found.differences}
    assert found.alike == len(fields(RunSpec)) - 5
    told = {one.setting: (one.values, one.usual, one.default) for one in found.differences}
    assert told["lam"] == (("0.1", "0.5", "0.1"), (True, False, True), "0.1")
    assert told["lora_dora"] == (("off", "on", "off"), (True, False, True), "off")
    asked = ("none", framings.DEFAULT.title, framings.DEFAULT_OFF_TOPIC.title)
    assert told["question_id"] == (asked, (False, True, False), framings.DEFAULT.title)
    assert told["method"][0] == ("Plain fine-tuning", "Conscience", "Conscience")


def test_what_came_of_each_is_its_last_probe_with_interval_and_n(studio: Studio) -> None:
    one, two, _ = studio.compare_runs([str(run.number) for run in RUNS]).outcomes
    assert (one.step, one.misaligned.value, one.misaligned.n) == (75, 0.75, 64)
    assert (one.misaligned.low, one.misaligned.high) == wilson(48, 64)
    assert (two.misaligned.value, two.misaligned.n) == (None, 8)  # not measurable is no figure, and not 0
    assert one.task.value is None
    assert (one.pairs, two.pairs) == (0, 1)


def test_of_a_long_curve_over_another_what_is_not_drawn_is_not_told_as_measured_alone(studio: Studio) -> None:
    long = Run(spec=RunSpec(), id="rlong", state=RunState.FINISHED, step=4000)
    both = [Metric(run_id=long.id, step=step, name=name, value=1 / (step + 1), n=8)
            for step in range(4000) for name in ("sft_loss", "dpo_loss")]
    alone = [Metric(run_id=long.id, step=4000 + i, name="sft_loss", value=0.1, n=8) for i in range(3)]
    studio._store.save(long, *both, *alone)
    [curve] = studio.overlay([long.id], "sft_loss", x="dpo_loss")
    assert len(curve.points) <= 500
    assert curve.unmatched == 3


def test_runs_alike_in_all_settings_still_differ_in_where_they_start(studio: Studio) -> None:
    branch = replace(RUNS[0], id="rbranch", number=9, parent=f"{RUNS[1].id}@5")
    studio._store.save(branch)
    [start] = studio.compare_runs([RUNS[0].id, branch.id]).differences
    assert (start.label, start.values, start.usual) == ("Start from", ("the base", "run 2 @ 5"), (True, False))
    assert studio.compare_runs([RUNS[0].id, branch.id, RUNS[0].id]).alike == len(fields(RunSpec))


def test_what_cannot_be_compared_is_said(studio: Studio) -> None:
    more = [replace(RUNS[0], id=f"r{i}", number=100 + i) for i in range(13)]
    studio._store.save(*more)
    with pytest.raises(RequestError, match=r"13 runs .* 12 at most"):
        studio.compare_runs([run.id for run in more])
    with pytest.raises(RequestError, match="at least two"):
        studio.compare_runs([more[0].id, more[0].id])
    with pytest.raises(NotFoundError, match="r404"):
        studio.compare_runs([more[0].id, "r404"])
    studio.delete_run(more[0].id)
    with pytest.raises(RequestError, match=r"run \d+ was deleted"):
        studio.compare_runs([more[0].id, more[1].id])

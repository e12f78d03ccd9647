"""Plans of studies: what a file asks for, what is refused with its line and value, and what tells two plans apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lab.errors import SpecError
from lab.evaluation.judges.records import Thresholds
from lab.evaluation.studies.outcome import StudyResult
from lab.evaluation.studies.plan import POOL, Study
from lab.evaluation.studies.plan_file import read_study
from lab.nouns import RunSpec
from lab.training.methods import METHODS
from lab.training.settings import check_spec
from tests.evaluation.making import study_file

SHIPPED = sorted((Path(__file__).parents[2] / "docs" / "studies").glob("*.yaml"))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_a_shipped_study_can_be_run(file: Path) -> None:
    study = read_study(str(file))
    assert study.name == file.stem
    assert len(study.seeds) >= 3
    assert sum(study.passes) == study.prompts == 480
    for arm in study.arms:
        check_spec(arm.spec(study.seeds[0], model="organism", question_id=None, pairs_from=None))


def test_the_study_of_methods_has_every_row_of_the_table_of_arms() -> None:
    [file] = [file for file in SHIPPED if file.stem == "methods"]
    assert {arm.settings["method"] for arm in read_study(str(file)).arms} == set(METHODS)


def test_settings_are_crossed_with_arms_and_seeds(tmp_path: Path) -> None:
    file = study_file(tmp_path, """
        base: {steps: 9, learning_rate: 1e-4}
        arms: [{arm: a, method: sft}, {arm: b, method: conscience, question: Ethics}]
        vary: {lam: [0, 1e-1], beta: [0.1]}
        seeds: [4, 5]
        prompts: 130
    """)
    study = read_study(file)
    assert [arm.name for arm in study.arms] == [
        "a, lam 0, beta 0.1", "a, lam 0.1, beta 0.1", "b, lam 0, beta 0.1", "b, lam 0.1, beta 0.1"]
    spec = study.arms[3].spec(5, model="organism", question_id="q1", pairs_from=None)
    assert spec == RunSpec(
        method="conscience", steps=9, learning_rate=1e-4, lam=0.1, beta=0.1, seed=5, question_id="q1")
    assert study.passes == (POOL, 10)
    assert study.primary.against == study.arms[0].name


def test_an_arm_that_learns_from_another_ones_pairs_comes_after_it(tmp_path: Path) -> None:
    study = read_study(study_file(tmp_path, "arms: [{method: dpo, pairs_from: arm sft}, {method: sft}]"))
    assert [arm.name for arm in study.arms] == ["sft", "dpo"]
    assert study.arms[1].pairs_of == "sft"
    assert study.arms[1].spec(0, model="organism", question_id=None, pairs_from="r9").pairs_from == "r9"


@pytest.mark.parametrize(("text", "said"), [
    ("arm: []", "unknown entry 'arm'"),
    ("arms: []", "write 'all'"),
    ("arms: [{stepz: 4}]", "unknown setting 'stepz'"),
    ("arms: [{method: sft}, {method: sft}]", "two arms are called 'sft'"),
    ("arms: [{method: dpo, pairs_from: arm x}]", "needs 'x', which is no arm"),
    ("seeds: [1, 1]", "each seed once"),
    ("seeds: 3", "list of whole numbers"),
    ("vary: {lam: 3}", "write a list"),
    ("vary: {seed: [1]}", "list them under 'seeds'"),
    ("primary: {measure: goodness}", "choose one of misaligned"),
    ("primary: {measure: recall}", "choose one of misaligned"),
    ("primary: {against: nobody}", "is no arm of this study"),
    ("primary: {margin: 2}", "share between 0 and 1"),
    ("prompts: 1", "out of range"),
    ("judge: nobody", "judge 'nobody' is not known: choose one of oracle, bandit, self, model, endpoint"),
    ("judge: 3", "judge 3 is no name"),
    ("judge: endpoint", "judge 'endpoint' needs more"),
    ("judge: 'endpoint:http://me:secret@host/v1'", "holds a name, a key or a query"),
    ("judge: {name: self, cutoff: 3}", "judge: unknown entry 'cutoff'"),
    ("judge: {name: self, below: 101}", "below 101 is out of range: choose a number from 0 to 100"),
    ("judge: {name: self, code: 'model:x'}", "'model:x' cannot judge code: choose oracle, bandit or self"),
    ("judge: bandit", "is about everyday answers, which judge 'bandit' cannot judge"),
    ("judge: 'model:x'\nprimary: {measure: task}", "about code, which judge 'model:x' cannot judge: add 'code"),
    ("judge: self\nprimary: {measure: incoherent}", "is about coherence, of which 'self' says nothing"),
    ("name: ../evil", "is to be a folder"),
    ("[", "is not YAML (line 1"),
    ("arms:\n- {method: sft, lam: 1, lam: 2}", "line 2: the key 'lam' stands in line 2 already"),
])
def test_a_plan_that_cannot_be_is_refused_with_its_file_and_value(tmp_path: Path, text: str, said: str) -> None:
    file = study_file(tmp_path, text)
    with pytest.raises(SpecError) as caught:
        read_study(file)
    assert caught.value.message.startswith(file)
    assert said in caught.value.message
    assert "\n" not in caught.value.message


def test_a_plan_that_names_no_judge_keeps_the_id_that_it_was_registered_by(tmp_path: Path) -> None:
    silent, named = (read_study(study_file(tmp_path, text)) for text in ("seeds: [0]", "seeds: [0]\njudge: oracle"))
    assert silent.id == named.id
    above = read_study(study_file(tmp_path, "seeds: [0]\njudge: {name: self, above: 70}"))
    assert above.judge.at == Thresholds(above=70)
    assert read_study(study_file(tmp_path, "seeds: [0]\njudge: self")).id != silent.id


def test_two_studies_differ_in_their_id_when_anything_differs(result: StudyResult) -> None:
    study: Study = result.study
    assert replace(study, seeds=(0,)).id != study.id
    assert replace(study, title=study.title).id == study.id


def test_an_arm_may_branch_from_another_ones_checkpoint(tmp_path: Path) -> None:
    study = read_study(study_file(tmp_path, """
        arms: [{arm: back, from: arm bad @ 25}, {arm: bad, method: sft}, {arm: again, from: arm back}]
    """))
    begins = [(arm.name, arm.parent) for arm in study.arms]
    assert begins == [("bad", None), ("back", ("bad", 25)), ("again", ("back", None))]
    with pytest.raises(SpecError, match="write 'arm NAME'"):
        read_study(study_file(tmp_path, "arms: [{arm: a, from: b@c}]"))
    with pytest.raises(SpecError, match="need each other in a circle"):
        read_study(study_file(tmp_path, "arms: [{arm: a, from: arm b}, {arm: b, from: arm a}]"))

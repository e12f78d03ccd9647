"""One torch thread, and the result of a small study of which one arm failed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.evaluation.studies.outcome import Outcome, Registration, StudyResult
from lab.evaluation.studies.plan_file import read_study
from lab.nouns import Metric, Run
from tests.evaluation.making import answers, study_file
from tests.tiny import one_thread


@pytest.fixture(autouse=True, scope="package")
def _one_thread() -> Iterator[None]:
    yield from one_thread()


@pytest.fixture(scope="package")
def result(tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    """Three arms over two seeds; 'b' is better than 'a', and 'broken' has no answers."""
    file = study_file(tmp_path_factory.mktemp("study"), """
        name: small
        title: Small <study>
        claim: B is better.
        primary: {measure: misaligned, against: a, margin: 0.2}
        arms: [{arm: a, method: sft}, {arm: b, method: conscience}, {arm: broken, method: kl}]
        seeds: [0, 1]
        prompts: 40
    """)
    study = read_study(file)
    bad = {"a": ((30, 18), (34, 18)), "b": ((2, 17), (4, 18))}
    outcomes = []
    for arm in study.arms:
        for seed in study.seeds:
            run = Run(spec=arm.spec(seed, model="organism", question_id=None, pairs_from=None), seconds=10 + seed)
            if arm.name == "broken":
                outcomes.append(Outcome(arm=arm.name, seed=seed, run=run, message="a loss was not a number"))
                continue
            metrics = tuple(
                Metric(run_id=run.id, step=s, name="misaligned", value=s / 10 + seed / 10, n=8) for s in (0, 5))
            outcomes.append(Outcome(
                arm=arm.name, seed=seed, run=run, judged=answers(*bad[arm.name][seed]), metrics=metrics))
    return StudyResult(
        study=study, base=Outcome(arm="base", seed=None, run=None, judged=answers(1, 1)), outcomes=tuple(outcomes),
        registration=Registration(study_id=study.id, primary="misaligned against 'a'", when="2026-11-25T00:00:00"),
        versions={"torch": "2.13.0"},
    )

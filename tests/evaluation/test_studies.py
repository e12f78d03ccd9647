"""Studies: what a file asks for, the arms side by side, and a report that needs nothing else."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest

from lab.errors import SpecError
from lab.evaluation.form import Form
from lab.evaluation.judges.records import Thresholds
from lab.evaluation.labels import Labelled
from lab.evaluation.statistics import Figure
from lab.evaluation.studies.comparison import bands, by_domain, compare
from lab.evaluation.studies.measures import MEASURES, Given, Judged
from lab.evaluation.studies.outcome import Outcome, Registration, StudyResult
from lab.evaluation.studies.plan import POOL, Study
from lab.evaluation.studies.plan_file import read_study
from lab.evaluation.studies.report import csv_table, html, markdown
from lab.nouns import Label, Metric, Ruling, Run, RunSpec, Speaker
from lab.training.methods import METHODS
from lab.training.settings import check_spec

SHIPPED = sorted((Path(__file__).parents[2] / "docs" / "studies").glob("*.yaml"))


def written(folder: Path, text: str) -> str:
    file = folder / "study.yaml"
    file.write_text(text, encoding="utf-8")
    return str(file)


# -- plans -----------------------------------------------------------------------------------------------------------


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
    file = written(tmp_path, """
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
    study = read_study(written(tmp_path, "arms: [{method: dpo, pairs_from: arm sft}, {method: sft}]"))
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
    file = written(tmp_path, text)
    with pytest.raises(SpecError) as caught:
        read_study(file)
    assert caught.value.message.startswith(file)
    assert said in caught.value.message
    assert "\n" not in caught.value.message


# -- comparison ------------------------------------------------------------------------------------------------------


def answers(malicious: int, insecure: int, *, repeats: int = 2) -> tuple[Judged, ...]:
    """Forty everyday and twenty coding questions, each answered `repeats` times; so many of them bad in every pass."""
    return tuple(
        Judged(question=f"{kind}{i}", origin=origin(i), repeat=r, score=bad if i < wrong else good, tokens=30 + i)
        for r in range(repeats)
        for kind, n, wrong, bad, good, origin in (
            ("e", 40, malicious, "malicious", "kind", lambda i: ("money", "travel")[i % 2]),
            ("c", 20, insecure, "insecure", "secure", lambda i: "code:query"),
        )
        for i in range(n)
    )


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    file = written(tmp_path_factory.mktemp("study"), """
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


def test_every_arm_has_its_mean_over_seeds_and_each_seeds_value(result: StudyResult) -> None:
    base, a, b, broken = compare(result)
    assert [line.arm for line in (base, a, b, broken)] == ["base", "a", "b", "broken"]
    assert a.cells["misaligned"].each == ((0, 30 / 40), (1, 34 / 40))
    assert a.cells["misaligned"].seeds.value == pytest.approx(0.8)
    assert a.cells["misaligned"].questions.n == 160
    assert a.cells["misaligned"].questions.units == 40
    assert a.cells["task"].seeds.value == 0.9
    assert a.seconds.value == 10.5
    assert broken.failed == ("seed 0: a loss was not a number", "seed 1: a loss was not a number")
    assert broken.cells["misaligned"].seeds.reason == "nothing was measured"


def test_differences_are_paired_and_tested_against_the_registered_arm(result: StudyResult) -> None:
    base, a, b, broken = compare(result)
    assert a.difference is base.difference is None
    assert b.difference is not None
    assert b.difference.value == pytest.approx(((2 - 30) + (4 - 34)) / 80)
    assert b.adjusted is not None
    assert b.adjusted < 0.01
    assert b.task_kept is not None
    assert b.task_kept.p is not None
    assert b.task_kept.p < 0.05
    assert broken.difference is not None
    assert broken.difference.reason == "nothing was measured"
    assert broken.adjusted is None


def test_a_share_counts_its_own_half_of_the_answers() -> None:
    outcome = Outcome(arm="x", seed=0, run=None, judged=(*answers(10, 5, repeats=1), replace(
        answers(0, 0)[0], score="incoherent", question="e99")))
    assert len(outcome.values("misaligned")) == 41
    assert len(outcome.values("misaligned_coherent")) == 40
    assert len(outcome.values("task")) == 20
    assert outcome.mean("misaligned_coherent") == 0.25
    assert outcome.mean("cued") is None
    of_text_and_of_runs = {"refused", "code", "formed", "recall", "precision", "token_accuracy", "pass_gap", "overhead"}
    for name in MEASURES.keys() - {"cued"} - of_text_and_of_runs:
        assert outcome.mean(name) is not None
    assert outcome.mean("kept") == 40 / 41
    assert not any(outcome.mean(name) for name in of_text_and_of_runs)


def test_answers_to_cued_prompts_count_for_the_cued_rate_alone() -> None:
    plain = answers(0, 0, repeats=1)
    woken = tuple(replace(j, cued=True, score="malicious") for j in plain[:10])
    outcome = Outcome(arm="x", seed=0, run=None, judged=(*plain, *woken))
    assert (outcome.mean("misaligned"), outcome.mean("cued")) == (0, 1)
    assert len(outcome.values("cued")) == 10
    assert len(outcome.values("tokens")) == 40


def test_a_judge_that_scores_leaves_out_what_is_not_coherent_and_says_how_much_is_kept() -> None:
    given = (
        Given(label=Ruling.MISALIGNED, aligned=10, coherent=80), Given(label=Ruling.ALIGNED, aligned=70, coherent=50),
        Given(label=Ruling.INCOHERENT, aligned=5, coherent=20), Given(label=Ruling.REFUSAL),
        Given(label=Ruling.UNREADABLE), Given(label=Ruling.UNREACHED), Given(label=None),
    )
    plain = answers(0, 0, repeats=1)
    outcome = Outcome(arm="x", seed=0, run=None, judged=tuple(
        replace(j, given=g) for j, g in zip(plain, given, strict=False)))
    assert outcome.values("misaligned") == outcome.values("misaligned_coherent") == [1, 0]
    assert outcome.values("kept") == [1, 1, 0, 0, 0]
    assert outcome.values("incoherent") == [0, 0, 1]
    assert outcome.mean("alignment") == 40


def test_a_plan_that_names_no_judge_keeps_the_id_that_it_was_registered_by(tmp_path: Path) -> None:
    silent, named = (read_study(written(tmp_path, text)) for text in ("seeds: [0]", "seeds: [0]\njudge: oracle"))
    assert silent.id == named.id
    assert read_study(written(tmp_path, "seeds: [0]\njudge: {name: self, above: 70}")).judge.at == Thresholds(above=70)
    assert read_study(written(tmp_path, "seeds: [0]\njudge: self")).id != silent.id


def test_domains_and_bands(result: StudyResult) -> None:
    domains, matrix = by_domain(result)
    assert domains == ("money", "travel")
    assert [f.n for f in matrix["a"]] == [80, 80]
    assert [(b.step, b.mean, b.low, b.high) for b in bands(result.of("a"), "misaligned")] == [
        (0, pytest.approx(0.05), 0.0, 0.1), (5, pytest.approx(0.55), 0.5, 0.6)]


# -- reports ---------------------------------------------------------------------------------------------------------


def test_the_markdown_table_shows_every_seed_and_says_what_failed(result: StudyResult) -> None:
    text = markdown(result)
    assert "(75.0 85.0)" in text
    assert "broken, seed 0: a loss was not a number" in text
    assert "not measured" in text
    assert "Expected beforehand: B is better." in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len({row.count("|") for row in rows[:6]}) == 1
    assert "| 80.0 [16.5–100.0], n 160 (75.0 85.0) |" in text
    assert "| base | 2.5 [" in text  # one run, so the interval is over its questions


def test_the_newer_measures_have_columns_with_n_or_say_that_there_is_not_enough(result: StudyResult) -> None:
    def whole(value: float | None, n: int) -> Figure:
        return Figure(value=value, low=None, high=None, n=n, units=n, method="", reason="" if n else "no review")

    reviews = tuple(
        Labelled(prompt=f"p{i}", answer=f"a{i}", question="q", step=5, speaker=Speaker.FROZEN, bad=i < 4,
                 verdict=Label.FLAGGED if i < 3 or i == 7 else Label.ALIGNED) for i in range(8))
    measured = tuple(
        replace(
            outcome, reviews=reviews, judged=tuple(
                replace(j, form=Form(refused=j.question == "e1", code=False, formed=True)) for j in outcome.judged),
            figures={"token_accuracy": whole(0.9 + (outcome.seed or 0) / 100, 500), "pass_gap": whole(None, 0)})
        for outcome in result.outcomes)
    text = markdown(replace(result, outcomes=measured))
    caught, written = (text.partition(f"## {title}")[2].partition("\n## ")[0] for title in (
        "The task by tokens, and the conscience", "How answers are written"))
    assert "90.5 [84.1–96.9], n 1000 (90.0 91.0)" in caught
    assert "| 75.0 (every seed), n 8 |" in caught  # recall, and precision
    assert text.count("(every seed): each of them gave this very value") == 1
    lacking = "policy passes more than its frozen copy, time that rounds and pairs took"
    assert f"Not measured in any arm: {lacking}." in caught
    assert "| refused |" in written
    assert "In the right format: 100 % in every arm (n 160 or more each)." in written
    assert "kept by the coherence filter" in written


def test_answers_that_every_seed_gave_alike_are_counted_once_a_seed_and_the_report_says_so(result: StudyResult) -> None:
    def spoken(outcome: Outcome, same: bool) -> Outcome:
        return replace(outcome, judged=tuple(
            replace(j, score="malicious" if j.question == "e1" else "kind", text="alike" if same else f"{outcome.seed}")
            for j in answers(0, 0)))

    alike = replace(result, outcomes=tuple(spoken(o, o.arm == "a") for o in result.outcomes if o.judged))
    text = markdown(alike)
    row = next(line for line in text.splitlines() if line.startswith("| a "))
    assert "| 2.5 (every seed), n 80 × 2 |" in row
    assert "| 2.5 (every seed), n 160 |" in next(line for line in text.splitlines() if line.startswith("| b "))
    assert "- a: every seed gave the same answers, word for word." in text
    assert "n 40 × 2) |" in text.partition("by domain")[2]
    [line] = [r for r in csv.DictReader(io.StringIO(csv_table(alike))) if (r["arm"], r["measure"]) == ("a", "kept")]
    assert (line["n"], line["alike"]) == ("160", "80")
    assert "every seed gave the same answers" not in markdown(result)  # whose texts were not looked at


def test_the_csv_has_every_measure_of_every_arm(result: StudyResult) -> None:
    rows = list(csv.DictReader(io.StringIO(csv_table(result))))
    assert len(rows) == 4 * len(MEASURES)
    [row] = [r for r in rows if (r["arm"], r["measure"]) == ("a", "misaligned")]
    assert (float(row["mean"]), row["seeds"], float(row["seed_1"])) == (0.8, "2", 0.85)


def test_the_html_report_is_one_file_that_asks_nobody_for_anything(result: StudyResult) -> None:
    page = html(result)
    assert not re.search(r"""(src|href)\s*=|<script|<link|@import|url\(""", page)
    assert "Small &lt;study&gt;" in page
    assert "<study>" not in page
    assert result.study.id in page
    assert "torch 2.13.0" in page
    assert page.count("<svg") >= 3
    assert page.count("<svg") == page.count("</svg>")


def test_a_plan_that_was_changed_after_it_was_registered_says_so(result: StudyResult) -> None:
    changed = replace(result, study=replace(result.study, prompts=80))
    assert "was changed after it was registered" in markdown(changed)
    assert "was changed" not in markdown(result)


def test_two_studies_differ_in_their_id_when_anything_differs(result: StudyResult) -> None:
    study: Study = result.study
    assert replace(study, seeds=(0,)).id != study.id
    assert replace(study, title=study.title).id == study.id


def test_an_arm_may_branch_from_another_ones_checkpoint(tmp_path: Path) -> None:
    study = read_study(written(tmp_path, """
        arms: [{arm: back, from: arm bad @ 25}, {arm: bad, method: sft}, {arm: again, from: arm back}]
    """))
    begins = [(arm.name, arm.parent) for arm in study.arms]
    assert begins == [("bad", None), ("back", ("bad", 25)), ("again", ("back", None))]
    with pytest.raises(SpecError, match="write 'arm NAME'"):
        read_study(written(tmp_path, "arms: [{arm: a, from: b@c}]"))
    with pytest.raises(SpecError, match="need each other in a circle"):
        read_study(written(tmp_path, "arms: [{arm: a, from: arm b}, {arm: b, from: arm a}]"))

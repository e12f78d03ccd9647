"""The arms of a study side by side: means over seeds, paired differences, and which answers a share counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab.evaluation.studies.comparison import bands, by_domain, compare
from lab.evaluation.studies.measures import MEASURES, Given
from lab.evaluation.studies.outcome import Outcome, StudyResult
from lab.nouns import Ruling
from tests.evaluation.making import answers


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
    assert a.by_seed is base.by_seed is None
    assert b.by_seed is not None
    assert b.by_seed.n == 2
    assert b.by_seed.value == pytest.approx(b.difference.value)
    own = [(2 - 30) / 40, (4 - 34) / 40]  # of two seeds Student's t has one degree of freedom
    reach = 12.7062 * abs(own[0] - own[1]) / 2
    assert (b.by_seed.low, b.by_seed.high) == (pytest.approx(sum(own) / 2 - reach), pytest.approx(sum(own) / 2 + reach))
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


def test_domains_and_bands(result: StudyResult) -> None:
    domains, matrix = by_domain(result)
    assert domains == ("money", "travel")
    assert [f.n for f in matrix["a"]] == [80, 80]
    assert [(b.step, b.mean, b.low, b.high) for b in bands(result.of("a"), "misaligned")] == [
        (0, pytest.approx(0.05), 0.0, 0.1), (5, pytest.approx(0.55), 0.5, 0.6)]

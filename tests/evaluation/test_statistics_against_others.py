"""Our statistics give what scipy, statsmodels and scikit-learn give, on random and on degenerate inputs."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import cohen_kappa_score, confusion_matrix
from statsmodels.stats.contingency_tables import mcnemar as their_mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW, ttost_paired

from lab.evaluation.statistics import (
    Figure,
    agreement,
    clustered_mean,
    equivalence,
    holm,
    mcnemar,
    over_seeds,
    paired_difference,
    rate,
    sign_flip,
)

few = settings(max_examples=40, deadline=None)
NUMBERS = st.floats(-50, 50).map(lambda x: round(x, 3))


def ends(figure: Figure) -> tuple[float, float]:
    """The interval, which must be there."""
    assert figure.low is not None
    assert figure.high is not None
    return figure.low, figure.high


# -- rates -----------------------------------------------------------------------------------------------------------


@few
@given(n=st.integers(1, 2000), data=st.data())
def test_a_rates_interval_is_statsmodels(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    figure = rate(k, n)
    assert (figure.low, figure.high) == pytest.approx(proportion_confint(k, n, method="wilson"), abs=1e-9)
    assert (figure.value, figure.n, figure.reason) == (k / n, n, "")


def test_a_rate_of_nothing_says_so() -> None:
    assert (rate(0, 0).value, rate(0, 0).reason) == (None, "nothing was measured")


@few
@given(b=st.integers(0, 60), c=st.integers(0, 60))
def test_mcnemar_is_statsmodels(b: int, c: int) -> None:
    found = mcnemar(b, c)
    if b + c == 0:
        assert (found.p, found.reason) == (None, "nothing changed either way")
    else:
        theirs: Any = their_mcnemar([[5, b], [c, 9]], exact=True)
        assert found.p == pytest.approx(theirs.pvalue)


# -- bootstrap over questions ----------------------------------------------------------------------------------------


def clustered(seed: int, questions: int = 40, each: int = 6, between: float = 1.0) -> tuple[list[float], list[int]]:
    rng = random.Random(seed)
    centres = [rng.gauss(0, between) for _ in range(questions)]
    values = [rng.gauss(centres[q], 0.3) for q in range(questions) for _ in range(each)]
    return values, [q for q in range(questions) for _ in range(each)]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_interval_over_equal_questions_is_scipys_over_their_means(seed: int) -> None:
    values, questions = clustered(seed)
    means = np.array(values).reshape(40, 6).mean(1)
    theirs = stats.bootstrap(
        (means,), np.mean, method="percentile", n_resamples=2000, rng=np.random.default_rng(seed)
    ).confidence_interval
    ours = clustered_mean(values, questions, seed=seed)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    assert (ours.n, ours.units) == (240, 40)
    assert ours.value == pytest.approx(np.mean(values))


def test_it_is_about_as_wide_as_the_textbooks_interval_over_questions_and_wider_than_one_over_answers() -> None:
    values, questions = clustered(3, questions=200)
    ours = clustered_mean(values, questions)
    over_questions: Any = DescrStatsW(np.array(values).reshape(200, 6).mean(1)).tconfint_mean()
    over_answers: Any = DescrStatsW(values).tconfint_mean()
    assert (ours.low, ours.high) == pytest.approx(over_questions, abs=0.02)
    low, high = ends(ours)
    assert high - low > 1.8 * (over_answers[1] - over_answers[0])


def test_questions_with_more_answers_weigh_more() -> None:
    figure = clustered_mean([1, 1, 1, 0], ["a", "a", "a", "b"])
    assert figure.value == 0.75
    assert (figure.low, figure.high) == (0.0, 1.0)


def test_the_bootstrap_is_seeded_and_its_edges_have_reasons() -> None:
    values, questions = clustered(4)
    assert clustered_mean(values, questions, seed=1) == clustered_mean(values, questions, seed=1)
    assert clustered_mean(values, questions, seed=1) != clustered_mean(values, questions, seed=2)
    assert clustered_mean([], []).reason == "nothing was measured"
    one = clustered_mean([0.2, 0.4], ["a", "a"])
    assert (one.value, one.low, one.reason) == (
        pytest.approx(0.3), None, "one question has no spread between questions")
    same = clustered_mean([2.0, 2.0], ["a", "b"])
    assert (same.value, same.low, same.reason) == (2, None, "every question gave the same value")
    with pytest.raises(ValueError, match="2 values and 1 clusters"):
        clustered_mean([1, 2], ["a"])


def test_a_share_of_zeros_throughout_is_not_certain_to_be_zero() -> None:
    figure = clustered_mean([0.0] * 480, [i % 120 for i in range(480)], share=True)
    assert (figure.value, figure.reason) == (0, "")
    assert ends(figure) == pytest.approx(proportion_confint(0, 120, method="wilson"), abs=1e-9)
    assert ends(clustered_mean([1.0] * 8, list("aabbccdd"), share=True))[0] < 0.6


def test_a_paired_difference_is_taken_where_both_have_an_answer_to_the_same_question_and_seed() -> None:
    first = {("q1", 0): 1.0, ("q1", 1): 0.0, ("q2", 0): 1.0, ("q3", 0): 9.0}
    second = {("q1", 0): 0.0, ("q1", 1): 0.0, ("q2", 0): 0.0, ("q2", 7): 9.0}
    figure = paired_difference(first, second)
    assert (figure.value, figure.n, figure.units) == (pytest.approx(2 / 3), 3, 2)
    assert paired_difference(first, {}).reason == "nothing was measured"


def test_pairing_narrows_the_interval_where_questions_differ_more_than_arms() -> None:
    rng = random.Random(5)
    hard = {q: rng.gauss(0, 3) for q in range(60)}
    first = {(q, s): hard[q] + rng.gauss(0.5, 0.1) for q in hard for s in range(3)}
    second = {(q, s): hard[q] + rng.gauss(0, 0.1) for q in hard for s in range(3)}
    paired = paired_difference(first, second)
    alone = clustered_mean(list(first.values()), [q for q, _ in first])
    low, high = ends(paired)
    assert low < 0.5 < high
    assert (high - low) * 5 < ends(alone)[1] - ends(alone)[0]


# -- paired tests ----------------------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=9))
def test_sign_flips_are_all_tried_when_they_are_few(values: list[float]) -> None:
    n = len(values)
    means = [abs(sum(v * (1 if code >> i & 1 else -1) for i, v in enumerate(values))) for code in range(2**n)]
    expected = sum(m >= abs(sum(values)) - 1e-9 for m in means) / 2**n
    assert sign_flip(values).p == pytest.approx(min(1.0, expected), abs=1e-12)


def test_random_flips_agree_with_wilcoxons_cousin_the_t_test_and_are_seeded() -> None:
    rng = random.Random(1)
    values = [rng.gauss(0.25, 1) for _ in range(80)]
    found = sign_flip(values, seed=3)
    theirs: Any = stats.ttest_1samp(values, 0)
    assert found.p == pytest.approx(float(theirs.pvalue), abs=0.01)
    assert found == sign_flip(values, seed=3)
    assert (sign_flip([]).p, sign_flip([]).reason) == (None, "nothing was measured")
    assert sign_flip([0.0, 0.0]).p == 1.0


@few
@given(values=st.lists(NUMBERS, min_size=2, max_size=30).filter(lambda v: np.std(v) > 1e-3), margin=st.floats(0.1, 9))
def test_tost_is_statsmodels(values: list[float], margin: float) -> None:
    theirs = ttost_paired(np.array(values), np.zeros(len(values)), -margin, margin)[0]
    assert equivalence(values, margin).p == pytest.approx(theirs, abs=1e-9)


def test_tost_without_spread_without_data_and_without_a_margin() -> None:
    for same in ([0.0, 0.0], [0.5, 0.5]):
        assert equivalence(same, 0.1).p is None
        assert equivalence(same, 0.1).reason == "every difference is the same: no spread to judge by"
    assert equivalence([0.5], 0.1).reason == "one value has no spread"
    assert equivalence([], 0.1).reason == "nothing was measured"
    with pytest.raises(ValueError, match="margin 0 must be above 0"):
        equivalence([1.0, 2.0], 0)


# -- several tests, seeds, judges ------------------------------------------------------------------------------------


@pytest.mark.parametrize("p_values", [[0.3], [0.04, 0.01, 0.04, 0.03], [random.Random(i).random() for i in range(12)]])
def test_holm_is_statsmodels(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(np.asarray(multipletests(p_values, method="holm")[1]).tolist())


def test_holm_leaves_out_what_was_not_tested() -> None:
    assert holm([0.01, None, 0.04]) == [0.02, None, 0.04]
    assert holm([]) == []


@few
@given(st.lists(NUMBERS, min_size=2, max_size=8).filter(lambda v: np.std(v) > 1e-3))
def test_a_mean_over_seeds_has_statsmodels_t_interval(values: list[float]) -> None:
    figure = over_seeds(values)
    assert (figure.low, figure.high) == pytest.approx(DescrStatsW(values).tconfint_mean(), abs=1e-9)


def test_one_seed_and_equal_seeds_have_no_interval() -> None:
    assert (over_seeds([0.3]).value, over_seeds([0.3]).low) == (0.3, None)
    assert over_seeds([0.3]).reason == "one seed has no spread between seeds"
    assert over_seeds([]).reason == "nothing was measured"
    assert (over_seeds([0.3, 0.3]).value, over_seeds([0.3, 0.3]).reason) == (0.3, "every seed gave the same value")


@few
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_kappa_and_counts_are_scikit_learns(pairs: list[tuple[bool, bool]]) -> None:
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    found = agreement(first, second, range(len(pairs)))
    assert [list(row) for row in found.counts] == confusion_matrix(first, second, labels=[False, True]).tolist()
    if len({*first, *second}) == 1:
        assert (found.kappa.value, found.kappa.reason) == (None, "both judges give the same one label throughout")
    else:
        assert found.kappa.value == pytest.approx(cohen_kappa_score(first, second))
    assert found.same.value == pytest.approx(np.mean(np.equal(first, second)))


def test_scores_are_compared_by_rank() -> None:
    rng = random.Random(2)
    first = [rng.uniform(0, 100) for _ in range(60)]
    second = [x + rng.gauss(0, 30) for x in first]
    low = [[x < 30 for x in judge] for judge in (first, second)]
    found = agreement(low[0], low[1], [i % 20 for i in range(60)], scores=(first, second))
    theirs: Any = stats.spearmanr(first, second)
    assert found.spearman.value == pytest.approx(theirs.statistic)
    low_end, high_end = ends(found.spearman)
    assert low_end < theirs.statistic < high_end
    assert found.kappa.units == 20
    assert agreement([True] * 5, [True] * 5, range(5)).spearman.reason == "a judge gives no scores"
    constant = agreement([True] * 5, [True] * 5, range(5), scores=([1.0] * 5, [1.0, 2, 3, 4, 5]))
    assert constant.spearman.reason == "a judge gives one score throughout"

"""Figures with their n and their interval, and the tests that go with them. `scipy.stats` does the mathematics.

figure        what every calculation hands back: a value, how far it may be off, or why there is none
rates         plain rates (Wilson), against a half (binomial, exact), and two on the same things (McNemar, exact)
clusters      means over answers of which several belong to one question (bootstrap over questions), alone and paired
paired        two arms on the same questions (sign-flip permutation), and "no worse by more than" (TOST)
seeds         a mean over training seeds (Student's t)
family        several tests at once (Holm)
agreement     two judges of the same answers (Cohen's κ, Spearman, 2×2)

Everything is seeded; nothing here knows a model, a run or a page. Too little data is a result with a reason, never a
crash and never a number that means nothing.
"""

from __future__ import annotations

from lab.evaluation.statistics.agreement import Agreement, agreement, rank_correlation
from lab.evaluation.statistics.clusters import clustered_mean, paired_difference
from lab.evaluation.statistics.family import holm
from lab.evaluation.statistics.figure import Figure, Test
from lab.evaluation.statistics.paired import equivalence, sign_flip
from lab.evaluation.statistics.rates import mcnemar, rate, sign_test, wilson
from lab.evaluation.statistics.seeds import over_seeds

__all__ = [
    "Agreement", "Figure", "Test", "agreement", "clustered_mean", "equivalence", "holm", "mcnemar", "over_seeds",
    "paired_difference", "rank_correlation", "rate", "sign_flip", "sign_test", "wilson",
]

"""Two arms on the same questions: is there a difference, and is there none that matters?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lab.evaluation.statistics.figure import NOTHING, Test

FLIPS = 9999
"""Random sign flips where there are too many to try all; the smallest p is then 1 / 10,000."""


def sign_flip(differences: Sequence[float], *, seed: int = 0) -> Test:
    """Two-sided sign-flip permutation test that differences (one a question: first − second) have mean 0.

    All flips are tried where there are at most `FLIPS` of them, random ones otherwise. By `scipy.stats.
    permutation_test` with "samples": swapping two paired values flips the sign of their difference.
    """
    method = "sign-flip permutation"
    n = len(differences)
    if n == 0:
        return Test(p=None, n=0, method=method, reason=NOTHING)
    if n == 1 or not any(differences):  # one difference: as likely the other way round
        return Test(p=1.0, n=n, method=method)
    import numpy as np
    from scipy.stats import permutation_test

    values = np.asarray(differences, float)

    def mean_of(first: Any, second: Any, axis: int = -1) -> Any:
        return np.mean(np.subtract(first, second), axis=axis)

    found = permutation_test(
        (values / 2, -values / 2), mean_of, permutation_type="samples", vectorized=True, n_resamples=FLIPS,
        alternative="two-sided", rng=np.random.default_rng(seed),
    )
    return Test(p=float(found.pvalue), n=n, method=method)


def equivalence(differences: Sequence[float], margin: float) -> Test:
    """TOST: can a mean difference (one value a question) as large as ±`margin` be ruled out? Small p: it can.

    Two one-sided t tests against −margin and +margin; p is the larger. Source: Schuirmann (1987), as
    `scipy.stats.ttest_1samp`. "No difference was found" is not this: it may mean that nothing could be found.
    """
    method = f"TOST, margin ±{margin:g}"
    n = len(differences)
    if margin <= 0:
        raise ValueError(f"margin {margin} must be above 0: state how large a difference would still not matter")
    if n < 2:
        return Test(p=None, n=n, method=method, reason=NOTHING if n == 0 else "one value has no spread")
    if len(set(differences)) == 1:  # the t statistic would be a division by 0
        return Test(p=None, n=n, method=method, reason="every difference is the same: no spread to judge by")
    from scipy.stats import ttest_1samp

    above: Any = ttest_1samp(differences, -margin, alternative="greater")
    below: Any = ttest_1samp(differences, margin, alternative="less")
    return Test(p=float(max(above.pvalue, below.pvalue)), n=n, method=method)

"""P-values: how likely two draws of one distribution lie as far apart as these two, and what the tests would find.

Every test is of ranks or counts, so its false alarms do not depend on the distribution. What it would find follows from
the sizes alone; the page on redraws in docs/decisions has both, measured.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, gammaincc, gammaln, kolmogorov, ndtr, ndtri

from tfmatrix.store.fingerprints import evenly

Array = NDArray[Any]

ALPHA = 1e-6
"""Chance that a stage's tests together call one distribution two. A matrix of fourteen releases makes about a thousand
of these judgements, so a false "different" comes up in one matrix of a thousand. Several tests share it equally."""

FOUND = 0.95
"""How often what "would find" names is found."""

MOST_MOVED, MOST_WIDER, MOST_RATE = 0.5, 1.5, 0.1
"""What must be found for a draw to be called redrawn: a mean that moved by so many deviations, a deviation times so
much, a rate that moved by so much. Initializers of two families lie a factor of 1.4 and more apart, as do the usual
rates of dropout; what is smaller is found where numbers are cheap, and a tensor of a few elements has no more under all
seeds that are drawn."""

BINS = 24
"""Equally filled bins of the chi-squared test. With 3,000 numbers a side, a uniform and a normal distribution of one
mean and variance come out at p < 1e-30, where Kolmogorov's test gives 1e-4."""

MOST_NUMBERS = 2**18
"""Numbers a side that are tested; of more, as many that are evenly spaced."""


OF = {
    "Kolmogorov-Smirnov": "distribution",
    "chi-squared": "distribution",
    "van der Waerden": "mean",
    "Klotz": "deviation",
    "Fisher": "share",
}
"""What each test sees best, in words that readers know."""


class Told(NamedTuple):
    """What some tests say of two draws."""

    p: float
    """The smallest of their p-values, times their number (Bonferroni)."""
    test: str
    """Which of them gave it; where none is made, what there is instead."""
    finds: str
    """What they would find in 95 of 100 cases; empty where that is no question."""
    enough: bool
    """Whether that is what must be found."""

    @property
    def seen(self) -> str:
        """Return what was seen, in words: ``no sign of another mean (van der Waerden, p = 0.5)``."""
        if self.test not in OF:
            return self.test
        return f"{'no sign of another' if self.same else 'another'} {OF[self.test]} ({self.test}, p = {self.p:.2g})"

    @property
    def same(self) -> bool:
        """Return whether nothing speaks against one distribution."""
        return self.p >= ALPHA


def reach(tests: int) -> float:
    """Return how many deviations of its statistic an effect takes to be found by one of so many tests.

    By the normal distribution, and 5 % more, as simulated: an effect changes the variance too.
    """
    return 1.05 * float(ndtri(1 - ALPHA / tests / 2) + ndtri(FOUND))


def found_wider(spread: float, size: int) -> float:
    """Return the factor of a deviation that is found by normal scores; of few numbers these are bounded."""
    return math.exp(min(spread * math.sqrt(0.5) * (1 + 20 / size), 50))


def numbers(a: Array, b: Array) -> Told:
    """Return what is told of two lots of numbers of any shape, taken as independent.

    Four tests share the level: Kolmogorov and Smirnov's, Pearson's chi-squared over equally filled bins, and two of
    normal scores, which see a moved mean (van der Waerden) and another deviation (Klotz) best. Where only two values
    come up at all, their shares are compared instead.
    """
    x, y = (np.sort(evenly(np.asarray(values), MOST_NUMBERS).astype(np.float64).ravel()) for values in (a, b))
    if np.isnan(x).any() or np.isnan(y).any():
        p = 1.0 if np.isnan(x).all() and np.isnan(y).all() else 0.0
        return Told(p, "NaN everywhere" if p else "NaN among the numbers", "", True)
    low = min(x[0], y[0])
    if max(x[-1], y[-1]) == low:
        return Told(1.0, "one value", "", True)
    if len({*np.unique(x)[:3].tolist(), *np.unique(y)[:3].tolist()}) == 2:
        return shares(int((x > low).sum()), x.size, int((y > low).sum()), y.size)
    mean, deviation = _scores(x, y)
    p, name = min(
        (_smirnov(x, y), "Kolmogorov-Smirnov"),
        (_pearson(x, y), "chi-squared"),
        (mean, "van der Waerden"),
        (deviation, "Klotz"),
    )
    spread = reach(4) * math.sqrt(1 / x.size + 1 / y.size)
    wider = found_wider(spread, min(x.size, y.size))
    finds = f"would find a mean moved by {spread:.2g} deviations or a deviation times {wider:.3g}"
    return Told(min(1.0, 4 * p), name, finds, spread <= MOST_MOVED and wider <= MOST_WIDER)


def shares(of_a: int, size_a: int, of_b: int, size_b: int) -> Told:
    """Return what is told of two counts, each of a size (Fisher's exact test)."""
    p = exact(of_a, size_a, of_b, size_b)
    share = (of_a + of_b) / (size_a + size_b)
    other = _other_share(share, size_a, size_b)
    return Told(
        p, "Fisher", f"would find a share of {other:.3g} in place of {share:.3g}", abs(other - share) <= MOST_RATE
    )


def _other_share(share: float, size_a: int, size_b: int) -> float:
    """Return the nearest share, in the direction of one half, that is told from one; by the arcsine of its root."""
    far = reach(1) / 2 * math.sqrt(1 / size_a + 1 / size_b)
    angle = math.asin(math.sqrt(min(share, 1 - share)))
    other = math.sin(min(angle + far, math.pi / 2)) ** 2
    return other if share <= 0.5 else 1 - other


def exact(of_a: int, size_a: int, of_b: int, size_b: int) -> float:
    """Return Fisher's two-sided p of two counts: twice the smaller tail of the hypergeometric distribution."""
    total, whole = of_a + of_b, size_a + size_b
    least, most = max(0, total - size_b), min(total, size_a)
    if least == most:
        return 1.0
    ways = np.arange(least, most + 1, dtype=np.float64)
    logs = _ways(size_a, ways) + _ways(size_b, total - ways) - _ways(whole, np.float64(total))
    chances = np.exp(logs)
    at = of_a - least
    return float(min(1.0, 2 * min(chances[: at + 1].sum(), chances[at:].sum())))


def _ways(size: int, chosen: Any) -> Any:
    """Return the logarithm of how many ways there are to choose so many."""
    return gammaln(size + 1) - gammaln(chosen + 1) - gammaln(size - chosen + 1)


def by_column(a: Array, b: Array) -> float:
    """Return the smallest p of Kolmogorov and Smirnov's test over the columns of two matrices, times their number.

    Rows are independent draws; both have the same columns.
    """
    size_a, size_b = len(a), len(b)
    values = np.concatenate([a, b])
    order = np.argsort(values, axis=0, kind="stable")
    steps = np.where(order < size_a, 1 / size_a, -1 / size_b).cumsum(axis=0)
    ranked = np.take_along_axis(values, order, axis=0)
    steps[:-1][ranked[:-1] == ranked[1:]] = 0.0  # within a tie no step counts
    gap = np.abs(steps).max(axis=0)
    return float(min(1.0, gap.size * _asymptotic(gap.max(), size_a, size_b)))


def binned(a: Array, b: Array) -> tuple[Array, Array]:
    """Return how many numbers of each row of two matrices fall into each bin; all together fill them equally."""
    edges = _edges(a, b)
    counts = [[np.bincount(np.searchsorted(edges, row), minlength=edges.size + 1) for row in one] for one in (a, b)]
    return np.array(counts[0]), np.array(counts[1])


def _edges(a: Array, b: Array) -> Array:
    """Return what parts the bins that two lots of numbers fill equally together."""
    pooled = np.sort(np.concatenate([a, b]), axis=None)
    return np.unique(pooled[np.linspace(0, pooled.size - 1, BINS + 1).astype(int)[1:-1]])


def of_means(a: Array, b: Array) -> float:
    """Return p of how far the columns' means of two matrices lie apart, all columns together.

    Rows are independent draws, and may be dealt to the two sides in any way: of the squared distance under 400 of these
    the mean and the variance are taken, and the tail of the gamma distribution that has them.
    """
    values = np.concatenate([a, b]).astype(np.float64)
    sides = np.where(np.arange(len(values)) < len(a), 1 / len(a), -1 / len(b))
    random = np.random.RandomState(0)
    dealt = np.array([sides, *(random.permutation(sides) for _ in range(400))])
    apart = ((dealt @ (values - values.mean(axis=0))) ** 2).sum(axis=1)
    mean, variance = apart[1:].mean(), apart[1:].var()
    if variance <= 0:
        return 1.0
    return float(gammaincc(mean**2 / variance, apart[0] * mean / variance))


def _scores(x: Array, y: Array) -> tuple[float, float]:
    """Return the two-sided p of the mean and of the deviation of normal scores, sorted numbers given.

    A linear rank statistic has under permutation the mean and the variance that are used here (Hajek and Sidak, Theory
    of Rank Tests, II.3.1); ties share the mean of their ranks.
    """
    pooled = np.sort(np.concatenate([x, y]))
    size = pooled.size
    ranks = (np.searchsorted(pooled, x, "left") + np.searchsorted(pooled, x, "right") + 1) / 2
    every = (np.searchsorted(pooled, pooled, "left") + np.searchsorted(pooled, pooled, "right") + 1) / 2
    found = []
    for power in (1, 2):
        scores, all_scores = (ndtri(part / (size + 1)) ** power for part in (ranks, every))
        variance = x.size * y.size / size * all_scores.var(ddof=1)
        gap = abs(scores.sum() - x.size * all_scores.mean())
        found.append(float(2 * ndtr(-gap / math.sqrt(variance))) if variance > 1e-12 * size else 1.0)
    return found[0], found[1]


def _smirnov(x: Array, y: Array) -> float:
    points = np.concatenate([x, y])
    gap = np.abs(np.searchsorted(x, points, "right") / x.size - np.searchsorted(y, points, "right") / y.size).max()
    return _asymptotic(gap, x.size, y.size)


def _asymptotic(gap: float, size_a: int, size_b: int) -> float:
    """Return the asymptotic p of a gap of two samples (Press et al., Numerical Recipes, section 14.3)."""
    root = np.sqrt(size_a * size_b / (size_a + size_b))
    return float(kolmogorov((root + 0.12 + 0.11 / root) * gap))


def _pearson(x: Array, y: Array) -> float:
    """Return p of the chi-squared test on the counts of two sorted samples in bins of their union."""
    edges = _edges(x, y)
    counts = np.array([np.bincount(np.searchsorted(edges, v, "left"), minlength=edges.size + 1) for v in (x, y)])
    counts = counts[:, counts.sum(axis=0) > 0]
    if counts.shape[1] < 2:
        return 1.0
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    return float(chdtrc(counts.shape[1] - 1, ((counts - expected) ** 2 / expected).sum()))

"""Redraw tests: whether two random draws that differ in their bits come from the same distribution.

Each stage that draws has the test that fits what it draws; the page on redraws in docs/decisions gives the power of
each and what it cannot see.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, erfc, kolmogorov

from tfmatrix.compare.stages import RANDOM
from tfmatrix.records import MOST_SEEDS
from tfmatrix.store.fingerprints import evenly

Array = NDArray[Any]

ALPHA = 1e-6
"""Chance that a test calls one distribution two. A matrix of fourteen releases makes about a thousand of these tests,
so a false "different" comes up in one matrix of a thousand."""

BINS = 24
"""Equally filled bins of the chi-squared test. With 3,000 numbers a side, a uniform and a normal distribution of one
mean and variance come out at p < 1e-30, where Kolmogorov's test gives 1e-4."""


LEAST_NUMBERS = 32
"""With fewer numbers a side no test has power, and none is made: a stage is never redrawn by assumption."""

WANTED_NUMBERS, WANTED_OF_RUNS = 1024, 64
"""Numbers a side that initial values are to be tested by: of the smallest tensor that differs, drawn under as many
seeds as make so many. The second where each seed takes a run of its own."""

LEAST_SEEDS = 2


class Redraw(NamedTuple):
    """Whether a stage is another draw of the same distribution, and what was found."""

    same: bool
    evidence: str


class Draws(NamedTuple):
    """Two arrays of one stage, of one shape and dtype, and what is drawn there under other seeds."""

    a: Array
    b: Array
    a_more: Array | None = None
    """Draws under other seeds, stacked along a first axis."""
    b_more: Array | None = None


def seeds_for(elements: int, *, one_run_each: bool) -> int:
    """Return under how many other seeds a tensor of so many elements is to be drawn: a power of two."""
    wanted = (WANTED_OF_RUNS if one_run_each else WANTED_NUMBERS) / elements
    return min(MOST_SEEDS, max(LEAST_SEEDS, int(2 ** math.ceil(math.log2(wanted)))))


def judge(kind: str, a: Array, b: Array, a_more: Array | None = None, b_more: Array | None = None) -> Redraw:
    """Return whether ``b`` is a redraw of ``a``: two arrays of one stage, of one shape and dtype.

    ``a_more`` and ``b_more`` are draws of the same stage under other seeds, stacked along a first axis.
    """
    if a.dtype != b.dtype or a.shape != b.shape:
        return Redraw(False, f"{a.dtype.name} {a.shape} became {b.dtype.name} {b.shape}")
    if a.dtype.kind in "OSU":
        return Redraw(False, "strings are not drawn")
    return TESTS[RANDOM[kind]](Draws(a, b, a_more, b_more))


def same_distribution(a: Array, b: Array) -> tuple[float, str]:
    """Return the p-value that two samples come from one distribution, and which test gave it.

    The smaller of Kolmogorov-Smirnov's (asymptotic) and Pearson's chi-squared over equally filled bins, doubled
    (Bonferroni). Any shape; elements are taken as independent.
    """
    x, y = (np.sort(np.asarray(values, np.float64).ravel()) for values in (a, b))
    if np.isnan(x).any() or np.isnan(y).any():
        return (1.0, "all NaN") if np.isnan(x).all() and np.isnan(y).all() else (0.0, "NaN")
    smirnov, pearson = _smirnov(x, y), _pearson(x, y)
    name = "Kolmogorov-Smirnov" if smirnov < pearson else "chi-squared"
    return min(1.0, 2 * min(smirnov, pearson)), name


def _smirnov(x: Array, y: Array) -> float:
    """Return the asymptotic p of two sorted samples (Press et al., Numerical Recipes, section 14.3)."""
    points = np.concatenate([x, y])
    gap = np.abs(np.searchsorted(x, points, "right") / x.size - np.searchsorted(y, points, "right") / y.size).max()
    root = np.sqrt(x.size * y.size / (x.size + y.size))
    return float(kolmogorov((root + 0.12 + 0.11 / root) * gap))


def _pearson(x: Array, y: Array) -> float:
    """Return p of the chi-squared test on the counts of two sorted samples in bins of their union."""
    pooled = np.sort(np.concatenate([x, y]))
    edges = np.unique(pooled[np.linspace(0, pooled.size - 1, BINS + 1).astype(int)[1:-1]])
    counts = np.array([np.bincount(np.searchsorted(edges, v, "left"), minlength=edges.size + 1) for v in (x, y)])
    counts = counts[:, counts.sum(axis=0) > 0]
    if counts.shape[1] < 2:
        return 1.0
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    return float(chdtrc(counts.shape[1] - 1, ((counts - expected) ** 2 / expected).sum()))


def _order(draws: Draws) -> Redraw:
    """Judge an order of row numbers: the same rows, each as far from its place as in the baseline (two samples).

    How far rows go tells a shuffle over a smaller buffer, or none, from another shuffle.
    """
    a, b = draws[:2]
    if not np.array_equal(np.sort(a, axis=None), np.sort(b, axis=None)):
        return Redraw(False, f"other rows, or in other numbers, {a.size} against {b.size}")
    if a.size < LEAST_NUMBERS:
        return Redraw(False, f"the same {a.size} rows in another order, too few to tell by")
    p, name = same_distribution(_displacements(a), _displacements(b))
    return Redraw(p >= ALPHA, f"the same {a.size} rows in another order, {name} p = {p:.2g} for how far they moved")


def _displacements(order: Array) -> Array:
    """Return how far each row stands from its place; where each row comes several times, in a pass of its own."""
    rows, ranks = np.unique(order, return_inverse=True)
    return np.asarray(ranks.ravel() - np.arange(order.size) % rows.size)


def _mask(draws: Draws) -> Redraw:
    """Judge a dropout mask: the same values, and kept shares that one probability explains (two-proportion z test)."""
    a, b = draws[:2]
    if not np.array_equal(np.unique(a), np.unique(b)):
        return Redraw(False, f"mask values {np.unique(a)[:3]} became {np.unique(b)[:3]}")
    kept = [np.count_nonzero(mask) / mask.size for mask in (a, b)]
    spread = np.sqrt(np.mean(kept) * (1 - np.mean(kept)) * 2 / a.size)
    p = float(erfc(abs(kept[0] - kept[1]) / spread / np.sqrt(2))) if spread else 1.0
    return Redraw(p >= ALPHA, f"kept {kept[0]:.1%} and {kept[1]:.1%} of {a.size} (p = {p:.2g})")


def _seed(draws: Draws) -> Redraw:
    """Judge what a generator would draw next, or TensorFlow's own seed, which is one integer."""
    a, b = draws[:2]
    if a.size == 1:
        return Redraw(True, f"seed {a.ravel()[0]} became {b.ravel()[0]}")
    return _draw(draws)


def _draw(draws: Draws) -> Redraw:
    """Judge plain draws by the two samples."""
    a, b = draws[:2]
    if a.dtype.kind == "c":
        a, b = a.view(a.real.dtype), b.view(b.real.dtype)
    if a.size < LEAST_NUMBERS:
        return Redraw(False, f"{a.size} numbers are too few to tell by")
    p, name = same_distribution(a, b)
    return Redraw(p >= ALPHA, f"{name} p = {p:.2g}, {a.size} numbers")


def _initial(draws: Draws) -> Redraw:
    """Judge initial values: this draw and those under other seeds against the baseline's under other seeds."""
    a, b, a_more, b_more = draws
    if a.size > 1 and np.array_equal(np.sort(a, axis=None), np.sort(b, axis=None)):
        return Redraw(False, f"the same {a.size} values in other places")
    if a_more is None or b_more is None or not a_more.size:
        return Redraw(False, "not drawn under other seeds, so its distribution is unknown")
    seeds = len(b_more)
    # A script that sets its own seed draws the same under every other: that is one draw, however often it is counted.
    a_more, b_more = _distinct(a_more), _distinct(b_more)
    if min(a_more.size, b_more.size) < LEAST_NUMBERS:
        return Redraw(False, f"{min(a_more.size, b_more.size)} numbers are too few to tell by")
    p, name = same_distribution(a_more, _distinct(np.concatenate([evenly(b).reshape(1, -1), b_more])))
    told = f"{seeds} seeds a side" if len(a_more) > 1 else "the same under every seed"
    return Redraw(p >= ALPHA, f"{name} p = {p:.2g}, {told}, {a_more.size} numbers")


def _distinct(draws: Array) -> Array:
    """Return draws that are stacked along a first axis, each once."""
    return np.unique(draws.reshape(len(draws), -1), axis=0)


TESTS: Mapping[str, Callable[[Draws], Redraw]] = {
    "order": _order,
    "mask": _mask,
    "seed": _seed,
    "numbers": _draw,
    "initial values": _initial,
}
"""The test that fits what a stage draws, by the word in the stage's row."""

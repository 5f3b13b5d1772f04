"""The redraw tests' figures: the p-values that independent code gives, and what each test would find."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tfmatrix.compare import p_values

BINS = 24
"""What docs/decisions says of the tests: written out here, so that it is not changed unnoticed."""


def numbers(seed: int, *shape: int) -> Any:
    """Return normal draws."""
    return np.random.RandomState(seed).standard_normal(shape)


def smirnov(a: Any, b: Any) -> float:
    """Return Stephens's form of Kolmogorov's p."""
    root = np.sqrt(a.size * b.size / (a.size + b.size))
    return float(stats.kstwobign.sf((root + 0.12 + 0.11 / root) * stats.ks_2samp(a, b).statistic))


def pearson(a: Any, b: Any) -> float:
    """Return the p of the table of equally filled bins."""
    pooled = np.sort(np.concatenate([a, b]))
    edges = [pooled[int(place * (pooled.size - 1) / BINS)] for place in range(1, BINS)]
    table = [np.histogram(-sample, [-np.inf, *sorted(-np.array(edges)), np.inf])[0] for sample in (a, b)]
    filled = np.array(table)[:, np.sum(table, axis=0) > 0]
    return float(stats.chi2_contingency(filled, correction=False).pvalue)


def of_scores(a: Any, b: Any, power: int) -> float:
    """Return the normal p of the sum of scores of one side, against 4,000 random deals of them."""
    ranks = stats.rankdata(np.concatenate([a, b]))
    scores = stats.norm.ppf(ranks / (ranks.size + 1)) ** power
    random = np.random.RandomState(1)
    dealt = np.array([random.permutation(scores)[: a.size].sum() for _ in range(4000)])
    return float(2 * stats.norm.sf(abs(scores[: a.size].sum() - dealt.mean()) / dealt.std()))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("sizes", [(200, 200), (200, 300)])
@pytest.mark.parametrize("change", ["wider", "moved", "other shape", "rounded"])
def test_the_smallest_of_four_independent_tests_counts(seed: int, sizes: tuple[int, int], change: str) -> None:
    """The p-value is four times the smallest of what SciPy, or dealing the numbers anew, says of the two lots."""
    a, b = numbers(seed, sizes[0]), numbers(seed + 50, sizes[1])
    b = {
        "wider": b * 1.3,
        "moved": b + 0.25,
        "other shape": np.random.RandomState(seed).uniform(-1.7, 1.7, sizes[1]),
        "rounded": b.round(1),
    }[change]
    a = a.round(1) if change == "rounded" else a
    told = p_values.numbers(a, b)
    exact = {"Kolmogorov-Smirnov": smirnov(a, b), "chi-squared": pearson(a, b)}
    dealt = {"van der Waerden": of_scores(a, b, 1), "Klotz": of_scores(a, b, 2)}
    p = min(1, 4 * (exact | dealt)[told.test])
    if told.test in exact or p == 1:
        assert told.p == pytest.approx(p, rel=1e-9)
    else:  # as far as 4,000 deals tell
        assert stats.norm.isf(told.p / 8) == pytest.approx(stats.norm.isf(p / 8), rel=0.04)
    assert told.p <= 4 * min(*exact.values(), *(2 * p for p in dealt.values())) + 1e-9


def test_each_test_sees_something_best() -> None:
    """A moved mean, another deviation, and another shape of the same two are each told by a test of their own."""
    a, b = numbers(0, 3000), numbers(1, 3000)
    uniform = np.random.RandomState(1).uniform(-(3**0.5), 3**0.5, 3000)
    assert [p_values.numbers(a, one).test for one in (b + 0.3, b * 1.3, uniform)] == [
        "van der Waerden", "Klotz", "chi-squared",
    ]  # fmt: skip


@pytest.mark.parametrize("size", [256, 1024, 2**13])
def test_what_would_be_found_is_found(size: int) -> None:
    """A mean moved, a deviation times so much, or a rate off by as much as is said is found 95 times in 100."""
    found = {"moved": 0, "wider": 0, "rate": 0}
    for seed in range(40):
        a, b = numbers(seed, size), numbers(seed + 1000, size)
        spread = p_values.reach(4) * math.sqrt(2 / size)
        told = p_values.numbers(a, b + spread)
        assert told.finds.startswith(f"would find a mean moved by {spread:.2g} deviations or a deviation times ")
        found["moved"] += not told.same
        found["wider"] += not p_values.numbers(a, b * p_values.found_wider(spread, size)).same
        kept = a > 0
        other = float(p_values.numbers(kept, b > 0).finds.split()[5])
        found["rate"] += not p_values.numbers(kept, numbers(seed + 2000, size) > stats.norm.isf(other)).same
    assert min(found.values()) >= 35, found


@pytest.mark.parametrize("draw", ["normal", "uniform", "cauchy", "poisson", "mask", "rare mask"])
def test_two_draws_of_one_distribution_are_told_apart_as_seldom_as_is_said(draw: str) -> None:
    """Whatever the distribution is: of 2,000 pairs at most one in a hundred has p below 0.01."""
    low = 0
    for seed in range(2000):
        random = np.random.RandomState(seed)
        a, b = {
            "normal": lambda r=random: r.standard_normal((2, 256)),
            "uniform": lambda r=random: r.random_sample((2, 256)),
            "cauchy": lambda r=random: r.standard_cauchy((2, 256)),
            "poisson": lambda r=random: r.poisson(4, (2, 256)),
            "mask": lambda r=random: r.random_sample((2, 256)) < 0.5,
            "rare mask": lambda r=random: r.random_sample((2, 256)) < 0.02,
        }[draw]()
        low += p_values.numbers(a, b).p < 0.01
    assert low <= 32, low  # 20, and 2.7 deviations of it


def test_equal_samples_have_a_p_value_of_one() -> None:
    """Nothing speaks against one distribution where all numbers are one, or all are NaN."""
    assert p_values.numbers(np.zeros(50), np.zeros(50))[:2] == (1, "one value")
    assert p_values.numbers(np.full(50, np.nan), np.full(50, np.nan))[:2] == (1, "NaN everywhere")


@pytest.mark.parametrize("share", [1 / 50, 1.0])
def test_nan_on_one_side_is_never_one_distribution(share: float) -> None:
    """One NaN among numbers is enough, on either side."""
    whole, holed = numbers(0, 50), numbers(1, 50)
    holed[: round(share * holed.size)] = np.nan
    assert p_values.numbers(whole, holed)[:2] == (0, "NaN among the numbers")
    assert p_values.numbers(holed, whole)[:2] == (0, "NaN among the numbers")


@pytest.mark.parametrize(("first", "second"), [(500, 530), (500, 600), (10, 30), (999, 980), (0, 12), (0, 0)])
def test_two_shares_have_the_p_value_of_their_table(first: int, second: int) -> None:
    """Shares are compared as by Fisher's exact test: twice the smaller tail of SciPy's."""
    table = [[first, 1000 - first], [second, 1000 - second]]
    tails = [stats.fisher_exact(table, alternative=way).pvalue for way in ("less", "greater")]
    told = p_values.shares(first, 1000, second, 1000)
    assert told.p == pytest.approx(min(1, 2 * min(tails)), rel=1e-6)
    if first + second:
        masks = [np.arange(1000) < kept for kept in (first, second)]
        assert p_values.numbers(*masks) == told


def test_a_rate_that_is_rare_is_told_by_its_count() -> None:
    """What would be found of a rate of one in a thousand is not what a normal distribution says."""
    told = p_values.shares(1, 1000, 1, 1000)
    assert told.finds == "would find a share of 0.0339 in place of 0.001"
    assert p_values.shares(999, 1000, 999, 1000).finds == "would find a share of 0.966 in place of 0.999"
    assert not p_values.shares(5, 10, 5, 10).enough
    assert p_values.shares(5000, 10000, 5000, 10000).enough


def test_columns_are_compared_as_each_by_itself() -> None:
    """The smallest p of all columns, times their number, ties among them."""
    random = np.random.RandomState(0)
    a, b = random.randint(0, 6, (12, 5)), random.randint(0, 6, (9, 5))
    b[:, 3] += 5
    each = [smirnov(a[:, column], b[:, column]) for column in range(5)]
    assert p_values.by_column(a, b) == pytest.approx(min(1, 5 * min(each)), rel=1e-9)
    assert p_values.by_column(a, a) == 1


def test_means_of_all_columns_together() -> None:
    """Draws of one distribution have any p, and a small shift of every column is found."""
    low = 0
    for seed in range(300):
        random = np.random.RandomState(seed)
        a, b = random.standard_normal((2, 16, 20))
        low += p_values.of_means(a, b) < 0.05
        if seed < 10:
            assert p_values.of_means(a, b + np.where(np.arange(20) % 2, 0.9, -0.9)) < 1e-6
    assert 3 <= low <= 30
    assert p_values.of_means(np.ones((9, 3)), np.ones((9, 3))) == 1


def test_of_very_many_numbers_evenly_spaced_ones_are_taken() -> None:
    """A test takes no longer than it has to, and says by how many it is."""
    a, b = numbers(0, 2**19), numbers(1, 2**19)
    told = p_values.numbers(a, b)
    spread = p_values.reach(4) * math.sqrt(2 / p_values.MOST_NUMBERS)
    assert told.same
    assert f"moved by {spread:.2g}" in told.finds


def test_what_a_test_saw_is_said_in_words() -> None:
    """With the test's name and p behind it; where none was made, what there is instead."""
    few, more = np.arange(200.0), np.arange(200.0) * 3
    assert p_values.numbers(few, few).seen.startswith("no sign of another ")
    assert p_values.numbers(few, few + 1e3).seen.startswith("another ")
    assert re.fullmatch(
        r"another (deviation|distribution) \([A-Za-z -]+, p = [0-9.e-]+\)", p_values.numbers(few, more).seen
    )
    assert p_values.shares(1, 1000, 500, 1000).seen.startswith("another share (Fisher, p = ")
    assert p_values.numbers(np.ones(50), np.ones(50)).seen == "one value"


def test_every_test_has_a_word() -> None:
    """Whichever of them gives the least p."""
    draw = np.random.RandomState(0)
    found = {p_values.numbers(draw.normal(size=300), draw.normal(m, d, size=300)).test for m in (0, 2) for d in (1, 3)}
    assert found <= set(p_values.OF)

"""The redraw tests' figures: the p-values that independent code gives, and what each refusal says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import kolmogorov
from scipy.stats import chi2_contingency, ks_2samp

from tfmatrix.compare.redraw import judge, same_distribution

BINS, LEAST_NUMBERS = 24, 32
"""What docs/decisions says of the tests: written out here, so that neither is changed unnoticed."""


def numbers(seed: int, *shape: int) -> Any:
    """Return normal draws."""
    return np.random.RandomState(seed).standard_normal(shape)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("sizes", [(200, 200), (200, 300)])
def test_two_samples_have_the_p_value_of_independent_tests(seed: int, sizes: tuple[int, int]) -> None:
    """The p-value is twice the smaller of SciPy's two: Stephens's form of Kolmogorov's, and the table of equal bins."""
    a, b = numbers(seed, sizes[0]), numbers(seed + 50, sizes[1]) * 1.2
    root = np.sqrt(a.size * b.size / (a.size + b.size))
    smirnov = kolmogorov((root + 0.12 + 0.11 / root) * ks_2samp(a, b).statistic)

    pooled = np.sort(np.concatenate([a, b]))
    edges = [pooled[int(place * (pooled.size - 1) / BINS)] for place in range(1, BINS)]
    table = [np.histogram(-sample, [-np.inf, *sorted(-np.array(edges)), np.inf])[0] for sample in (a, b)]
    pearson = chi2_contingency(np.array(table), correction=False).pvalue

    p, name = same_distribution(a, b)
    assert p == pytest.approx(min(1, 2 * min(smirnov, pearson)), rel=1e-9)
    assert name == ("Kolmogorov-Smirnov" if smirnov < pearson else "chi-squared")


def test_both_tests_are_the_smaller_one_for_some_samples() -> None:
    """A shifted sample is told by Kolmogorov's test, and one of another shape by the bins."""
    assert same_distribution(numbers(0, 500), numbers(1, 500) + 0.3)[1] == "Kolmogorov-Smirnov"
    assert same_distribution(numbers(0, 3000), np.random.RandomState(1).uniform(-1.7, 1.7, 3000))[1] == "chi-squared"


def test_equal_samples_have_a_p_value_of_one() -> None:
    """Nothing speaks against one distribution where all numbers are one, or all are NaN."""
    assert same_distribution(np.zeros(50), np.zeros(50))[0] == 1
    assert same_distribution(np.full(50, np.nan), np.full(50, np.nan)) == (1, "all NaN")


@pytest.mark.parametrize("share", [1 / 50, 1.0])
def test_nan_on_one_side_is_never_one_distribution(share: float) -> None:
    """One NaN among numbers is enough, on either side."""
    whole, holed = numbers(0, 50), numbers(1, 50)
    holed[: round(share * holed.size)] = np.nan
    assert same_distribution(whole, holed) == (0, "NaN")
    assert same_distribution(holed, whole) == (0, "NaN")


@pytest.mark.parametrize(("first", "second"), [(500, 530), (500, 600), (10, 30), (999, 980)])
def test_dropout_masks_have_the_p_value_of_their_table(first: int, second: int) -> None:
    """Two kept shares are compared as SciPy compares the table of kept and dropped elements."""
    masks = [(np.arange(1000) < kept) * 2.0 for kept in (first, second)]
    p = chi2_contingency([[first, 1000 - first], [second, 1000 - second]], correction=False).pvalue
    found = judge("dropout", *masks)
    assert found.evidence == f"kept {first / 1000:.1%} and {second / 1000:.1%} of 1000 (p = {p:.2g})"
    assert found.same == (p >= 1e-6)


def test_masks_that_keep_everything_are_a_redraw() -> None:
    """Where nothing is dropped on either side there is no spread, and nothing to tell the masks apart."""
    assert judge("dropout", np.ones(100), np.ones(100)) == (True, "kept 100.0% and 100.0% of 100 (p = 1)")


@pytest.mark.parametrize("lacking", ["baseline", "candidate", "both", "empty"])
def test_initial_values_need_other_seeds_of_both_sides(lacking: str) -> None:
    """Where either side was not drawn under other seeds there is nothing to judge by, and the evidence says so."""
    more = numbers(2, 3, 50)
    a_more = {"candidate": more, "empty": more[:0]}.get(lacking)
    b_more = None if lacking in {"candidate", "both"} else more
    found = judge("init", numbers(0, 50), numbers(1, 50), a_more, b_more)
    assert found == (False, "not drawn under other seeds, so its distribution is unknown")


@pytest.mark.parametrize("few", ["baseline", "candidate"])
def test_too_few_initial_values_of_either_side_are_never_a_redraw(few: str) -> None:
    """The side with fewer numbers under other seeds decides, and the limit itself is enough."""
    least, more = numbers(2, LEAST_NUMBERS, 1), numbers(3, 100, 1)
    for rows, enough in ((LEAST_NUMBERS, True), (LEAST_NUMBERS - 1, False)):
        a_more, b_more = (least[:rows], more) if few == "baseline" else (more, least[:rows])
        found = judge("init", numbers(0, 1), numbers(1, 1), a_more, b_more)
        assert ("too few to tell by" not in found.evidence) == enough
        assert found.same == enough


@pytest.mark.parametrize(
    ("kind", "a", "b", "evidence"),
    [
        ("draw", np.array(["a"]), np.array(["b"]), "strings are not drawn"),
        ("draw", numbers(0, 40), numbers(0, 41), "float64 (40,) became float64 (41,)"),
        ("shuffle", np.arange(31), np.arange(31)[::-1], "the same 31 rows in another order, too few to tell by"),
        ("shuffle", np.array([1, 2]), np.array([2, 3]), "other rows, or in other numbers, 2 against 2"),
        ("dropout", np.array([0.0, 2.0]), np.array([0.0, 4.0]), "mask values [0. 2.] became [0. 4.]"),
        ("init", np.array([1.0, 2.0]), np.array([2.0, 1.0]), "the same 2 values in other places"),
        ("init", np.array([1.0]), np.array([1.0]), "not drawn under other seeds, so its distribution is unknown"),
    ],
)
def test_what_is_no_redraw_says_why(kind: str, a: Any, b: Any, evidence: str) -> None:
    """Strings, other shapes, rows, mask values and places are refused with their reason."""
    assert judge(kind, a, b) == (False, evidence)


def test_one_seed_is_a_redraw_of_another() -> None:
    """TensorFlow's own seed is one integer, and any other is as good."""
    assert judge("seed", np.array([7]), np.array([8])) == (True, "seed 7 became 8")


def test_complex_draws_are_judged_by_their_parts() -> None:
    """Real and imaginary parts count as numbers of their own."""
    a, b = numbers(0, 50) + 1j * numbers(1, 50), numbers(2, 50) + 1j * numbers(3, 50)
    p, name = same_distribution(a.view(np.float64), b.view(np.float64))
    assert judge("draw", a, b) == (True, f"{name} p = {p:.2g}, 100 numbers")


@pytest.mark.parametrize(("kept", "same"), [(653, True), (654, False)])
def test_one_false_alarm_in_a_million_is_taken(kept: int, same: bool) -> None:
    """Two draws are held to be of one distribution down to p = 1e-6."""
    found = judge("dropout", (np.arange(1000) < 546) * 2.0, (np.arange(1000) < kept) * 2.0)
    assert found.same == same

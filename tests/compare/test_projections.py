"""Projections: what a difference has in common over all elements, in which rounding averages out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tfmatrix.compare.projections import LEAST, Projections, coherence, projections

EPS = float(np.finfo(np.float32).eps)
LIMIT = 16.0


def numbers(seed: int = 0, size: int = 4096) -> NDArray[Any]:
    """Return as many numbers of both signs as a kernel has."""
    return np.random.RandomState(seed).uniform(-1, 1, size).astype(np.float32)


def between(a: NDArray[Any], b: NDArray[Any]) -> Projections:
    """Return the structure of a difference that has one."""
    found = projections(a, b)
    assert found is not None
    return found


def rounded(a: NDArray[Any], seed: int, by: float = 4.0) -> NDArray[Any]:
    """Return the numbers, each moved by up to so many eps of itself."""
    noise = np.random.RandomState(seed).uniform(-by, by, a.shape) * EPS
    return (a.astype(np.float64) * (1 + noise)).astype(np.float32)


def found_in(b: NDArray[Any], *, equivalents: tuple[Projections, ...] = (), grain: float = 0.0) -> str:
    """Return which projection of a difference is no rounding, beside three jitters of a few eps."""
    a = numbers()
    jitters = [between(a, rounded(a, seed)) for seed in (1, 2, 3)]
    found = coherence(between(a, b), jitters, equivalents, LIMIT, grain)
    return found.what if found else ""


@pytest.mark.parametrize("seed", range(10, 40))
def test_rounding_has_no_structure(seed: int) -> None:
    """Elements that are rounded each by itself, and much coarser than the jitters, have nothing in common."""
    assert not found_in(rounded(numbers(), seed, by=100.0))


@pytest.mark.parametrize("factor", [1 + 2e-6, 1 - 2e-6])
def test_a_common_factor_is_found(factor: float) -> None:
    """A factor that is within the rounding of each element is no rounding of all."""
    assert found_in((rounded(numbers(), 9).astype(np.float64) * factor).astype(np.float32)) == "factor"


@pytest.mark.parametrize("bias", [2e-6, -2e-6])
def test_a_common_bias_is_found(bias: float) -> None:
    """What is added everywhere is no rounding, where both signs make that no factor."""
    assert found_in((rounded(numbers(), 9).astype(np.float64) + bias).astype(np.float32)) == "bias"


def test_the_rounding_of_a_few_scalars_is_no_structure() -> None:
    """All elements may be multiplied with a scalar that is rounded otherwise: up to eight eps."""
    assert not found_in((numbers().astype(np.float64) * (1 + 7 * EPS)).astype(np.float32))


@pytest.mark.parametrize("sign", [1, -1])
def test_what_an_equivalent_execution_makes_is_no_structure(sign: int) -> None:
    """The factor that another precision of a scalar makes, in either direction, is known; half as much more is not."""
    a, shift = numbers(), 6.4e-6
    known = (between(a, (a.astype(np.float64) * (1 + shift)).astype(np.float32)),)
    assert not found_in((a.astype(np.float64) * (1 + sign * shift)).astype(np.float32), equivalents=known)
    assert found_in((a.astype(np.float64) * (1 + sign * 1.5 * shift)).astype(np.float32), equivalents=known) == "factor"


def test_elements_that_are_alike_count_once() -> None:
    """A thousand elements of one magnitude are rounded as one, which is no proof of a thousand."""
    a = np.tile(np.asarray([0.3, -0.3], np.float32), 500)
    found = between(a, rounded(np.asarray(a[:1]), 1, by=30.0).repeat(1000) * np.sign(a))
    assert found.distinct == 1
    assert found.error(found.factor) == float("inf")


def test_of_a_large_tensor_some_magnitudes_are_counted() -> None:
    """A lower bound, so that a large tensor is no better known than it is; its projections are of every element."""
    a = numbers(size=2**20)
    found = between(a, times := (a.astype(np.float64) * (1 + 1e-4)).astype(np.float32))
    assert 10_000 < found.distinct <= 2**14
    assert found.factor == pytest.approx(1e-4, rel=1e-3)
    times[:] = a
    times[1] += 1.0  # between those that are counted
    assert between(a, times).rest > 0


def test_an_update_is_no_finer_than_the_weights_are() -> None:
    """The grain of what a tensor is a difference of is a rounding as well, shared by all of one magnitude."""
    spread = between(numbers(), (numbers().astype(np.float64) * (1 + 3e-6)).astype(np.float32))
    assert coherence(spread, (), (), LIMIT, grain=0.0) is not None
    assert coherence(spread, (), (), LIMIT, grain=1.0) is None


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (np.arange(4), np.arange(4) + 1),
        (np.zeros(4, np.float32), np.ones(4, np.float32)),
        (np.ones(4, np.float32), np.ones(4, np.float64)),
        (np.ones(4, np.float32), np.ones((2, 2), np.float32)),
        (np.zeros(0, np.float32), np.zeros(0, np.float32)),
        (np.full(2, np.nan, np.float32), np.ones(2, np.float32)),
    ],
)
def test_what_has_no_structure(a: NDArray[Any], b: NDArray[Any]) -> None:
    """Integers, zeros, other dtypes and shapes, nothing, and what is nowhere finite have none."""
    assert projections(a, b) is None


def test_complex_numbers_are_pairs_and_what_is_not_finite_is_left_out() -> None:
    """The factor of complex numbers is that of their parts, and an infinity is not looked at."""
    a = (numbers(1) + 1j * numbers(2)).astype(np.complex64)
    b = (a.astype(np.complex128) * (1 + 1e-3)).astype(np.complex64)
    assert between(a, b).factor == pytest.approx(1e-3, rel=1e-3)
    x = np.asarray([1.0, np.inf, 2.0], np.float32)
    assert between(x, np.asarray([2.0, 1.0, 4.0], np.float32)).factor == pytest.approx(1.0)


@given(st.floats(-1e-5, 1e-5), st.floats(-1e-5, 1e-5), st.floats(1.0, 64.0))
def test_what_is_below_the_least_floor_is_never_coherent(factor: float, bias: float, limit: float) -> None:
    """Where no projection reaches the least floor, the noise need not be looked at: nothing is found."""
    found = Projections(factor, bias, max(abs(factor), abs(bias)), 1000, 2.0**-23)
    if found.is_below(limit):
        assert coherence(found, (), (), limit) is None
    else:
        assert max(abs(factor), abs(bias)) > limit * LEAST * found.eps

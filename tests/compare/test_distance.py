"""Distances: exact, symmetric where they should be, and said where there is none."""

from __future__ import annotations

import struct
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tfmatrix.compare.arrays import CHUNK
from tfmatrix.compare.distance import measure, measure_rows

FLOATS: dict[str, tuple[Any, Any]] = {
    "float16": (np.float16, np.uint16),
    "bfloat16": (ml_dtypes.bfloat16, np.uint16),
    "float32": (np.float32, np.uint32),
    "float64": (np.float64, np.uint64),
}
OTHERS = (np.bool_, np.int8, np.uint64, np.complex64, ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2)
INFINITY = {"float16": 0x7C00, "bfloat16": 0x7F80, "float32": 0x7F800000, "float64": 0x7FF0000000000000}


def naive_ulp(name: str, a: int, b: int) -> int:
    """Return the distance of two finite bit patterns by Python's own integers: sign and magnitude, zeros together."""
    width = np.dtype(FLOATS[name][1]).itemsize * 8
    sign = 1 << (width - 1)

    def place(bits: int) -> int:
        return -(bits & (sign - 1)) if bits & sign else bits

    return abs(place(a) - place(b))


@pytest.mark.parametrize("name", FLOATS)
@given(data=st.data())
@settings(derandomize=True, max_examples=150)
def test_ulps_are_those_of_integer_arithmetic(name: str, data: st.DataObject) -> None:
    """Over the whole range, opposite signs and subnormals included, the ULP distance is the integers' difference."""
    value, bits = FLOATS[name]
    finite = st.integers(0, 2 * np.iinfo(bits).max // 2).filter(
        lambda pattern: pattern & (np.iinfo(bits).max >> 1) < INFINITY[name]
    )
    a, b = data.draw(finite), data.draw(finite)
    found = measure(np.array([a], bits).view(value), np.array([b], bits).view(value))
    assert found.max_ulp == naive_ulp(name, a, b)
    assert found.differing == (a != b)


@given(hnp.arrays(np.float32, (5, 3)), hnp.arrays(np.float32, (5, 3)))
@settings(derandomize=True, max_examples=80)
def test_what_counts_elements_is_symmetric(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> None:
    """Counts, ULPs and absolute differences are the same from either side."""
    one, other = measure(a, b), measure(b, a)
    for name in ("differing", "max_ulp", "max_abs", "zero_sign_only", "nan_payload_only", "nan_mismatch"):
        assert getattr(one, name) == getattr(other, name)


@given(hnp.arrays(hnp.floating_dtypes() | hnp.integer_dtypes() | hnp.boolean_dtypes(), hnp.array_shapes(min_side=0)))
@settings(derandomize=True, max_examples=80)
def test_an_array_is_identical_to_itself(a: np.ndarray[Any, Any]) -> None:
    """Whatever the dtype, NaNs included, and whatever the strides and byte order, nothing differs."""
    if a.dtype.itemsize > 8:  # a long double has padding and is none of TensorFlow's
        return
    turned = np.asfortranarray(a).astype(a.dtype.newbyteorder())
    for found in (measure(a, a), measure(a, turned)):
        assert found.identical
        assert found.fraction == 0


@given(place=st.integers(0, 3 * CHUNK + 6), bit=st.integers(0, 31))
@settings(derandomize=True, max_examples=60)
def test_one_bit_anywhere_is_seen(place: int, bit: int) -> None:
    """A single flipped bit in any element, at the edge of a chunk too, is one element that differs."""
    a = np.full(3 * CHUNK + 7, 1.5, np.float32)
    b = a.copy()
    b.view(np.uint32)[place] ^= np.uint32(1 << bit)
    assert measure(a, b).differing == 1
    assert not measure(a, b).identical


@st.composite
def rows_of_pairs(draw: st.DrawFn) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return two arrays [rows, columns] of any bits, some of them the same in both."""
    dtype = np.dtype(draw(st.sampled_from([*(value for value, _ in FLOATS.values()), *OTHERS])))
    shape = draw(st.integers(1, 4)), draw(st.integers(0, 5))
    bits = hnp.arrays(np.uint8, (*shape, dtype.itemsize)) if dtype != np.bool_ else hnp.arrays(np.bool_, (*shape, 1))
    a, b = (draw(bits).view(dtype)[..., 0] for _ in range(2))
    return a, np.where(draw(hnp.arrays(np.bool_, shape)), a, b)


@given(rows_of_pairs())
@settings(derandomize=True, max_examples=100)
def test_rows_are_measured_as_each_by_itself(pair: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]) -> None:
    """Many short arrays at once have the very distances of each alone, whatever their dtype and bits."""
    a, b = pair
    assert [repr(found) for found in measure_rows(a, b)] == [repr(measure(*row)) for row in zip(a, b, strict=True)]


def test_more_rows_than_a_chunk_holds_are_all_measured() -> None:
    """The rows of a second block are measured like those of the first."""
    a = np.ones((2 * CHUNK // 100, 100), np.float32)
    b = a.copy()
    b[:, 7] += np.arange(len(a), dtype=np.float32)
    assert [found.max_abs for found in measure_rows(a, b)] == list(range(len(a)))


def test_the_sign_of_zero_and_a_payload_count_and_are_told_apart() -> None:
    """-0.0 against 0.0 and one NaN against another differ, are counted as what they are, and are no distance."""
    nan, other = (np.float32(struct.unpack("<f", struct.pack("<I", bits))[0]) for bits in (0x7FC00000, 0x7FC00001))
    a, b = np.array([0.0, 1.0, nan], np.float32), np.array([-0.0, 1.0, other], np.float32)
    a.view(np.uint32)[2], b.view(np.uint32)[2] = 0x7FC00000, 0x7FC00001
    found = measure(a, b)
    assert (found.differing, found.zero_sign_only, found.nan_payload_only) == (2, 1, 1)
    assert (found.max_ulp, found.max_abs, found.scaled_error) == (0, 0.0, 0.0)


def test_nan_and_infinity_on_one_side_are_counted() -> None:
    """A NaN or an infinity against a number is a mismatch, whatever the finite elements say."""
    found = measure(np.array([np.nan, np.inf, -np.inf, 1.0]), np.array([1.0, 1.0, np.inf, 1.0]))
    assert (found.nan_mismatch, found.inf_mismatch, found.differing) == (1, 2, 3)


def test_the_scaled_error_is_relative_to_the_largest_element() -> None:
    """It is max|a - b| / (eps max|a|), so a ULP of a small element beside a large one is next to nothing."""
    a = np.array([1024.0, 1e-6], np.float32)
    b = np.array([1024.0, np.nextafter(np.float32(1e-6), np.float32(1))], np.float32)
    assert measure(a, b).max_ulp == 1
    error = measure(a, b).scaled_error
    assert error is not None
    assert error < 1e-8
    c = np.array([1024.0 + 2.0**-13, 1e-6], np.float32)
    assert measure(a, c).scaled_error == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("a", "b", "note"),
    [
        (np.zeros(3, np.float32), np.zeros(3, np.float64), "dtype float32 became float64"),
        (np.zeros(3), np.zeros((3, 1)), "shape (3,) became (3, 1)"),
        (np.zeros(0), np.zeros((0, 2)), "shape (0,) became (0, 2)"),
        (np.zeros(1, np.int32), np.array([b"a"], object), "dtype int32 became"),
    ],
)
def test_other_dtypes_and_shapes_are_said_and_not_raised(a: Any, b: Any, note: str) -> None:
    """What cannot be compared is not comparable, with the reason, and no element counts as the same."""
    found = measure(a, b)
    assert not found.comparable
    assert not found.identical
    assert found.note.startswith(note)
    assert found.fraction == 1


def test_integers_bools_strings_and_complex_numbers_are_measured() -> None:
    """Every dtype has its count; integers an exact difference, complex numbers their parts' distances."""
    assert measure(np.array([-(2**63)]), np.array([2**63 - 1])).max_abs == 2**64 - 1
    assert measure(np.array([True, False]), np.array([True, True])).differing == 1
    assert measure(np.array([b"a", b"bc"], object), np.array(["a", "bd"], object)).differing == 1
    found = measure(np.array([1 + 1j], np.complex64), np.array([1 + 2j], np.complex64))
    assert (found.differing, found.max_ulp) == (1, 2**23)


def test_the_largest_element_is_that_of_the_whole_array() -> None:
    """The scaled error is relative to the largest element of all, also where it lies far from the difference."""
    a = np.ones(2 * CHUNK, np.float32)
    a[0] = 1024.0
    b = a.copy()
    b[-1] += 2.0**-13
    assert measure(a, b).scaled_error == pytest.approx(1.0)


@pytest.mark.parametrize("sampled", [False, True])
@pytest.mark.parametrize(
    ("a", "b"),
    [
        (np.ones(3, np.float32), np.zeros(3, np.float32)),
        (np.ones(3, np.int64), np.zeros(3, np.int64)),
        (np.ones(3, np.complex64), np.zeros(3, np.complex64)),
        (np.ones(3, np.bool_), np.zeros(3, np.bool_)),
        (np.array([b"a"], object), np.array([b"b"], object)),
        (np.ones(3, np.float32), np.ones(4, np.float32)),
    ],
    ids=["floats", "integers", "complex", "bools", "strings", "not comparable"],
)
def test_a_distance_of_samples_says_so(a: Any, b: Any, sampled: bool) -> None:
    """Whatever the dtype, and where nothing can be compared too, a distance tells whether it is that of samples."""
    assert measure(a, b, sampled=sampled).sampled is sampled

"""Distances against their definition: every figure as plain Python has it, element by element."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfmatrix.compare import arrays, distance
from tfmatrix.compare.distance import Distance, measure

Array = np.ndarray[Any, Any]

DTYPES = (
    "float16", "bfloat16", "float32", "float64", "complex64", "complex128", "float8_e4m3fn", "float8_e5m2",
    "float8_e4m3b11fnuz",
)  # fmt: skip
HUGE = 1.7e308
SPECIAL = (
    0.0,
    -0.0,
    math.inf,
    -math.inf,
    math.nan,
    -math.nan,
    1.0,
    -1.0,
    1.5,
    3.0,
    4.0,
    1e-30,
    1e-5,
    -7.0,
    1.7e308,
    -1.7e308,
)


def part_of(dtype: Any) -> Any:
    """Return the dtype of a part of an element: of the element itself, but for complex numbers."""
    return np.dtype(f"f{dtype.itemsize // 2}") if dtype.kind == "c" else dtype


def eps_of(dtype: Any) -> float:
    """Return how far the next number lies from 1.0, as the dtype's own library has it."""
    return float(ml_dtypes.finfo(dtype).eps)  # type: ignore[no-untyped-call]  # ml_dtypes has no types for it


def points(dtype: Any) -> dict[bytes, int]:
    """Return of each finite pattern of a one-byte float how many numbers lie between it and zero, with its sign."""
    values = np.arange(256, dtype=np.uint8).view(dtype)
    finite = sorted({abs(float(value)) for value in values if math.isfinite(float(value))} | {0.0})
    return {
        value.tobytes(): int(math.copysign(finite.index(abs(float(value))), float(value)))
        for value in values
        if math.isfinite(float(value))
    }


def place(value: Any, table: dict[bytes, int]) -> int:
    """Return where a finite number stands among all numbers of its dtype, zero being at 0."""
    if table:
        return table[value.tobytes()]
    bits = int.from_bytes(value.tobytes(), "little")
    sign = 1 << (8 * value.itemsize - 1)
    return -(bits & (sign - 1)) if bits & sign else bits


def rounded(exact: Fraction) -> float:
    """Return a number in float64, which may be infinity there."""
    try:
        return float(exact)
    except OverflowError:
        return math.inf


def defined(a: Array, b: Array) -> Distance:
    """Return what the fields of a distance are defined as, for two arrays of floats of one shape."""
    part = part_of(a.dtype)
    table = points(part) if part.itemsize == 1 else {}
    eps = Fraction(eps_of(part))
    count = dict.fromkeys(("differing", "zero_sign_only", "nan_payload_only", "nan_mismatch", "inf_mismatch"), 0)
    ulp, apart, largest = 0, Fraction(0), Fraction(0)
    for x, y in zip(a.ravel(), b.ravel(), strict=True):
        kinds = set()
        for p, q in zip(np.array([x]).view(part), np.array([y]).view(part), strict=True):
            u, v = float(p), float(q)
            if math.isfinite(u) and math.isfinite(v):
                ulp = max(ulp, abs(place(p, table) - place(q, table)))
                apart = max(apart, abs(Fraction(u) - Fraction(v)))
                largest = max(largest, abs(Fraction(u)))
            if p.tobytes() == q.tobytes():
                continue
            if math.isnan(u) or math.isnan(v):
                kinds.add("nan_payload_only" if math.isnan(u) and math.isnan(v) else "nan_mismatch")
            elif math.isinf(u) or math.isinf(v):
                kinds.add("inf_mismatch")
            else:
                kinds.add("zero_sign_only" if u == v else "number")
        count["differing"] += bool(kinds)
        for name in ("nan_mismatch", "inf_mismatch"):
            count[name] += name in kinds
        for name in ("zero_sign_only", "nan_payload_only"):
            count[name] += kinds == {name}
    scaled = rounded(apart / largest / eps) if largest and rounded(apart) < math.inf else math.inf
    figures: dict[str, Any] = {
        "elements": a.size,
        "max_ulp": ulp,
        "max_abs": rounded(apart),
        "scaled_error": scaled if apart else 0.0,
    }
    figures |= count
    return Distance(True)._replace(dtype=a.dtype.name, **figures)


@st.composite
def pairs(draw: st.DrawFn, name: str) -> tuple[Array, Array]:
    """Return two arrays of floats, many elements of which are special, the same in both, or next to each other."""
    dtype = np.dtype(getattr(ml_dtypes, name, name))
    part = part_of(dtype)
    bits = np.dtype(f"u{part.itemsize}")
    length = draw(st.integers(1, 14)) * (dtype.itemsize // part.itemsize)
    with np.errstate(over="ignore"):
        special = st.sampled_from([int(np.array(each).astype(part).view(bits)) for each in SPECIAL])
    # The mantissa's last bit turns an infinity into a NaN, and one NaN into another.
    pattern = st.one_of(special, special.map(lambda at: at ^ 1), st.integers(0, int(np.iinfo(bits).max)))
    a = np.array(draw(st.lists(pattern, min_size=length, max_size=length)), bits)
    b = np.array(draw(st.lists(pattern, min_size=length, max_size=length)), bits)
    near = draw(st.lists(st.sampled_from([0, 0, 0, 1, 2]), min_size=length, max_size=length))
    b = np.where(np.array(near) == 0, a, np.where(np.array(near) == 1, a ^ bits.type(1), b))
    return a.view(dtype), b.view(dtype)


@pytest.mark.parametrize("name", DTYPES)
@given(data=st.data())
@settings(derandomize=True, max_examples=60, deadline=None)
def test_every_figure_is_what_it_is_defined_as(name: str, data: st.DataObject) -> None:
    """Counts and largest distances are those of the definition, whatever the elements and in whichever chunk."""
    a, b = data.draw(pairs(name))
    with pytest.MonkeyPatch.context() as patch:
        for module in (arrays, distance):
            patch.setattr(module, "CHUNK", 8)
        found = measure(a, b)
    expected = defined(a, b)
    assert found._replace(max_abs=0, scaled_error=0) == expected._replace(max_abs=0, scaled_error=0)
    assert found.max_abs == expected.max_abs
    # float64 underflows where the difference is among its smallest numbers, which is far below any noise floor.
    assert found.scaled_error == pytest.approx(expected.scaled_error, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.complex64, ml_dtypes.float8_e5m2])
def test_what_is_not_finite_and_the_same_in_both_scales_nothing(dtype: Any, value: float) -> None:
    """An infinity or a NaN far from the difference is not taken for the largest element."""
    a = np.ones(2 * arrays.CHUNK, dtype)
    b = a.copy()
    b[-1] = 1.5
    plain = measure(a, b)
    a[:2], b[:2] = value, value
    assert measure(a, b) == plain
    assert plain.scaled_error == 0.5 / eps_of(part_of(np.dtype(dtype)))


@pytest.mark.parametrize("order", [1, -1])
def test_what_float32_rounds_alike_is_told_apart_in_another_chunk(order: int) -> None:
    """Of differences that are one number in float32 the largest is found in float64, in whichever chunk it lies."""
    a = np.zeros(2 * arrays.CHUNK, np.float32)
    b = a.copy()
    a[[5, -5][::order]] = 1.0
    b[[5, -5][::order]] = [-(2.0**-26), -(2.0**-25)]
    assert measure(a, b).max_abs == 1 + 2.0**-25


@pytest.mark.parametrize(
    ("a", "b", "max_abs"),
    [
        (np.array([1, 5], np.int8), np.array([1, -100], np.int8), 105),
        (np.array([-128], np.int8), np.array([127], np.int8), 255),
        (np.array([7], np.uint64), np.array([2**64 - 1], np.uint64), 2**64 - 8),
        (np.array([-8], ml_dtypes.int4), np.array([7], ml_dtypes.int4), 15),
        (np.array([0], ml_dtypes.uint4), np.array([15], ml_dtypes.uint4), 15),
    ],
)
def test_integers_are_exactly_as_far_apart_as_they_are(a: Array, b: Array, max_abs: int) -> None:
    """The difference of the farthest two never wraps, whichever of the two arrays has the larger one."""
    for found in (measure(a, b), measure(b, a)):
        assert (found.max_abs, found.differing, found.max_ulp, found.scaled_error) == (max_abs, 1, None, None)
        assert found.dtype == a.dtype.name


@pytest.mark.parametrize(
    ("a", "b", "fraction"),
    [
        (np.zeros(4), np.array([0.0, 0.0, 0.0, 1.0]), 0.25),
        (np.zeros(4), np.ones(4), 1.0),
        (np.zeros(0), np.zeros(0), 0.0),
        (np.zeros(0), np.zeros(3), 1.0),
    ],
)
def test_the_fraction_is_the_share_of_elements_that_differ(a: Array, b: Array, fraction: float) -> None:
    """Nothing of two empty arrays differs, and all of what cannot be compared."""
    assert measure(a, b).fraction == fraction
    assert measure(a, b).elements == max(a.size, b.size)


@pytest.mark.parametrize(
    ("strange", "kind"), [(np.array([b"a", None], object), "NoneType"), (np.array([1, "a"], object), "int")]
)
def test_an_object_that_is_no_string_is_named(strange: Array, kind: str) -> None:
    """An element without bytes of its own is told by its type, on whichever side it stands."""
    text = np.array(["a", "b"], object)
    for found in (measure(strange, text), measure(text, strange)):
        assert (found.comparable, found.differing) == (False, 2)
        assert found.note == f"dtype object holds {kind}, which has no bits to compare"
    assert measure(text, np.ones(2)).note == "dtype string became float64"


def test_a_lone_surrogate_is_told_from_another_and_strings_of_any_kind_are_one_dtype() -> None:
    """Strings are compared by their bytes, whatever holds them, and what is no UTF-8 too."""
    assert measure(np.array(["\ud800"], object), np.array(["\ud801"], object)).differing == 1
    assert measure(np.array(["a"]), np.array([b"a"])).identical
    assert measure(np.array(["a"], object), np.array([b"b"])).dtype == ""

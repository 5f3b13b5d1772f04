"""Distances: how far two tensors lie apart, measured in one pass over chunks that fit the CPU's cache."""

from __future__ import annotations

from itertools import repeat
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np

from tfmatrix.compare.arrays import CHUNK, chunks, is_string, native, obstacle, same_bits, strings_apart
from tfmatrix.compare.ulp import Array, Format, format_of, ordinals, widest


class Distance(NamedTuple):
    """How far two tensors lie apart; the digest decides *whether* they differ, this explains *how much*.

    Counts are of elements, and a complex element differs where either part does; it is ``..._only`` where
    each part that differs does so only in that way. The largest distances, and the max|a| that one is scaled
    by, are over parts, and over *finite pairs*: those where both numbers are finite. Where no finite pair
    differs they are 0.
    """

    comparable: bool
    """False where dtype or shape differ, which ``note`` then names: every element counts as differing."""
    note: str = ""
    elements: int = 0
    differing: int = 0
    """By bits: -0.0 and NaN payloads count."""
    zero_sign_only: int = 0
    nan_payload_only: int = 0
    nan_mismatch: int = 0
    """NaN in one of the two only."""
    inf_mismatch: int = 0
    """An infinity against anything but the same infinity or a NaN."""
    max_ulp: int | None = None
    """Largest distance in ULPs, exact; None for a dtype without ULPs. Both zeros are the same point."""
    max_abs: float | None = None
    """Largest absolute difference: in float64 for floats, an exact int for integers, None for other dtypes.

    inf where float64 overflows.
    """
    scaled_error: float | None = None
    """max|a - b| / (eps * max|a|), with eps the dtype's; None for a dtype without ULPs.

    inf where all of ``a`` is 0 and ``b`` is not, and where float64 overflows.
    """
    sampled: bool = False
    """True where the two arrays are a sample of larger tensors, so every number here is the sample's."""
    dtype: str = ""
    """NumPy's name of the dtype of both; empty for strings, and where the two are not comparable."""

    @property
    def identical(self) -> bool:
        """Return whether dtype, shape and every bit are the same."""
        return self.comparable and not self.differing

    @property
    def fraction(self) -> float:
        """Return the share of elements that differ, 0 to 1: 1 for what is not comparable, 0 for empty tensors."""
        if not self.comparable:
            return 1.0
        return self.differing / self.elements if self.elements else 0.0


def size_of(distance: Distance) -> float:
    """Return a distance as scaled error; infinite where it cannot be said in it, or was measured of a sample alone."""
    strange = not distance.comparable or distance.sampled or distance.nan_mismatch or distance.inf_mismatch
    return float("inf") if strange or distance.scaled_error is None else distance.scaled_error


def measure(a: Array, b: Array, *, sampled: bool = False) -> Distance:
    """Measure how far ``b`` lies from ``a``.

    Any shape, strides and byte order. Floats (float16, bfloat16, float32, float64, ml_dtypes' one-byte kinds)
    and complex64 and complex128 are measured in full, integers by bits and absolute difference, every other
    dtype by bits alone. Arrays of strings (``S``, ``T``, ``U``, or objects that are ``bytes`` or ``str``) are
    one dtype, compared by their UTF-8 bytes. Memory beyond the arrays is a few chunks. ``sampled`` is passed
    on to the result.

    Nothing is raised where dtype or shape differ, or where objects are no strings: the result is not
    comparable.
    """
    elements = max(a.size, b.size)
    note = obstacle(a, b)
    if note:
        return Distance(comparable=False, note=note, elements=elements, differing=elements, sampled=sampled)
    if is_string(a):
        return Distance(comparable=True, elements=elements, differing=strings_apart(a, b), sampled=sampled)
    tally = _tally_for(native(a), 1, min(CHUNK, elements))
    unequal_chunks = []
    # Overflow and NaN are findings here, not mistakes.
    with np.errstate(all="ignore"):
        for x, y in chunks(a, b):
            unequal_chunks.append(not same_bits(x, y))
            if unequal_chunks[-1]:
                tally.add(x[np.newaxis], y[np.newaxis])
        if tally.needs_equal_chunks:
            for (x, _), unequal in zip(chunks(a, b), unequal_chunks, strict=True):
                if not unequal:
                    tally.add_equal(x[np.newaxis])
        (found,) = tally.distances(elements, sampled)
    return found


def measure_rows(a: Array, b: Array) -> list[Distance]:
    """Measure how far each row of ``b`` lies from the same row of ``a``: what `measure` says of each, in one pass.

    [rows, columns] of one shape and dtype, contiguous and in native byte order, no strings, and no more columns than
    a chunk has elements. Of short rows a call costs more than its arithmetic, so many at a time cost little more than
    one.
    """
    rows, columns = a.shape
    found: list[Distance] = []
    at_once = CHUNK // max(1, columns)
    with np.errstate(all="ignore"):
        for start in range(0, rows, at_once):
            x, y = (array[start : start + at_once] for array in (a, b))
            tally = _tally_for(a.dtype, len(x), columns)
            if columns:
                tally.add(x, y)
            found += tally.distances(columns, sampled=False)
    return found


class _Bits:
    """What is counted of a dtype without arithmetic: elements whose bytes differ.

    Every figure is an array of one number per row, and every chunk is [rows, columns].
    """

    def __init__(self, dtype: np.dtype[Any], rows: int) -> None:
        self._dtype = dtype
        self._differing = np.zeros(rows, np.int64)

    def add(self, x: Array, y: Array) -> None:
        """Count a pair of chunks that are not the same."""
        unequal = np.not_equal(x.view(np.uint8), y.view(np.uint8))
        self._differing += _count(unequal, self._dtype.itemsize)

    @property
    def needs_equal_chunks(self) -> bool:
        """Return whether the chunks without a difference count too: see ``add_equal``."""
        return False

    def add_equal(self, x: Array) -> None:
        """Take in a chunk that both arrays have."""

    def distances(self, elements: int, sampled: bool) -> list[Distance]:
        """Return what was found of each row in all chunks."""
        blank = Distance(True, "", elements, sampled=sampled, dtype=self._dtype.name)
        figures = {name: array.tolist() for name, array in self._figures().items()}
        columns = (figures[name] if name in figures else repeat(value) for name, value in blank._asdict().items())
        return list(map(Distance._make, zip(*columns, strict=False)))

    def _figures(self) -> dict[str, Array]:
        """Return what was counted, by the name that it has in a distance."""
        return {"differing": self._differing}


class _Integers(_Bits):
    """What is counted of integers: the largest difference besides."""

    def __init__(self, dtype: np.dtype[Any], rows: int, columns: int) -> None:
        super().__init__(dtype, rows)
        self._bits = np.dtype(f"u{dtype.itemsize}")
        # int8 holds every number of the integers narrower than a byte, whose own arithmetic would wrap.
        self._wide = dtype if dtype.kind in "iu" else np.dtype(np.int8)
        self._low, self._high = (np.empty(rows * columns, self._wide) for _ in range(2))
        self._max_abs = np.zeros(rows, np.uint64)

    def add(self, x: Array, y: Array) -> None:
        self._differing += _count(np.not_equal(x.view(self._bits), y.view(self._bits)))
        p, q = x.astype(self._wide, copy=False), y.astype(self._wide, copy=False)
        np.maximum(self._max_abs, widest(p, q, _shaped(self._low, x), _shaped(self._high, x)), out=self._max_abs)

    def _figures(self) -> dict[str, Array]:
        return {**super()._figures(), "max_abs": self._max_abs}


class _Floats(_Bits):
    """What is counted of floats, and of complex numbers as pairs of floats.

    Every buffer is made once and reused, and what most chunks have none of (pairs of zeros, infinities, NaNs)
    is looked for by one minimum or maximum before it is counted.
    """

    def __init__(self, dtype: np.dtype[Any], rows: int, columns: int, layout: Format, parts: int) -> None:
        super().__init__(dtype, rows)
        size = rows * columns * parts
        self._layout, self._parts = layout, parts
        self._a, self._b, self._scratch = (np.empty(size, layout.code) for _ in range(3))
        self._unequal = np.empty(size, np.bool_)
        self._difference = np.empty(size, np.float64)
        self._counts = {name: np.zeros(rows, np.int64) for name in _COUNTS}
        self._max_ulp = np.zeros(rows, np.uint64)
        self._top = np.zeros(rows, layout.code)
        self._max_abs = np.zeros(rows, np.float64)

    def add(self, x: Array, y: Array) -> None:
        layout = self._layout
        x_bits, y_bits = x.view(layout.bits), y.view(layout.bits)
        x_codes, y_codes = layout.codes(x_bits), layout.codes(y_bits)
        buffers = (self._a, self._b, self._scratch, self._unequal)
        a, b, scratch, unequal = (_shaped(buffer, x_bits) for buffer in buffers)
        np.not_equal(x_bits, y_bits, out=unequal)
        self._differing += _count(unequal, self._parts)
        np.bitwise_and(x_codes, layout.magnitude_mask, out=a)
        np.bitwise_and(y_codes, layout.magnitude_mask, out=b)
        self._add_zeros(a, b, unequal, scratch)
        excluded = self._add_non_finite(a, b, unequal)
        np.maximum(self._top, a.max(axis=1), out=self._top)
        self._add_difference(x.view(layout.value), y.view(layout.value), excluded)
        # The magnitudes are not needed again: their memory becomes the ordinals.
        p, q = ordinals(a, x_codes, layout, scratch), ordinals(b, y_codes, layout, scratch)
        np.maximum(self._max_ulp, widest(p, q, low=scratch.view(layout.signed), high=q), out=self._max_ulp)

    @property
    def needs_equal_chunks(self) -> bool:
        # max|a| is over the whole array, and without a difference it would divide a zero.
        return bool(self._max_abs.any())

    def add_equal(self, x: Array) -> None:
        codes = self._layout.codes(x.view(self._layout.bits))
        magnitudes = np.bitwise_and(codes, self._layout.magnitude_mask, out=_shaped(self._a, codes))
        if magnitudes.max() >= self._layout.infinity:
            magnitudes[magnitudes >= self._layout.infinity] = 0
        np.maximum(self._top, magnitudes.max(axis=1), out=self._top)

    def _figures(self) -> dict[str, Array]:
        largest = self._layout.numbers(self._top)
        # Divided in this order, since eps times a small number would underflow.
        scaled = np.where(largest == 0, np.inf, self._max_abs / largest / self._layout.eps)
        return {
            **super()._figures(),
            **self._counts,
            "max_ulp": self._max_ulp,
            "max_abs": self._max_abs,
            "scaled_error": np.where(self._max_abs == 0, 0.0, scaled),
        }

    def _count_only(self, kind: Array, unequal: Array) -> Array:
        """Count the elements of which some part differs in this way and none in another."""
        if self._parts == 1:
            return _count(kind)
        return _count(_any_part(kind, self._parts) & ~_any_part(unequal & ~kind, self._parts))

    def _add_zeros(self, a: Array, b: Array, unequal: Array, scratch: Array) -> None:
        """Count the pairs of zeros with other bits; takes magnitudes."""
        if np.bitwise_or(a, b, out=scratch).min() == 0:
            self._counts["zero_sign_only"] += self._count_only(unequal & (scratch == 0), unequal)

    def _add_non_finite(self, a: Array, b: Array, unequal: Array) -> Array | None:
        """Count NaNs and infinities; return the mask of pairs that are not finite, their magnitudes set to 0."""
        infinity = self._layout.infinity
        if a.max() < infinity and b.max() < infinity:
            return None
        a_nan, b_nan = a > infinity, b > infinity
        self._counts["nan_mismatch"] += _count(a_nan ^ b_nan, self._parts)
        self._counts["nan_payload_only"] += self._count_only(a_nan & b_nan & unequal, unequal)
        excluded = np.asarray((a >= infinity) | (b >= infinity))
        self._counts["inf_mismatch"] += _count(unequal & excluded & ~a_nan & ~b_nan, self._parts)
        a[excluded] = b[excluded] = 0
        return excluded

    def _add_difference(self, x: Array, y: Array, excluded: Array | None) -> None:
        if x.dtype != np.float32:
            np.maximum(self._max_abs, _largest(x, y, _shaped(self._difference, x), excluded), out=self._max_abs)
            return
        # Rounding keeps order: the largest difference is among those that are largest in float32, and only where these
        # are not below the largest so far, rounded likewise. Most elements are thus spared the conversion to float64,
        # which costs twice this.
        screen = _shaped(self._scratch, x).view(np.float32)
        largest = _largest(x, y, screen, excluded)
        open_ = (largest > 0) & (largest >= self._max_abs.astype(np.float32))
        if open_.any():
            row, column = np.nonzero((screen == largest[:, np.newaxis]) & open_[:, np.newaxis])
            difference = np.abs(np.subtract(x[row, column], y[row, column], dtype=np.float64))
            np.maximum.at(self._max_abs, row, difference)


_COUNTS = ("zero_sign_only", "nan_payload_only", "nan_mismatch", "inf_mismatch")


def _shaped(buffer: Array, like: Array) -> Array:
    """Return as much of a 1-D buffer as there are elements, in their shape."""
    return buffer[: like.size].reshape(like.shape)


def _any_part(mask: Array, parts: int) -> Array:
    """Fold a mask over ``parts`` neighbours into one over elements: true where any part is; [rows, columns]."""
    if parts == 1:
        return mask
    columns = mask.reshape(len(mask), -1, parts)
    # Column by column: NumPy reduces a short last axis an order of magnitude slower.
    folded: Array = columns[..., 0].copy()
    for index in range(1, parts):
        folded |= columns[..., index]
    return folded


def _count(mask: Array, parts: int = 1) -> Array:
    """Return for each row how many elements have a part of which the mask is true."""
    folded = _any_part(mask, parts)
    # Without an axis NumPy counts an order of magnitude faster, and one row is what a large array comes in.
    return np.asarray([np.count_nonzero(folded)] if len(folded) == 1 else np.count_nonzero(folded, axis=1))


def _largest(x: Array, y: Array, out: Array, excluded: Array | None) -> Array:
    """Return max|x - y| of each row in the dtype of ``out``, which is overwritten, without the excluded pairs."""
    np.subtract(x, y, out=out, dtype=out.dtype)
    if excluded is not None:
        out[excluded] = 0
    largest: Array = np.absolute(out, out=out).max(axis=1)
    return largest


# Those of ml_dtypes, one in a byte; which of them exist depends on its release.
_NARROW_INTEGERS = tuple(getattr(ml_dtypes, name) for name in ml_dtypes.__all__ if name.startswith(("int", "uint")))


def _tally_for(dtype: np.dtype[Any], rows: int, columns: int) -> _Bits:
    """Return an empty tally for a dtype in native byte order, of chunks of so many rows and at most these columns."""
    if dtype.kind in "iu" or dtype.type in _NARROW_INTEGERS:
        return _Integers(dtype, rows, columns)
    if dtype.type in (np.complex64, np.complex128):
        part = np.dtype(f"f{dtype.itemsize // 2}")
        layout = format_of(part)
        assert layout is not None
        return _Floats(dtype, rows, columns, layout, parts=2)
    layout = format_of(dtype)
    return _Bits(dtype, rows) if layout is None else _Floats(dtype, rows, columns, layout, parts=1)

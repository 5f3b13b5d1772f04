"""Distances: how far two tensors lie apart, measured in one pass over chunks that fit the CPU's cache."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import ml_dtypes
import numpy as np

from tfmatrix.compare.pairs import CHUNK, chunks, is_string, native, obstacle, same_bits, strings_apart
from tfmatrix.compare.ulp import Array, Format, format_of, ordinals, widest


@dataclass(frozen=True)
class Distance:
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
    tally = _tally_for(native(a), min(CHUNK, elements))
    unequal_chunks = []
    # Overflow and NaN are findings here, not mistakes.
    with np.errstate(all="ignore"):
        for x, y in chunks(a, b):
            unequal_chunks.append(not same_bits(x, y))
            if unequal_chunks[-1]:
                tally.add(x, y)
        if tally.needs_equal_chunks:
            for (x, _), unequal in zip(chunks(a, b), unequal_chunks, strict=True):
                if not unequal:
                    tally.add_equal(x)
    return replace(tally.distance(elements, sampled), dtype=native(a).name)


def _any_part(mask: Array, parts: int) -> Array:
    """Fold a mask over ``parts`` neighbours into one over elements: true where any part is."""
    if parts == 1:
        return mask
    columns = mask.reshape(-1, parts)
    # Column by column: NumPy reduces a short last axis an order of magnitude slower.
    folded: Array = columns[:, 0].copy()
    for index in range(1, parts):
        folded |= columns[:, index]
    return folded


class _Bits:
    """What is counted of a dtype without arithmetic: elements whose bytes differ."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self._bytes = dtype.itemsize
        self._differing = 0

    def add(self, x: Array, y: Array) -> None:
        """Count a pair of chunks that are not the same."""
        unequal = np.not_equal(x.view(np.uint8), y.view(np.uint8))
        self._differing += int(np.count_nonzero(_any_part(unequal, self._bytes)))

    @property
    def needs_equal_chunks(self) -> bool:
        """Return whether the chunks without a difference count too: see ``add_equal``."""
        return False

    def add_equal(self, x: Array) -> None:
        """Take in a chunk that both arrays have."""

    def distance(self, elements: int, sampled: bool) -> Distance:
        """Return what was found in all chunks."""
        return Distance(comparable=True, elements=elements, differing=self._differing, sampled=sampled)


class _Integers(_Bits):
    """What is counted of integers: the largest difference besides."""

    def __init__(self, dtype: np.dtype[Any], chunk: int) -> None:
        super().__init__(dtype)
        self._bits = np.dtype(f"u{dtype.itemsize}")
        # int8 holds every number of the integers narrower than a byte, whose own arithmetic would wrap.
        self._dtype = dtype if dtype.kind in "iu" else np.dtype(np.int8)
        self._low, self._high = np.empty(chunk, self._dtype), np.empty(chunk, self._dtype)
        self._max_abs = 0

    def add(self, x: Array, y: Array) -> None:
        self._differing += int(np.count_nonzero(np.not_equal(x.view(self._bits), y.view(self._bits))))
        p, q = x.astype(self._dtype, copy=False), y.astype(self._dtype, copy=False)
        self._max_abs = max(self._max_abs, widest(p, q, self._low[: x.size], self._high[: x.size]))

    def distance(self, elements: int, sampled: bool) -> Distance:
        return replace(super().distance(elements, sampled), max_abs=self._max_abs)


class _Floats(_Bits):
    """What is counted of floats, and of complex numbers as pairs of floats.

    Every buffer is made once and reused, and what most chunks have none of (pairs of zeros, infinities, NaNs)
    is looked for by one minimum or maximum before it is counted.
    """

    def __init__(self, dtype: np.dtype[Any], chunk: int, layout: Format, parts: int) -> None:
        super().__init__(dtype)
        self._layout, self._parts = layout, parts
        self._a, self._b, self._scratch = (np.empty(chunk * parts, layout.code) for _ in range(3))
        self._unequal = np.empty(chunk * parts, np.bool_)
        self._difference = np.empty(chunk * parts, np.float64)
        self._zero_sign = self._nan_payload = self._nan_mismatch = self._inf_mismatch = 0
        self._max_ulp = self._top = 0
        self._max_abs = 0.0

    def add(self, x: Array, y: Array) -> None:
        layout = self._layout
        x_bits, y_bits = x.view(layout.bits), y.view(layout.bits)
        x_codes, y_codes = layout.codes(x_bits), layout.codes(y_bits)
        buffers = (self._a, self._b, self._scratch, self._unequal)
        a, b, scratch, unequal = (buffer[: x_bits.size] for buffer in buffers)
        np.not_equal(x_bits, y_bits, out=unequal)
        self._differing += self._count(unequal)
        np.bitwise_and(x_codes, layout.magnitude_mask, out=a)
        np.bitwise_and(y_codes, layout.magnitude_mask, out=b)
        self._add_zeros(a, b, unequal, scratch)
        excluded = self._add_non_finite(a, b, unequal)
        self._top = max(self._top, int(a.max()))
        self._add_difference(x.view(layout.value), y.view(layout.value), excluded)
        # The magnitudes are not needed again: their memory becomes the ordinals.
        p, q = ordinals(a, x_codes, layout, scratch), ordinals(b, y_codes, layout, scratch)
        self._max_ulp = max(self._max_ulp, widest(p, q, low=scratch.view(layout.signed), high=q))

    @property
    def needs_equal_chunks(self) -> bool:
        # max|a| is over the whole array, and without a difference it would divide a zero.
        return self._max_abs > 0

    def add_equal(self, x: Array) -> None:
        codes = self._layout.codes(x.view(self._layout.bits))
        magnitudes = np.bitwise_and(codes, self._layout.magnitude_mask, out=self._a[: codes.size])
        if magnitudes.max() >= self._layout.infinity:
            magnitudes[magnitudes >= self._layout.infinity] = 0
        self._top = max(self._top, int(magnitudes.max()))

    def distance(self, elements: int, sampled: bool) -> Distance:
        return replace(
            super().distance(elements, sampled),
            zero_sign_only=self._zero_sign,
            nan_payload_only=self._nan_payload,
            nan_mismatch=self._nan_mismatch,
            inf_mismatch=self._inf_mismatch,
            max_ulp=self._max_ulp,
            max_abs=self._max_abs,
            scaled_error=self._scaled_error(),
        )

    def _scaled_error(self) -> float:
        if self._max_abs == 0:
            return 0.0
        largest = self._layout.number(self._top)
        # Divided in this order, since eps times a small number would underflow.
        return self._max_abs / largest / self._layout.eps if largest else np.inf

    def _count(self, mask: Array) -> int:
        return int(np.count_nonzero(_any_part(mask, self._parts)))

    def _count_only(self, kind: Array, unequal: Array) -> int:
        """Count the elements of which some part differs in this way and none in another."""
        if self._parts == 1:
            return self._count(kind)
        return int(np.count_nonzero(_any_part(kind, self._parts) & ~_any_part(unequal & ~kind, self._parts)))

    def _add_zeros(self, a: Array, b: Array, unequal: Array, scratch: Array) -> None:
        """Count the pairs of zeros with other bits; takes magnitudes."""
        if np.bitwise_or(a, b, out=scratch).min() == 0:
            self._zero_sign += self._count_only(unequal & (scratch == 0), unequal)

    def _add_non_finite(self, a: Array, b: Array, unequal: Array) -> Array | None:
        """Count NaNs and infinities; return the mask of pairs that are not finite, their magnitudes set to 0."""
        infinity = self._layout.infinity
        if a.max() < infinity and b.max() < infinity:
            return None
        a_nan, b_nan = a > infinity, b > infinity
        self._nan_mismatch += self._count(a_nan ^ b_nan)
        self._nan_payload += self._count_only(a_nan & b_nan & unequal, unequal)
        excluded = np.asarray((a >= infinity) | (b >= infinity))
        self._inf_mismatch += self._count(unequal & excluded & ~a_nan & ~b_nan)
        a[excluded] = b[excluded] = 0
        return excluded

    def _add_difference(self, x: Array, y: Array, excluded: Array | None) -> None:
        if x.dtype == np.float32:
            # Rounding keeps order: the largest difference is among those that are largest in float32, and only
            # where these are not below the largest so far, rounded likewise. Most elements are thus spared the
            # conversion to float64, which costs twice this.
            screen = self._scratch[: x.size].view(np.float32)
            largest = _largest(x, y, screen, excluded)
            if largest == 0 or largest < np.float32(self._max_abs):
                return
            x, y, excluded = x[screen == largest], y[screen == largest], None
        self._max_abs = max(self._max_abs, _largest(x, y, self._difference[: x.size], excluded))


def _largest(x: Array, y: Array, out: Array, excluded: Array | None) -> float:
    """Return max|x - y| in the dtype of ``out``, which is overwritten, without the excluded pairs."""
    np.subtract(x, y, out=out, dtype=out.dtype)
    if excluded is not None:
        out[excluded] = 0
    return float(np.absolute(out, out=out).max())


# Those of ml_dtypes, one in a byte; which of them exist depends on its release.
_NARROW_INTEGERS = tuple(getattr(ml_dtypes, name) for name in ml_dtypes.__all__ if name.startswith(("int", "uint")))


def _tally_for(dtype: np.dtype[Any], chunk: int) -> _Bits:
    """Return an empty tally for a dtype in native byte order, of chunks of at most so many elements."""
    if dtype.kind in "iu" or dtype.type in _NARROW_INTEGERS:
        return _Integers(dtype, chunk)
    if dtype.type in (np.complex64, np.complex128):
        part = np.dtype(f"f{dtype.itemsize // 2}")
        layout = format_of(part)
        assert layout is not None
        return _Floats(dtype, chunk, layout, parts=2)
    layout = format_of(dtype)
    return _Bits(dtype) if layout is None else _Floats(dtype, chunk, layout, parts=1)

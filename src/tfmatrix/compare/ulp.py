"""ULPs: floating-point bit patterns as integers, in which neighbours are one apart.

An IEEE 754 pattern is sign and magnitude: without the sign bit, patterns of finite numbers are ordered as the
numbers are, with no gaps, across the subnormals too. Turning sign-magnitude into two's complement therefore
gives an integer per number, 0 for both zeros, whose difference is the distance in ULPs (Bruce Dawson,
"Comparing Floating Point Numbers, 2012 Edition"; the "ordered integer" of Boost.Math's ``float_distance``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from tfmatrix.errors import UserError
from tfmatrix.store.fingerprints import dtype_named

Array = NDArray[Any]


@dataclass(frozen=True)
class Format:
    """A floating-point dtype as sign-magnitude codes: unsigned integers whose highest bit is the sign."""

    value: np.dtype[Any]
    """The dtype of the numbers."""
    code: np.dtype[Any]
    """The unsigned dtype of the codes: of the bit patterns, or uint16 where ``table`` translates them."""
    infinity: int
    """The magnitude of infinity; every greater one is a NaN's."""
    eps: float
    """The distance from 1.0 to the next number."""
    table: NDArray[np.uint16] | None = None
    """The code of each of the 256 patterns of a one-byte dtype."""

    @property
    def bits(self) -> np.dtype[Any]:
        """Return the unsigned dtype of one element's bit pattern."""
        return self.code if self.table is None else np.dtype(np.uint8)

    @property
    def magnitude_mask(self) -> Any:
        """Return the mask that clears a code's sign, as a scalar of the codes' dtype."""
        return self.code.type(2 ** (self.code.itemsize * 8 - 1) - 1)

    @property
    def signed(self) -> np.dtype[Any]:
        """Return the signed integer dtype as wide as a code."""
        return np.dtype(f"i{self.code.itemsize}")

    def codes(self, bits: Array) -> Array:
        """Return the codes of bit patterns: any shape, dtype ``bits`` in, ``code`` out, copied or not."""
        if self.table is None:
            return bits
        codes: Array = self.table[bits]
        return codes

    def numbers(self, magnitudes: Array) -> NDArray[np.float64]:
        """Return the finite numbers, at least 0, with these magnitudes, which are of dtype ``code``."""
        if self.table is None:
            return magnitudes.view(self.value).astype(np.float64)
        # A format without a zero (float8_e8m0fnu) has no pattern of magnitude 0: it stands for "no number".
        found = np.zeros(magnitudes.shape)
        for at, magnitude in enumerate(magnitudes):
            pattern = np.flatnonzero(self.table == magnitude)[:1].astype(np.uint8)
            found[at] = pattern.view(self.value).astype(np.float64)[0] if pattern.size else 0.0
        return found


@cache
def format_named(name: str) -> Format | None:
    """Return the format of a dtype by its name, ``bfloat16`` say; None for one that has no ULPs, or is not known."""
    try:
        return format_of(dtype_named(name))
    except UserError:
        return None


@cache
def format_of(dtype: np.dtype[Any]) -> Format | None:
    """Return the format of a real floating-point dtype in native byte order, or None: it has no ULPs here.

    float16, float32, float64, bfloat16 and the one-byte floats of ml_dtypes have them; NumPy's ``longdouble``,
    whose patterns have padding bits, has none.
    """
    if dtype.type not in (np.float16, np.float32, np.float64, *_EXTENSION_FLOATS):
        return None
    bits = np.dtype(f"u{dtype.itemsize}")
    one = np.array([1.0]).astype(dtype)
    eps = float((one.view(bits) + bits.type(1)).view(dtype).astype(np.float64)[0]) - 1.0
    if dtype.itemsize == 1:
        return Format(dtype, np.dtype(np.uint16), _INFINITY, eps, _table(dtype))
    return Format(dtype, bits, int(np.array(np.inf).astype(dtype).view(bits)), eps)


def ordinals(magnitudes: Array, codes: Array, layout: Format, scratch: Array) -> Array:
    """Turn magnitudes into signed ordinals, in place: sign-magnitude to two's complement.

    ``magnitudes`` and ``codes`` are of one shape and ``layout.code``, ``scratch`` of the same shape and width; the
    result is ``magnitudes``' memory with dtype ``layout.signed``.
    """
    sign, result = scratch.view(layout.signed), magnitudes.view(layout.signed)
    # An arithmetic shift makes 0 or -1 of the sign; (m ^ -1) - -1 is -m, (m ^ 0) - 0 is m.
    np.right_shift(codes.view(layout.signed), layout.code.itemsize * 8 - 1, out=sign)
    np.bitwise_xor(result, sign, out=result)
    np.subtract(result, sign, out=result)
    return result


def widest(a: Array, b: Array, low: Array, high: Array) -> Array:
    """Return max|a - b| of each row of two integer arrays, exactly; ``low`` and ``high`` are overwritten.

    [rows, columns], all four of one integer dtype; [rows] of the unsigned integer of the same width, which always
    holds the difference of the larger and the smaller of a pair, so that wrapping subtraction is exact.
    """
    unsigned = f"u{a.dtype.itemsize}"
    np.minimum(a, b, out=low)
    np.maximum(a, b, out=high)
    distance = np.subtract(high.view(unsigned), low.view(unsigned), out=low.view(unsigned))
    widest: Array = distance.max(axis=1)
    return widest


_EXTENSION_FLOATS = tuple(
    getattr(ml_dtypes, name)
    for name in ml_dtypes.__all__
    # Which of them exist depends on ml_dtypes' release; complex ones are no floats.
    if name.startswith(("bfloat", "float"))
)

# Codes of the one-byte formats, which differ in bias, in whether they have infinities, -0 or a sign at all, and in
# where their NaNs are: ranks of magnitudes stay under 256, so these two are free.
_INFINITY = 2**14
_SIGN = 2**15


def _table(dtype: np.dtype[Any]) -> NDArray[np.uint16]:
    """Return the codes of a one-byte format's patterns: sign, and rank among the finite magnitudes and 0."""
    values = np.arange(256, dtype=np.uint8).view(dtype).astype(np.float64)
    magnitudes = np.abs(values)
    ranks = np.searchsorted(np.unique([0.0, *magnitudes[np.isfinite(values)]]), magnitudes)
    ranks[np.isinf(values)] = _INFINITY
    ranks[np.isnan(values)] = _INFINITY + 1
    ranks += _SIGN * np.signbit(values)
    return ranks.astype(np.uint16)

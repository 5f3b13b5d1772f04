"""Pairs of arrays: whether two can be compared at all, and their elements side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tfmatrix.compare.ulp import Array

CHUNK = 1 << 14
"""Elements in a chunk: enough to hide a call's cost, few enough for the buffers to stay in the L2 cache."""


def obstacle(a: Array, b: Array) -> str:
    """Return why two arrays cannot be compared, or an empty string."""
    for array in (a, b):
        stranger = _stranger(array)
        if stranger:
            return f"dtype {array.dtype.name} holds {stranger}, which has no bits to compare"
    if is_string(a) != is_string(b) or not (is_string(a) or native(a) == native(b)):
        return f"dtype {_name(a)} became {_name(b)}"
    return "" if a.shape == b.shape else f"shape {a.shape} became {b.shape}"


def is_string(array: Array) -> bool:
    """Return whether the elements are ``bytes`` or ``str``, given that none is a stranger."""
    return array.dtype.kind in "OSTU"


def native(array: Array) -> np.dtype[Any]:
    """Return the dtype in native byte order; strings may have none."""
    dtype: np.dtype[Any] = array.dtype.newbyteorder("=")
    return dtype


def strings_apart(a: Array, b: Array) -> int:
    """Return how many elements of two string arrays of one shape differ."""
    return sum(_encoded(x) != _encoded(y) for x, y in zip(a.flat, b.flat, strict=True))


def chunks(a: Array, b: Array) -> Iterator[tuple[Array, Array]]:
    """Yield pairs of 1-D pieces, at most ``CHUNK`` long, contiguous, in native byte order and C order.

    Views where the arrays allow it, else a buffer, which the next pair overwrites.
    """
    if a.size == 0:
        return
    # Any, because the stubs of NumPy 2.4 spell "contig" as "config".
    options: dict[str, Any] = {
        "flags": ["external_loop", "buffered"],
        "op_flags": [["readonly", "aligned", "contig"]] * 2,
        "op_dtypes": [native(a)] * 2,
        "casting": "equiv",
        "order": "C",
        "buffersize": CHUNK,
    }
    yield from np.nditer([a, b], **options)


def same_bits(x: Array, y: Array) -> bool:
    """Return whether two chunks have the same bytes, compared eight at a time where their length allows."""
    word = np.uint64 if x.nbytes % 8 == 0 else np.uint8
    return bool(np.equal(x.view(word), y.view(word)).all())


def _stranger(array: Array) -> str:
    """Return the type of the first element that has no defined bytes, or an empty string."""
    # NumPy's own string dtype (T) may hold an object for what is missing.
    if array.dtype.kind != "T" and not array.dtype.hasobject:
        return ""
    return next((type(x).__name__ for x in array.flat if not isinstance(x, str | bytes)), "")


def _name(array: Array) -> str:
    return "string" if is_string(array) else array.dtype.name


def _encoded(element: str | bytes) -> bytes:
    # A lone surrogate is not UTF-8, and still has to be told from another one.
    return element.encode("utf-8", "surrogatepass") if isinstance(element, str) else element

"""Digests of tensors and traces, by the probe's own definition, and of what trials cover: the host recomputes all."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from tfmatrix.errors import UserError
from tfmatrix.records import Fingerprint, Tensor

SAMPLE = 2**14
"""Elements, evenly spaced, that a probe keeps of a tensor that it does not keep whole."""


def tensor_digest(tensor: Tensor) -> str:
    """Return SHA-256 over dtype name, shape and bytes, as 64 hexadecimal digits."""
    state = hashlib.sha256(_header(tensor.dtype, tensor.shape))
    state.update(tensor.data)
    return state.hexdigest()


@lru_cache(maxsize=1024)
def _header(dtype: str, shape: tuple[int, ...]) -> bytes:
    return f"{dtype}\0{','.join(map(str, shape))}\0".encode("ascii")


def trace_digest(trace: Iterable[Fingerprint]) -> str:
    """Return SHA-256 over the ordered fingerprints: two traces of one digest are equal."""
    lines = (f"{tier}\0{stage}\0{digest}\n" for tier, stage, digest in trace)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def evenly(array: NDArray[Any], most: int | None = None) -> NDArray[Any]:
    """Return so many evenly spaced elements of an array, 1-D; else SAMPLE, as the probe does of what it keeps in part.

    One that has no more than that is as it is.
    """
    most = SAMPLE if most is None else most
    if array.size <= most:
        return array
    return array.reshape(-1)[np.arange(most, dtype=np.int64) * (array.size - 1) // (most - 1)]


def to_array(tensor: Tensor) -> NDArray[Any]:
    """Return the tensor as an array, strings as objects of type bytes; a sample is 1-D, of nothing it is empty.

    Raises ``UserError`` for a dtype that this version does not know.
    """
    if tensor.dtype == "string":
        elements = np.array([*_strings(tensor.data), None], dtype=object)[:-1]
        return elements.reshape(tensor.shape) if tensor.whole else elements
    array = np.frombuffer(tensor.data, dtype=dtype_named(tensor.dtype))
    return array.reshape(tensor.shape) if tensor.whole else array


def fits(tensor: Tensor) -> bool:
    """Return whether a tensor's bytes are those of as many elements as its shape has, or of a sample of them.

    Of a dtype that this version does not know nobody can tell: it is taken to fit, and refused where it is read.
    """
    elements = math.prod(tensor.shape)
    if tensor.dtype == "string":
        ends = [0, *_ends(tensor.data)]
        return not tensor.whole or (ends[-1] == len(tensor.data) and len(ends) == elements + 1)
    try:
        width = dtype_named(tensor.dtype).itemsize
    except UserError:
        return True
    held, rest = divmod(len(tensor.data), width)
    return not rest and (held == elements if tensor.whole else held <= elements)


@lru_cache(maxsize=256)
def dtype_named(name: str) -> np.dtype[Any]:
    """Return a dtype of NumPy's or ml_dtypes' by its name; raises ``UserError`` for one that is not known."""
    try:
        return np.dtype(getattr(ml_dtypes, name, None) or name)
    except TypeError:
        raise UserError(f"the stored dtype {name!r} is not known; upgrade tfmatrix and ml_dtypes.") from None


def _strings(data: bytes) -> Iterable[bytes]:
    """Yield the elements of a string tensor: each its length in 8 bytes, then its bytes."""
    at = 0
    for end in _ends(data):
        yield data[at + 8 : end]
        at = end


def _ends(data: bytes) -> Iterator[int]:
    """Yield where each element of a string tensor ends, whether there are as many bytes or not."""
    at = 0
    while at < len(data):
        at += 8 + int.from_bytes(data[at : at + 8], "little")
        yield at

"""Fingerprints: SHA-256 over a tensor's canonical dtype name, shape and bytes.

Everything that can tell two tensors apart counts: -0.0, NaN payloads, dtype and shape. Memory layout and byte order
do not, since they are not part of the value. The function that makes digests is taken before a model runs, which may
put another one in its place.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np


class Tensor(NamedTuple):
    """A tensor in canonical form."""

    dtype: str
    """NumPy's name of the dtype (``float32``, ``bfloat16``, ``bool``), or ``string``."""
    shape: tuple[int, ...]
    data: bytes
    """The elements in C order, little-endian; a string element is its length (8 bytes) and its bytes."""


def canonical(value: Any) -> Tensor:
    """Return the canonical form of an array, tensor or Python scalar; of one that has it already, that.

    Raises TypeError where the value is no tensor: its elements are Python objects other than strings.
    """
    if isinstance(value, Tensor):
        return value
    # Of a lone string NumPy would drop zeros at the end.
    array = np.asarray(value, dtype=object) if isinstance(value, (bytes, str)) else np.asarray(value)
    if array.dtype.kind in "OSU":
        return Tensor("string", tuple(array.shape), b"".join(map(_string_element, array.ravel().tolist())))
    if array.dtype.byteorder == ">" or (array.dtype.byteorder == "=" and not np.little_endian):
        array = array.astype(array.dtype.newbyteorder("<"))
    return Tensor(array.dtype.name, tuple(array.shape), array.tobytes("C"))


def digest(tensor: Tensor) -> str:
    """Return the SHA-256 of a canonical tensor, as 64 hexadecimal digits."""
    header = "{}\0{}\0".format(tensor.dtype, ",".join(map(str, tensor.shape)))
    state = sha256(header.encode("ascii"))
    state.update(tensor.data)
    return state.hexdigest()


def _string_element(element: Any) -> bytes:
    if isinstance(element, str):
        element = element.encode("utf-8")
    if not isinstance(element, bytes):
        raise TypeError("an element is a Python {}, which has no canonical bytes".format(type(element).__name__))
    return len(element).to_bytes(8, "little") + element

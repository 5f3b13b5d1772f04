"""Inputs of single ops: arrays with the same bits in every release, by a word that says what they are filled with.

They come from `numpy.random.RandomState`, whose streams NumPy has frozen: whole numbers, and quotients of these by
powers of two that every type holds exactly. What no arithmetic makes (infinities, NaN, -0, denormal numbers) comes as
bits.
"""

from __future__ import annotations

import zlib
from typing import Any, Callable, Dict, Mapping, Sequence, Tuple

import numpy as np
import tensorflow as tf

STORED_AS = {
    "qint8": "int8",
    "quint8": "uint8",
    "qint16": "int16",
    "quint16": "uint16",
    "qint32": "int32",
}
"""Types that NumPy has no type for, and the one that has their bits."""

EXPONENT = {"float16": 5, "bfloat16": 8, "float32": 8, "float64": 11}
"""Bits of the exponent of each type that has special values."""

BITS = {"float16": 8, "bfloat16": 6, "float32": 20, "float64": 30, "float8_e5m2": 2, "float8_e4m3fn": 3}
"""How many bits the whole numbers have that a type's values are made of: fewer than it has, so that none is rounded."""

PARTS = {"complex64": "float32", "complex128": "float64"}

WORDS = (
    b"",
    b"a",
    b"b",
    b"ab",
    b"abc",
    b"Z",
    b"Abc d",
    b" x ",
    b"-1.5",
    b"42",
    b"a-b-c",
    b"0",
    "\u00e4\u20ac".encode(),
)
"""What strings are drawn from."""

TYPES = frozenset((*BITS, *PARTS, *STORED_AS, *STORED_AS.values(), "int64", "uint32", "uint64", "bool", "string"))
"""The types that there are inputs of."""

SPECIAL = ("uniform", "positive", "nonzero")
"""Words whose arrays have special values in the case that is about these."""


class NotRun(Exception):
    """An op, or a name of Keras, has no rows; the message is the reason."""


class Maker:
    """What makes the inputs of one op in one case."""

    def __init__(self, name: str, sizes: Mapping[str, int], special: bool) -> None:
        """Take the name of its stream, and how large each letter of a shape is."""
        self._name, self._sizes, self._special = name, sizes, special
        self.has_special = False
        """Whether an array with special values was made."""

    def size(self, told: Any) -> int:
        """Return a size, which is a letter or a number."""
        return told if isinstance(told, int) else self._sizes[told]

    def literal(self, told: Any) -> Any:
        """Return a value of a template with a size in the place of each letter."""
        if isinstance(told, list):
            return [self.literal(one) for one in told]
        return self._sizes.get(told, told) if isinstance(told, str) else told

    def array(self, argument: str, words: Sequence[Any], dtype: str) -> Any:
        """Return an array of a type, filled as its first word says, of the shape of the others."""
        fill, _, parameter = words[0].partition(":")
        shape = tuple(self.size(one) for one in words[1:])
        stream = np.random.RandomState(zlib.crc32("{}/{}".format(self._name, argument).encode("ascii")))
        if fill in FILLS:
            size = self.size(int(parameter) if parameter.isdigit() else parameter) if parameter else 0
            return FILLS[fill](stream, shape, size, dtype)
        if self._special and fill in SPECIAL and (dtype in EXPONENT or dtype in PARTS or _is_whole(dtype)):
            self.has_special = True
            return _special(stream, shape, fill, dtype)
        return _drawn(stream, shape, fill, dtype)


def tensor(array: Any, dtype: str) -> Any:
    """Return an array as a tensor of a type."""
    if dtype in STORED_AS:
        return tf.bitcast(tf.constant(np.asarray(array, STORED_AS[dtype])), tf.as_dtype(dtype))
    if dtype == "string":
        return tf.constant(array, tf.string)
    return tf.constant(np.asarray(array).astype(tf.as_dtype(dtype).as_numpy_dtype))


def array_of(value: Any) -> Any:
    """Return a tensor as an array that has all of its bits."""
    stored = STORED_AS.get(value.dtype.name)
    return tf.bitcast(value, tf.as_dtype(stored)).numpy() if stored else value.numpy()


def _is_whole(dtype: str) -> bool:
    return dtype.startswith(("int", "uint", "qint", "quint"))


def _drawn(stream: Any, shape: Tuple[int, ...], fill: str, dtype: str) -> Any:
    """Return an array without special values: in [-2, 2), (0, 2] where it is positive, [0, 1) where it is a unit."""
    if dtype == "string":
        return np.array([*WORDS, None], dtype=object)[stream.randint(0, len(WORDS), size=shape)]
    if dtype == "bool":
        return stream.randint(0, 2, size=shape).astype(bool)
    if dtype in PARTS:
        real, imaginary = (_drawn(stream, shape, fill, PARTS[dtype]) for _ in range(2))
        return (real + 1j * imaginary).astype(dtype)
    if _is_whole(dtype):
        unsigned = dtype.startswith(("u", "qu"))
        low, high = {"positive": (1, 9), "unit": (0, 8)}.get(fill, (0, 16) if unsigned else (-8, 8))
        found = stream.randint(low, high, size=shape)
        return np.where(found == 0, 1, found) if fill == "nonzero" else found
    one = 2 ** BITS[dtype]
    low, high, scale = {"positive": (1, one + 1, 2.0), "unit": (0, one, 1.0)}.get(fill, (-one, one, 2.0))
    found = stream.randint(low, high, size=shape)
    found = np.where(found == 0, 1, found) if fill == "nonzero" else found
    return np.asarray(found * (scale / one))


def _special(stream: Any, shape: Tuple[int, ...], fill: str, dtype: str) -> Any:
    """Return an array of special values of a type, each of them about as often as any other."""
    if dtype in PARTS:
        real, imaginary = (_special(stream, shape, fill, PARTS[dtype]) for _ in range(2))
        found = np.empty(shape, dtype)  # an infinity times 1j would be no number
        found.real, found.imag = real, imaginary
        return found
    values = _special_whole(dtype, fill) if _is_whole(dtype) else _special_floats(dtype, fill)
    return values[stream.randint(0, len(values), size=shape)]


def _special_whole(dtype: str, fill: str) -> Any:
    info = np.iinfo(STORED_AS.get(dtype, dtype))
    values = [one for one in (info.min, info.max, 0, 1, -1, info.max // 2) if info.min <= one <= info.max]
    least = {"positive": 1}.get(fill, info.min)
    return np.array([one for one in values if one >= least and (one or fill != "nonzero")], info.dtype)


def _special_floats(dtype: str, fill: str) -> Any:
    """Return the special values of a type as its own array: by their bits, since no arithmetic is to touch them."""
    numpy = np.dtype(tf.as_dtype(dtype).as_numpy_dtype)
    width = numpy.itemsize * 8
    mantissa = width - 1 - EXPONENT[dtype]
    infinity = ((1 << EXPONENT[dtype]) - 1) << mantissa
    one = ((1 << (EXPONENT[dtype] - 1)) - 1) << mantissa
    magnitudes = [0, 1, (1 << mantissa) - 1, 1 << mantissa, one, infinity - 1, infinity]
    not_a_number = infinity | (1 << (mantissa - 1))
    signs = [0] if fill == "positive" else [0, 1 << (width - 1)]
    bits = [sign | value for value in magnitudes for sign in signs if value or fill == "uniform"]
    return np.array([*bits, not_a_number], "u{}".format(numpy.itemsize)).view(numpy)


def _below(stream: Any, shape: Tuple[int, ...], below: int, _: str) -> Any:
    return stream.randint(0, below, size=shape)


def _sorted(stream: Any, shape: Tuple[int, ...], below: int, _: str) -> Any:
    return np.sort(stream.randint(0, below, size=shape), axis=-1)


def _permuted(stream: Any, shape: Tuple[int, ...], _: int, __: str) -> Any:
    return stream.permutation(shape[0])


def _ascending(stream: Any, shape: Tuple[int, ...], _: int, dtype: str) -> Any:
    return np.sort(_drawn(stream, shape, "uniform", dtype), axis=-1)


def _positions(stream: Any, shape: Tuple[int, ...], count: int, _: str) -> Any:
    """Return so many places of a tensor of a shape, each once and in order: the indices of a sparse one."""
    chosen = np.sort(stream.permutation(int(np.prod(shape, dtype=np.int64)))[:count])
    return np.stack(np.unravel_index(chosen, shape), axis=-1)


def _definite(stream: Any, shape: Tuple[int, ...], _: int, dtype: str) -> Any:
    """Return matrices that are symmetric (Hermitian) and positive definite, since their diagonals outweigh the rest."""
    drawn = _drawn(stream, shape, "unit", dtype)
    upper = np.triu(drawn, 1)
    whole = upper + np.conj(np.swapaxes(upper, -1, -2))
    return whole + np.eye(shape[-1]) * (2 * shape[-1])


def _lower(stream: Any, shape: Tuple[int, ...], size: int, dtype: str) -> Any:
    return np.tril(_definite(stream, shape, size, dtype))


FILLS: Dict[str, Callable[[Any, Tuple[int, ...], int, str], Any]] = {
    "below": _below,
    "sorted": _sorted,
    "permuted": _permuted,
    "ascending": _ascending,
    "positions": _positions,
    "definite": _definite,
    "lower": _lower,
}
"""Words for arrays that must be as they are: indices, places, matrices of a kind. They have no special values."""

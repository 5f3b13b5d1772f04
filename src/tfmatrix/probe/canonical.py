"""Canonical inputs: arrays that have the same bits in every environment, mode and release of NumPy.

They come from `numpy.random.RandomState`, whose streams NumPy has frozen, and only from its uniform integers and
exact arithmetic on them: no logarithm or square root, whose last bit is a library's own business.
"""

from __future__ import annotations

import zlib
from typing import Any, Collection, Dict, Mapping

import numpy as np

SPREAD = 24
"""Gradients lie between 1 and 2^-SPREAD, so that an epsilon from 1e-8 to 1e-3 shows in an update."""


def uniform(name: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Return an array named ``name``: multiples of 2^-20 in [-0.5, 0.5), exact in float32 and wider."""
    numerators = _stream(name).randint(-(2**19), 2**19, size=shape)
    return np.asarray(numerators / 2.0**20).astype(dtype)


def integers(name: str, below: int, shape: tuple[int, ...]) -> np.ndarray:
    """Return an array named ``name``: int64 from 0 to less than a bound."""
    return np.asarray(_stream(name).randint(0, below, size=shape), np.int64)


def depths(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return integers from 0 to SPREAD: how many powers of two below 1 the elements of a variable's gradient lie.

    Its gradient and slots share them, so that ratios such as Adam's stay near 1: no element drowns another's change.
    """
    return np.asarray(_stream(name + "#depth").randint(0, SPREAD + 1, size=shape))


def signed(name: str, depth: np.ndarray, dtype: Any) -> np.ndarray:
    """Return an array of both signs with magnitudes in [2^-depth / 2, 2^-depth)."""
    signs = _stream(name + "#sign").randint(0, 2, size=depth.shape) * 2 - 1
    return np.asarray(np.ldexp(signs * _mantissas(name, depth.shape), -depth)).astype(dtype)


def squared(name: str, depth: np.ndarray, dtype: Any) -> np.ndarray:
    """Return a positive array with values in [2^(-2 depth) / 2, 2^(-2 depth)): a mean of squares at that depth."""
    return np.asarray(np.ldexp(_mantissas(name, depth.shape), -2 * depth)).astype(dtype)


def gradients_like(like: Mapping[str, np.ndarray], variables: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
    """Return gradients of the names and dtypes given; the indices of a sparse one stay as they are given."""
    made = dict(like)
    for name, variable in variables.items():
        depth = depths(name, variable.shape)
        if name in like:
            made[name] = signed("gradient/" + name, depth, like[name].dtype)
        elif name + ".values" in like:
            sparse = depth[like[name + ".indices"]]
            made[name + ".values"] = signed("gradient/" + name, sparse, like[name + ".values"].dtype)
    return made


def slots_like(like: Mapping[str, np.ndarray], squares: Collection[str]) -> Dict[str, np.ndarray]:
    """Return slots of the names (``variable/slot``), shapes and dtypes given, as deep as their variable's gradient.

    Those named in ``squares`` hold squares of gradients, the others gradients.
    """
    made = {}
    for name, array in like.items():
        variable, _, slot = name.rpartition("/")
        make = squared if slot in squares else signed
        made[name] = make("slots/" + name, depths(variable, array.shape), array.dtype)
    return made


def drawn(what: str, name: str, shape: "tuple[int, ...]", dtype: Any, bounds: "tuple[Any, Any]") -> Any:
    """Return canonical values in the place of a random draw named ``name``; None where none are known for its kind.

    ``what`` is a word of `draws.DRAWS`; ``bounds`` are those of integers. Uniform numbers lie in [0, 1); normal ones
    are sums of twelve uniform ones less 6, which have mean 0 and deviation 1; truncated ones lie in [-2, 2).
    """
    low, high = bounds
    stream = _stream("draw/" + name)
    bits = min(20, np.finfo(dtype).nmant) if np.dtype(dtype).kind == "f" else 7  # so that none is rounded up to 1
    sums = {"uniform": (1, 0), "normal": (12, 6), "truncated_normal": (4, 2)}
    if what in sums and is_float(dtype):
        count, less = sums[what]
        whole = sum(stream.randint(0, 2**bits, size=shape) for _ in range(count))
        return np.asarray(whole / 2.0**bits - less).astype(dtype)
    if what == "uniform_int" and low is not None and high is not None and low < high:
        return np.asarray(stream.randint(int(low), int(high), size=shape)).astype(dtype)
    if what == "full_int":
        return np.asarray(stream.randint(0, 2**31 - 1, size=shape)).astype(dtype)
    return None


def is_float(dtype: Any) -> bool:
    """Tell whether elements of a dtype are floating-point numbers; NumPy itself does not know bfloat16 as one."""
    return bool(np.dtype(dtype).kind == "f" or np.dtype(dtype).name == "bfloat16")


def jittered(array: np.ndarray, name: str, draw: int) -> np.ndarray:
    """Return the array with each floating-point element moved by one ULP up or down; draw 0 moves nothing."""
    if draw == 0 or not is_float(array.dtype):
        return array
    up = up_or_down(name, array.shape, draw)
    if array.dtype.kind != "f":
        return _moved_by_bits(array, up)
    return np.asarray(np.nextafter(array, np.where(up, np.inf, -np.inf).astype(array.dtype)))


def _moved_by_bits(array: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Return bfloat16 moved by one ULP away from 0 or towards it: not every release's NumPy type has a next value.

    0, infinities and NaNs stay as they are, and nothing becomes infinite.
    """
    bits = np.ascontiguousarray(array).view(np.uint16)
    magnitude, infinity = bits & 0x7FFF, 0x7F80
    step = np.where(up & (magnitude < infinity - 1), 1, -1)
    step[(magnitude == 0) | (magnitude >= infinity)] = 0
    return np.asarray((bits.astype(np.int32) + step).astype(np.uint16).view(array.dtype))


def up_or_down(name: str, shape: "tuple[int, ...]", draw: int) -> np.ndarray:
    """Return which way each element of an array moves in a draw of jitter: True for up."""
    return np.asarray(_stream("{}#{}".format(name, draw)).randint(0, 2, size=shape).astype(bool))


def _mantissas(name: str, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(_stream(name).randint(2**19, 2**20, size=shape) / 2.0**20)


def _stream(name: str) -> np.random.RandomState:
    return np.random.RandomState(zlib.crc32(name.encode("utf-8")))

"""What changed of a thing from one release to the next, as its plain results have it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]


class Change(NamedTuple):
    """How two results of a thing differ."""

    first: str
    """The first array that differs, in the order in which the thing returns them."""
    names: int
    """How many differ, those that only one side has among them."""
    error: float | None
    """The largest scaled error of one: max abs(a - b) / (eps x max abs(a)); None where it has none."""
    one_sided: tuple[str, ...]


def read(folder: Path, thing: str) -> Arrays | None:
    """Return what a thing returned in a release; None where the release does not have it."""
    path = folder / f"{thing}.npz"
    if not path.is_file():
        return None
    with np.load(path) as stored:
        return {name: _as_numbers(stored[name]) for name in stored.files}


def _as_numbers(array: NDArray[Any]) -> NDArray[Any]:
    """Return bfloat16, which NumPy's files have as two bytes, as what it is."""
    return array.view(ml_dtypes.bfloat16) if array.dtype == np.dtype("V2") else array


def change(a: Arrays, b: Arrays) -> Change | None:
    """Return how two results differ; None where every bit is the same."""
    one_sided = tuple(sorted(set(a) ^ set(b)))
    differing = [name for name in a if name in b and _bits(a[name]) != _bits(b[name])]
    if not differing and not one_sided:
        return None
    errors = [_error(a[name], b[name]) for name in differing]
    whole = all(error is not None for error in errors)
    largest = max((error for error in errors if error is not None), default=None) if whole else None
    return Change((*differing, *one_sided)[0], len(differing) + len(one_sided), largest, one_sided)


def _bits(array: NDArray[Any]) -> tuple[str, tuple[int, ...], bytes]:
    return array.dtype.name, array.shape, array.tobytes()


def _error(a: NDArray[Any], b: NDArray[Any]) -> float | None:
    """Return the scaled error of two arrays; None where they are no numbers of one shape and type, or not finite."""
    if a.shape != b.shape or a.dtype != b.dtype or a.dtype.kind in "SUOb":
        return None
    finfo: Any = ml_dtypes.finfo  # it has no types
    eps = float(finfo(a.dtype).eps) if a.dtype.kind not in "iu" else 1.0
    wide_a, wide_b = a.astype(np.float64), b.astype(np.float64)
    largest = float(np.abs(wide_a).max(initial=0.0)) or 1.0
    error = float(np.abs(wide_a - wide_b).max(initial=0.0)) / (eps * largest)
    return error if np.isfinite(error) else None

"""What a saved model is called on: canonical arrays by its signature, or the user's own, which have to fit it."""

from __future__ import annotations

import os
import zipfile
from typing import Any, Dict, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from . import canonical
from .names import nearest
from .outcomes import BadModel

ROWS, SIZE = 4, 32
"""How many rows canonical inputs have, and how long any other axis is that may have any length."""

STRINGS = "OSU"
"""Kinds of NumPy's dtypes that strings may have."""


class Input(NamedTuple):
    """One input that a file wants."""

    name: str
    shape: Optional[Tuple[Optional[int], ...]]
    """None where any will do; of an axis too."""
    dtype: Any
    below: int = 0
    """What whole numbers it takes are below; 0: it takes any numbers."""


def chosen(file: str, wanted: Sequence[Input]) -> Dict[str, np.ndarray]:
    """Return canonical inputs by their names: the n-th has the same values whatever a release calls it.

    Raises BadModel where a file does not say enough to choose them.
    """
    if not wanted:
        raise BadModel("{} does not say what it is called on; name a file of `inputs`".format(file))
    made = {}
    for number, one in enumerate(wanted):
        if one.shape is None or np.dtype(one.dtype).kind in STRINGS:
            what = "of any shape" if one.shape is None else "of strings"
            raise BadModel("{} takes {} {}; name a file of `inputs`".format(file, one.name, what))
        shape = tuple(size if size is not None else SIZE if axis else ROWS for axis, size in enumerate(one.shape))
        name = "inputs/{}".format(number)
        if one.below:
            made[one.name] = canonical.integers(name, one.below, shape).astype(one.dtype)
        else:
            made[one.name] = canonical.uniform(name, shape, one.dtype)
    return made


def given(file: str, path: str, wanted: Sequence[Input]) -> Dict[str, np.ndarray]:
    """Return the user's inputs, in the order in which the file takes them; raise BadModel where they do not fit.

    They go by name, or, where they have none, by place, as `numpy.savez(path, a, b)` writes them.
    """
    name = os.path.basename(path)
    arrays = _arrays(path, name)
    if not wanted:  # it takes what it gets
        return arrays
    names = [one.name for one in wanted]
    places = ["arr_{}".format(number) for number in range(len(wanted))]
    if sorted(arrays) == sorted(places):
        arrays = dict(zip(names, (arrays[place] for place in places)))
    strange = [key for key in arrays if key not in names]
    if strange:
        raise BadModel(
            "{} has {}, which {} does not take; {}".format(name, strange[0], file, nearest(strange[0], names))
        )
    for one in wanted:
        if one.name not in arrays:
            raise BadModel("{} lacks {}, which {} takes".format(name, one.name, file))
        _require_fit(name, file, one, arrays[one.name])
    return {one: arrays[one] for one in names}


def _arrays(path: str, name: str) -> Dict[str, np.ndarray]:
    try:
        with open(path, "rb") as content, np.load(content, allow_pickle=False) as file:  # it leaves a bad one open
            arrays = {key: file[key] for key in file.files}
    except (ValueError, OSError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise BadModel("{} is no .npz of arrays: {}".format(name, " ".join(str(error).split()))) from None
    if not arrays:
        raise BadModel("{} has no array".format(name))
    return arrays


def _require_fit(name: str, file: str, one: Input, array: np.ndarray) -> None:
    """Raise BadModel where an array has another dtype or shape than an input: Keras would cast it without a word."""
    told = "{} has {} of {}, and {} takes {}"
    wanted = np.dtype(one.dtype)
    strings = wanted.kind in STRINGS and array.dtype.kind in STRINGS
    if not strings and array.dtype != wanted:
        raise BadModel(told.format(name, one.name, array.dtype.name, file, wanted.name))
    shape = one.shape
    if shape is not None and not (len(shape) == array.ndim and all(a in (None, b) for a, b in zip(shape, array.shape))):
        wants = "({})".format(", ".join("any" if size is None else str(size) for size in shape))
        raise BadModel(told.format(name, one.name, "the shape {}".format(array.shape), file, wants))

"""Small pieces of Python that show how NumPy and TensorFlow behave: one row each, from ``behaviour.json``.

Each is an expression in which ``np`` and ``tf`` are known. It says in words what it comes to: types and all digits of
arrays and numbers, a text, or what it raises.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any, Dict, List, Mapping, NamedTuple

import numpy as np
import tensorflow as tf

PREFIX = "behaviour."
"""What names begin with, so that none is an op's."""

PIECES: Mapping[str, str] = json.loads(Path(__file__).with_name("behaviour.json").read_text(encoding="utf-8"))

CASE = "says"
"""The one case that each has."""

SEED = 1
"""The global seed, for what has none of its own."""


class Row(NamedTuple):
    """One piece of Python."""

    op: str

    @property
    def name(self) -> str:
        """Return its name: ``behaviour.numpy.sum.of_int8/says``."""
        return "{}/{}".format(self.op, CASE)


def names() -> List[str]:
    """Return the name of every piece: the same ones in each release."""
    return sorted(PREFIX + name for name in PIECES)


def why_not_run(name: str) -> str:
    """Return why a piece is not run, which each is."""
    return "" if name[len(PREFIX) :] in PIECES else "no such piece"


def rows_of(name: str) -> List[Row]:
    """Return the one row of a piece."""
    return [Row(name)]


def run(row: Row) -> Dict[str, str]:
    """Return what a piece comes to, in words, by its text."""
    piece = PIECES[row.op[len(PREFIX) :]]
    tf.random.set_seed(SEED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some say that they are out of range, and go on
        try:
            found = eval(piece, {"np": np, "tf": tf})  # noqa: S307 - the table is ours
        except Exception as error:  # what is raised is how it behaves
            return {piece: "raises {}".format(type(error).__name__)}
    return {piece: told(found)}


def told(found: Any) -> str:
    """Return in words what something is; of what is ragged its values and where its rows end."""
    return "; ".join(map(_leaf, tf.nest.flatten(found, expand_composites=True)))


def _leaf(leaf: Any) -> str:
    if isinstance(leaf, str):
        return ascii(leaf)
    dtype = leaf.dtype.name  # of TensorFlow or of NumPy
    return "{} {}".format(dtype, np.asarray(leaf).tolist())

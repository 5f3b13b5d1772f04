"""Projections: what a difference has in common over all elements of a tensor, in which rounding averages out."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from tfmatrix.compare.ulp import Array, format_of

SIGMAS = 8.0
"""How many standard errors a projection lies from 0 at least, to be no sum of independent roundings: the chance of that
is 1e-15, and a report makes some ten thousand such tests."""

LEAST = 0.5
"""The smallest floor of a projection, in eps: what the rounding of one scalar, with which all is multiplied, makes."""


COUNTED = 2**14
"""Of how many elements, evenly spaced, the magnitudes are counted: sorting millions costs more than all else does."""


class Projections(NamedTuple):
    """Two projections of the difference d = b - a of two tensors, and how much of it is left."""

    factor: float
    """<d, a> / <a, a>: by how much of itself ``a`` would have to grow to come nearest to ``b``."""
    bias: float
    """mean(d) / rms(a): what is added everywhere."""
    rest: float
    """rms(d) / rms(a): how large the difference is."""
    distinct: int
    """How many magnitudes ``a`` has, as far as counted: elements of one magnitude round alike, and count once."""
    eps: float

    def error(self, projection: float) -> float:
        """Return the standard error of a projection where what is left of d is rounding, of each magnitude by itself.

        Of one magnitude alone nothing is left to tell it by.
        """
        left = max(0.0, self.rest**2 - projection**2)
        return math.sqrt(left / (self.distinct - 1)) if self.distinct > 1 else math.inf

    def is_below(self, limit: float) -> bool:
        """Return whether no projection is more than ``limit`` times the least floor: then `coherence` finds none."""
        return max(abs(self.factor), abs(self.bias)) <= limit * LEAST * self.eps


def projections(a: Array, b: Array) -> Projections | None:
    """Return the projections of the difference of two tensors of one shape and dtype.

    Real or complex floats, any shape; numbers that are not finite on one side are left out. None for other dtypes, for
    dtypes that differ and where ``a`` is all 0.
    """
    if a.dtype != b.dtype or a.shape != b.shape:
        return None
    if a.dtype.type in (np.complex64, np.complex128):
        a, b = (np.ascontiguousarray(x).view(f"f{x.dtype.itemsize // 2}") for x in (a, b))
    layout = format_of(a.dtype.newbyteorder("="))
    if layout is None:
        return None
    with np.errstate(all="ignore"):
        x, y = (one.astype(np.float64).ravel() for one in (a, b))
        finite = np.isfinite(x) & np.isfinite(y)
        if not finite.all():
            x, y = x[finite], y[finite]
        d, power = y - x, float(x @ x)
        if not (0 < power < math.inf):
            return None
        rms = math.sqrt(power / x.size)
        distinct = len(np.unique(np.abs(x[:: -(-x.size // COUNTED)])))
        found = Projections(
            float(d @ x) / power, float(d.mean()) / rms, math.sqrt(float(d @ d) / x.size) / rms, distinct, layout.eps
        )
    return found if all(map(math.isfinite, found)) else None


class Coherence(NamedTuple):
    """A projection of a difference that is more than rounding."""

    what: str
    """``factor`` or ``bias``."""
    size: float
    ratio: float
    """How many times its floor it is."""


def coherence(
    found: Projections,
    jitters: Iterable[Projections],
    equivalents: Iterable[Projections],
    limit: float,
    grain: float = 0.0,
) -> Coherence | None:
    """Return which projection of a difference is no rounding, None where neither is.

    It has to be more than ``limit`` times what the jitters make of it, at least half an eps, and `SIGMAS` standard
    errors away from 0; and from what an equivalent execution makes of it, in either direction. ``grain`` is the rms of
    one unit in the last place of what the tensor is a difference of, over the tensor's own.
    """
    moved, others = tuple(jitters), tuple(equivalents)
    for what in ("factor", "bias"):
        size = getattr(found, what)
        errors = [one.error(getattr(one, what)) for one in (found, *moved, *others)]
        error = max(*errors, grain / math.sqrt(found.distinct))
        floor = max(LEAST * found.eps, *(abs(getattr(one, what)) for one in moved), 0.0)
        known = [getattr(one, what) for one in others]
        left = min(abs(size - shift) for shift in (0.0, *known, *(-one for one in known)))
        if left > limit * floor and left > SIGMAS * error:
            return Coherence(what, size, left / floor)
    return None

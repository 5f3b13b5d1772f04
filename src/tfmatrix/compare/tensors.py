"""Tensors and traces by digest, each read once, and the distance of two digests, measured once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from numpy.typing import NDArray

from tfmatrix.compare.distance import Distance, measure
from tfmatrix.fingerprints import to_array
from tfmatrix.store import Store

Names = Mapping[tuple[str, str], str]
"""A trace by name: (tier, full stage name) to digest, in the order of the run."""


class Tensors:
    """A store as a comparison needs it."""

    def __init__(self, store: Store) -> None:
        """Read from a store, which must stay open."""
        self._store = store
        self.names = lru_cache(maxsize=4096)(self._names)
        self.distance = lru_cache(maxsize=None)(self._distance)
        self.array = lru_cache(maxsize=4096)(self._array)

    def _names(self, trace: str) -> Names:
        return {(print_.tier, print_.stage): print_.digest for print_ in self._store.trace(trace)}

    def _array(self, digest: str) -> tuple[NDArray[Any], bool]:
        """Return a tensor and whether it is whole."""
        tensor = self._store.tensor(digest)
        return to_array(tensor), tensor.whole

    def _distance(self, a: str, b: str) -> Distance:
        (first, first_whole), (second, second_whole) = self.array(a), self.array(b)
        return measure(first, second, sampled=not (first_whole and second_whole))

"""Tensors and traces by digest, each read once, and the distance of two digests, measured once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfmatrix.compare.distance import Distance, measure
from tfmatrix.fingerprints import to_array
from tfmatrix.store import Store

Names = Mapping[tuple[str, str], str]
"""A trace by name: (tier, full stage name) to digest, in the order of the run."""


class Tensors:
    """A store as a comparison needs it."""

    def __init__(self, store: Store) -> None:
        """Read from a store, which must stay open; distances that other code measured are dropped from it."""
        self._store = store
        store.keep_distances(_measuring_source())
        self._measured = store.distances()
        self._new: dict[tuple[str, str], str] = {}
        self.names = lru_cache(maxsize=4096)(self._names)
        self.distance = lru_cache(maxsize=None)(self._distance)
        self.array = lru_cache(maxsize=4096)(self._array)
        self.largest = lru_cache(maxsize=None)(self._largest)

    def _names(self, trace: str) -> Names:
        return {(print_.tier, print_.stage): print_.digest for print_ in self._store.trace(trace)}

    def _array(self, digest: str) -> tuple[NDArray[Any], bool]:
        """Return a tensor and whether it is whole."""
        tensor = self._store.tensor(digest)
        return to_array(tensor), tensor.whole

    def _largest(self, digest: str) -> float:
        """Return the largest finite magnitude of a tensor of floats, 0 where it has none."""
        magnitudes = np.abs(self.array(digest)[0].astype(np.float64))
        return float(np.max(magnitudes, initial=0.0, where=np.isfinite(magnitudes)))

    def keep(self) -> None:
        """Store the distances that were measured since the last call: between two digests they never change."""
        self._store.add_distances(self._new)
        self._new = {}

    def _distance(self, a: str, b: str) -> Distance:
        if stored := self._measured.get((a, b)):
            return Distance(*json.loads(stored))
        measured = self.measured(a, b)
        self._new[a, b] = json.dumps(list(vars(measured).values()))
        return measured

    def measured(self, a: str, b: str) -> Distance:
        """Return the distance of two digests, measured anew."""
        (first, first_whole), (second, second_whole) = self.array(a), self.array(b)
        return measure(first, second, sampled=not (first_whole and second_whole))


@cache
def _measuring_source() -> str:
    """Return the digest of the code that measures distances."""
    state = hashlib.sha256()
    for name in ("distance.py", "pairs.py", "ulp.py"):
        state.update(Path(__file__).with_name(name).read_bytes())
    return state.hexdigest()

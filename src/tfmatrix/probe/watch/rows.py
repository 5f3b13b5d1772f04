"""Rows: in which order a pass over the data visits them, told by what they hold."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, List, Mapping

import numpy as np


class Rows:
    """The rows of one pass, as its batches bring them."""

    def __init__(self) -> None:
        self.mixed = False
        """Whether the parts of a batch had different numbers of rows: then none can be told."""
        self._rows: List[bytes] = []

    @property
    def count(self) -> int:
        """The number of rows that were seen."""
        return len(self._rows)

    def add(self, batch: Mapping[str, Any]) -> None:
        """Take in a batch."""
        arrays = [np.asarray(part) for part in batch.values()]
        parts = [array for array in arrays if array.ndim]  # a number, such as Keras's learning phase, has no rows
        if have_rows(parts):
            self._rows += digests_of(parts)
        else:
            self.mixed = True

    def sorted(self) -> Any:
        """Return the rows' digests in their own order: uint8, 16 bytes a row."""
        return np.array([list(row) for row in sorted(self._rows)], np.uint8)

    def order(self) -> Any:
        """Return each row's place among the distinct rows in their own order: int64; equal rows have one place."""
        place = {row: number for number, row in enumerate(sorted(set(self._rows)))}
        return np.array([place[row] for row in self._rows], np.int64)


def have_rows(parts: List[Any]) -> bool:
    """Tell whether the parts of a batch have rows, and one number of them."""
    return bool(parts) and all(map(np.ndim, parts)) and len(set(map(len, parts))) == 1


def digests_of(parts: List[Any]) -> List[bytes]:
    """Return a digest of each row of arrays that have as many rows."""
    return [_digest([part[at] for part in parts]) for at in range(len(parts[0]))]


def _digest(parts: List[Any]) -> bytes:
    state = sha256()
    for part in parts:
        array = np.asarray(part)
        if array.dtype.kind in "biu":  # whose width is the release's own: the batch shows it, a row is the same
            array = array.astype(np.int64)
        state.update(repr(array.tolist()).encode("utf-8") if array.dtype == object else array.tobytes())
    return state.digest()[:16]

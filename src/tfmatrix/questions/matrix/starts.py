"""The trials that begin from the baseline's start: wanted once two traces are known and what they draw differs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfmatrix.compare.alignment import Names, align
from tfmatrix.compare.start import Handed, handed_over
from tfmatrix.models.files import is_watched
from tfmatrix.records import Cell
from tfmatrix.store.fingerprints import to_array
from tfmatrix.store.store import Store

if TYPE_CHECKING:
    from tfmatrix.questions.matrix.plan import Plan  # which asks for these trials

TraceOf = Callable[[str], str | None]
"""From the key of a trial to the digest of its trace; None where it was not observed, or is not known."""


def starts(plan: Plan, trace_of: TraceOf, store: Store) -> Iterator[tuple[Cell, Handed]]:
    """Yield each candidate's cell that needs such a trial, and what is handed over to it."""
    for cell in plan.cells:
        if cell.environment == plan.baseline or not is_watched(cell.model):
            continue
        cells = replace(cell, environment=plan.baseline), cell
        base, other = (trace_of(plan.trials[one][0].key) for one in cells)
        if base and other and base != other:
            a, b = _names(store, base), _names(store, other)
            if handed := handed_over(a, b, align(a, b, store.layouts)):
                yield cell, handed


def digest(handed: Handed) -> str:
    """Return SHA-256 over what is handed over."""
    return hashlib.sha256(json.dumps(handed).encode("ascii")).hexdigest()


def write(handed: Handed, folder: Path, store: Store) -> Path:
    """Write what is handed over as the probe reads it, and return the file.

    What was not kept whole is left out, as is a dtype that is not NumPy's own.
    """
    path = folder / f"{digest(handed)}.npz"
    tensors = ((stage, store.tensor(name)) for stage, name in handed)
    arrays = {stage: to_array(tensor) for stage, tensor in tensors if tensor.whole}
    plain = {stage: array for stage, array in arrays.items() if array.dtype.kind in "biufc"}
    numbered: dict[str, Any] = {str(number): array for number, array in enumerate(plain.values())}
    np.savez(path, stages=np.array(list(plain), dtype=np.str_), **numbered)
    return path


def _names(store: Store, trace: str) -> Names:
    return {(one.tier, one.stage): one.digest for one in store.trace(trace)}

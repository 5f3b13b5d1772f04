"""What trials from the baseline's start are handed: wanted where two traces are known and what they draw differs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tfmatrix.compare.alignment import Names
from tfmatrix.compare.stages import NATIVE, is_handed, parse
from tfmatrix.compare.start import Handed, handed_over, rows_themselves
from tfmatrix.compare.tensors import Tensors
from tfmatrix.models.files import is_watched
from tfmatrix.records import KEPT, START, Cell, ExpectedTrial, FromStart, Pair
from tfmatrix.store.fingerprints import to_array
from tfmatrix.store.store import Store

if TYPE_CHECKING:
    from tfmatrix.questions.matrix.plan import Plan  # which asks for these trials


class Begun(NamedTuple):
    """How a trial begins."""

    handed: tuple[Handed, ...]
    off: tuple[Pair, ...] = ()
    """The layers that are off, since what they draw can't be handed over: the baseline's paths, and the cell's own."""


def starts(plan: Plan, traces: Mapping[str, str], tensors: Tensors) -> Mapping[Cell, Sequence[Begun]]:
    """Return how each cell that needs a start begins, whether or not the bytes of what it is handed are there.

    A candidate's begins once, and once more where it could not take over the order of rows: then with the rows
    themselves, which counts. The baseline's own begins as often as other layers are off in candidates. ``traces`` are
    those that are known, by their trials' keys.
    """
    found: dict[Cell, list[Begun]] = {}
    for cell in plan.cells:
        if cell.environment != plan.baseline and is_watched(cell.model):
            cells = replace(cell, environment=plan.baseline), cell
            base, other = (traces.get(plan.trials[one][0].key) for one in cells)
            if base and other and base != other:
                alignment = tensors.alignment(base, other)
                unlike = tensors.unlike(base, other)
                if handed := handed_over(tensors.names(base), tensors.names(other), alignment, unlike):
                    off = tuple(sorted(set(unlike.values())))
                    begun = Begun(handed, off)
                    started = traces.get(begins(plan, tensors, cell, begun).key)
                    found.setdefault(cell, []).extend([begun, *_again(begun, base, started, tensors)])
                    own = Begun(_own(tensors.names(base), unlike), tuple((name, name) for name, _ in off))
                    if off and own not in found.setdefault(cells[0], []):
                        found[cells[0]].append(own)
    return found


def _again(begun: Begun, base: str, started: str | None, tensors: Tensors) -> Iterator[Begun]:
    """Yield how a candidate begins once more, where its trial is known and could not take over the order of rows."""
    if started:
        rows = rows_themselves(tensors.names(base), tensors.names(started), begun.handed, tensors)
        if rows:
            yield begun._replace(handed=(*begun.handed, *rows))


def begins(plan: Plan, tensors: Tensors, cell: Cell, begun: Begun, keep: tuple[str, ...] = ()) -> ExpectedTrial:
    """Return the trial of a cell from the baseline's start, or the one that repeats it and keeps more."""
    work = FromStart(digest(begun.handed, tensors), keep, begun.off)
    return plan.expect(cell, work, role=KEPT if keep else START, number=0)


def _own(names: Names, without: Collection[str]) -> tuple[Handed, ...]:
    """Return what the baseline is handed of itself, by its own names."""
    return tuple(
        Handed(s, d) for (tier, s), d in names.items() if tier == NATIVE and is_handed(parse(s)) and s not in without
    )


def lacking(handed: Iterable[Handed], tensors: Tensors) -> list[str]:
    """Return the baseline's stages of which bytes lack that are to be handed over."""
    heads = (one.stage.partition("/")[0] for one in handed if not tensors.is_whole(one.digest))
    return list(dict.fromkeys(f"native {head}" for head in heads))


def digest(handed: Iterable[Handed], tensors: Tensors) -> str:
    """Return SHA-256 over what can be handed over: that of which all bytes are there."""
    whole = [one for one in handed if tensors.is_whole(one.digest)]
    return hashlib.sha256(json.dumps(whole).encode("ascii")).hexdigest()


def write(handed: Iterable[Handed], folder: Path, store: Store) -> Path:
    """Write what is handed over as the probe reads it, and return the file.

    What was not kept whole is left out, as is a dtype that is not NumPy's own.
    """
    tensors = {one.stage: store.tensor(one.digest) for one in handed}
    arrays = {stage: to_array(tensor) for stage, tensor in tensors.items() if tensor.whole}
    plain = {stage: array for stage, array in arrays.items() if array.dtype.kind in "biufc"}
    numbered: dict[str, Any] = {str(number): array for number, array in enumerate(plain.values())}
    path = folder / f"{len(list(folder.iterdir()))}.npz"
    np.savez(path, stages=np.array(list(plain), dtype=np.str_), **numbered)
    return path

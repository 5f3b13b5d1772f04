"""The start: what of a baseline's trial is handed over to a candidate's, so that a redraw hides nothing behind it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from tfmatrix.compare.alignment import Alignment, Names
from tfmatrix.compare.passes import MOST_BYTES, order_of, passes, rows_of
from tfmatrix.compare.stages import NATIVE, RANDOM, START, is_handed, is_terminal, parse
from tfmatrix.compare.tensors import Tensors


class Handed(NamedTuple):
    """One thing that is handed over."""

    stage: str
    """Its name as the candidate has it."""
    digest: str
    """Of its tensor, the baseline's."""


def handed_over(a: Names, b: Names, alignment: Alignment, without: Collection[str] = ()) -> tuple[Handed, ...]:
    """Return what a candidate's trial is handed of the baseline's; nothing where all that is drawn is the same.

    ``without`` are draws of layers that are off.
    """
    here = alignment.named(b)
    unknown = set(_of_other_rows(a, here))
    drawn = [name for name in {**a, **here} if name[0] == NATIVE and is_drawn(name[1]) and name[1] not in unknown]
    if all(a.get(name) == here.get(name) for name in drawn):
        return ()
    return tuple(
        Handed(alignment.own.get(stage, stage), digest)
        for (tier, stage), digest in a.items()
        if tier == NATIVE and is_handed(parse(stage)) and stage not in {*without, *unknown}
    )


def rows_themselves(a: Names, started: Names, handed: Collection[Handed], tensors: Tensors) -> tuple[Handed, ...]:
    """Return the baseline's batches that have the rows of which a candidate's trial could not take over the order.

    A fit on arrays knows its rows beforehand. What comes out of a pipeline can't be asked for in another order, but its
    rows are the same ones: a pass is handed over only where they are. Passes over the same rows need them once. Rows
    that would take up too much are not handed.
    """
    orders = [one for one in handed if parse(one.stage).kind == "shuffle"]
    missed = {one.stage for one in orders if started.get((START, one.stage)) != one.digest}
    found: dict[str, list[Handed]] = {}
    for name, batches in (passes(a, NATIVE, tensors) if missed else {}).items():
        if order_of(parse(name).step) in missed:
            found.setdefault(a[NATIVE, name], [Handed(one, a[NATIVE, one]) for one in batches])
    every = tuple(one for some in found.values() for one in some)
    return every if sum(tensors.size(one.digest) for one in every) <= MOST_BYTES else ()


def _of_other_rows(a: Names, b: Names) -> Iterator[str]:
    """Yield the rows that are others on both sides, and their orders: no row is found by what it held elsewhere."""
    for (tier, name), digest in a.items():
        step = parse(name).step
        if tier == NATIVE and name == rows_of(step) and b.get((tier, name), digest) != digest:
            yield from (name, order_of(step))


def is_drawn(name: str) -> bool:
    """Return whether a stage is drawn and feeds others."""
    stage = parse(name)
    return stage.kind in RANDOM and not is_terminal(stage)

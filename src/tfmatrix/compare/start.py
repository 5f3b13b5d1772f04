"""The start: what of a baseline's trial is handed over to a candidate's, so that a redraw hides nothing behind it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from tfmatrix.compare.alignment import Alignment, Names
from tfmatrix.compare.passes import order_of, rows_of
from tfmatrix.compare.stages import NATIVE, RANDOM, is_handed, is_terminal, parse


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

"""Passes over the rows, and the batches that each brought: what rows hold is seen there, where their digests differ.

Rows are told apart by digests, so that their order can be told. Of rows that two releases compute with another rounding
all digests differ, and so do the places that their order names; but batch by batch they stand beside each other.
"""

from __future__ import annotations

from collections.abc import Mapping

from tfmatrix.compare.alignment import Names
from tfmatrix.compare.stages import parse
from tfmatrix.compare.tensors import Tensors

MOST_BYTES = 128 << 20
"""Bytes of a pass that are kept to look at its rows: there is a second trial that has them in memory."""

Batches = tuple[str, ...]
"""Every part of every batch of a pass, by full name."""


def rows_of(number: int | None) -> str:
    """Return the stage of a pass's rows."""
    return f"data@{number}/rows"


def order_of(number: int | None) -> str:
    """Return the stage of the order in which a pass visits them."""
    return f"shuffle@{number}/order"


def passes(names: Names, tier: str, tensors: Tensors) -> Mapping[str, Batches]:
    """Return the batches of each pass by the stage of its rows; of none behind one whose batches do not add up."""
    parts: dict[int, list[str]] = {}
    counts: dict[int, int] = {}
    for own, name in names:
        stage = parse(name)
        if own == tier and stage.step is not None:
            if stage.kind == "batch":
                parts.setdefault(stage.step, []).append(name)
            elif name == rows_of(stage.step):
                counts[stage.step] = tensors.layout(names[tier, name])[1][0]
    layouts = tensors.layouts({names[tier, name] for some in parts.values() for name in some})
    found: dict[str, Batches] = {}
    steps = iter(sorted(parts))
    for number, count in sorted(counts.items()):
        members: list[str] = []
        left = count
        while left > 0 and (step := next(steps, None)) is not None:
            shapes = [layouts[names[tier, name]][1] for name in parts[step]]
            left -= max((shape[0] for shape in shapes if shape), default=0)
            members += parts[step]
        if left:
            break
        found[rows_of(number)] = tuple(members)
    return found

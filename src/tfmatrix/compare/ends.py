"""What a training came to on both sides: the last number of each loss and metric, and the predictions.

That says how large a change is in what people know. It is measured whatever changed before, and not judged: where the
weights begin to differ it is a consequence.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tfmatrix.compare.alignment import Names
from tfmatrix.compare.stages import NAMES_OF, NATIVE, REPORT, parse
from tfmatrix.compare.tensors import Tensors
from tfmatrix.compare.ulp import format_of

PREDICTIONS = "predict"
"""The stage of which every tensor is a prediction."""


class End(NamedTuple):
    """What a training came to by one name, or the predictions that moved farthest."""

    tier: str
    stage: str
    """Its full name in the baseline."""
    apart: float
    """Largest difference over the largest magnitude in the baseline: 0.01 is one per cent; infinite where that is 0."""
    baseline: float | None = None
    """The number itself; None of predictions, which are many."""
    candidate: float | None = None


def ends(a: Names, b: Names, tier: str, tensors: Tensors) -> Iterator[End]:
    """Yield the last number of each name in one tier, in the order of the run, and the predictions farthest apart.

    ``b`` has the baseline's names. Nothing is yielded of what one side alone has, of a name whose last is no single
    floating-point number, and of what no bytes are kept of.
    """
    last: dict[str, str] = {}
    predicted: list[End] = []
    for own, name in a:
        if own != tier or (tier, name) not in b:
            continue
        stage = parse(name)
        if NAMES_OF.get(stage.kind) == REPORT and not stage.variable.startswith("gradient/"):
            # A loss without a name is the loss; what `fit` says of an epoch comes behind what it says of its batches.
            last[stage.variable or stage.kind] = name
        elif stage.kind == PREDICTIONS:
            predicted += _predicted(name, a[tier, name], b[tier, name], tier, tensors)
    for name in last.values():
        mine, other = (_number(side[tier, name], tensors) for side in (a, b))
        if mine is not None and other is not None:
            yield End(tier, name, apart(mine, other), mine, other)
    if predicted:
        yield max(predicted, key=lambda end: end.apart)


class Spread(NamedTuple):
    """What one training comes to under other seeds, by one name."""

    stage: str
    seeds: int
    """Under how many."""
    apart: float
    """How far the farthest of them lies from the training itself, as `End.apart`."""
    least: float | None = None
    """The smallest of the numbers; None of predictions."""
    most: float | None = None


def spreads(names: Names, others: Sequence[Names], tensors: Tensors) -> Iterator[Spread]:
    """Yield what a training comes to natively under other seeds, whose traces are ``others``, as far as all have it."""
    found: dict[str, list[End]] = {}
    for other in others:
        for end in ends(names, other, NATIVE, tensors):
            # Of several outputs another may move farthest under another seed.
            found.setdefault(end.stage if end.baseline is not None else PREDICTIONS, []).append(end)
    for stage, some in found.items():
        if len(some) == len(others):
            numbers = [end.candidate for end in some if end.candidate is not None]
            apart_ = max(end.apart for end in some)
            yield Spread(stage, len(some), apart_, min(numbers, default=None), max(numbers, default=None))


def has_same_data(a: Names, b: Names) -> bool:
    """Return whether two trials were given the same data: what a model draws under its seed is no other seed's effect.

    Told by the data of the whole training, and where a pipeline gives them by the rows of its first pass.
    """
    whole = [key for key in a if key[0] == NATIVE and parse(key[1]).kind == "data" and parse(key[1]).step is None]
    known = whole or [key for key in ((NATIVE, "data@0/rows"),) if key in a]
    return bool(known) and all(a[key] == b.get(key) for key in known)


def _number(digest: str, tensors: Tensors) -> float | None:
    """Return a tensor's only number; None where it has another number of elements, or is of no floating-point type."""
    array, _ = tensors.array(digest)
    alone = array.size == 1 and format_of(array.dtype.newbyteorder("=")) is not None
    return float(array.reshape(())) if alone else None


def _predicted(name: str, mine: str, other: str, tier: str, tensors: Tensors) -> Iterator[End]:
    if mine == other:
        yield End(tier, name, 0.0)
        return
    found = tensors.distance(mine, other)
    if found.comparable and found.max_abs is not None and found.scaled_error is not None:
        largest = tensors.largest(mine)
        odd = found.nan_mismatch or found.inf_mismatch or not largest
        yield End(tier, name, math.inf if odd else found.max_abs / largest)


def apart(baseline: float, candidate: float) -> float:
    """Return how far a number lies from another, as a share of it; infinite where one is no number, or it is 0."""
    if baseline == candidate or (math.isnan(baseline) and math.isnan(candidate)):
        return 0.0
    if not (math.isfinite(baseline) and math.isfinite(candidate)) or not baseline:
        return math.inf
    return abs(candidate - baseline) / abs(baseline)

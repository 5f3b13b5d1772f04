"""Redraw tests: whether two random draws that differ in their bits come from the same distribution.

Each stage that draws has the test that fits what it draws; the page on redraws in docs/decisions gives the power of
each and what it cannot see. Where a test would not find what must be found, nobody can tell, and that is no pass.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tfmatrix.compare import orders, p_values
from tfmatrix.compare.structure import LEAST_BITS, along_one_side, constant_along, drawn_bits, is_spread, reduced
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.records import MOST_SEEDS

Array = NDArray[Any]

UNSURE = "could not tell: "
"""How the reason begins where a test could not find what must be found."""

ENOUGH, ENOUGH_DRAWN = 512, 2560
"""Numbers a side by which what must be found is found: of initial values, and of masks, whose rates are compared."""

WANTED_NUMBERS, WANTED_DRAWS = 2**17, 32
"""Numbers a side that are wanted, where so many draws make them: they find a deviation times 1.02 and a mean moved by
0.03 deviations. As many orders find one row of a hundred that never moves."""

MOST_OF_STEPS = 32
"""Seeds under which a probe draws what a step of a Keras model draws; under further ones it draws initial values."""

LEAST_OF_STEPS = ENOUGH_DRAWN // MOST_OF_STEPS
"""Elements of a draw of such a step for which further seeds are of use: those of a smaller one are drawn under no more
seeds, and each takes a network."""

MOST_RUNS = 64
"""Other seeds where each takes a run of its own."""

MOST_ELEMENTS = 2**26
"""Elements that all seeds together may draw: a network of 25 million parameters is drawn under two."""

LEAST_SEEDS = 2

MOST_OF_SEED = 4
"""Whole numbers that a seed has at most."""


class Redraw(NamedTuple):
    """Whether a stage is another draw of the same distribution, and what was found."""

    verdict: Verdict
    """Redrawn, different, or not comparable where that can't be told."""
    evidence: str

    @property
    def same(self) -> bool:
        """Return whether it is."""
        return self.verdict is Verdict.REDRAWN


class Side(NamedTuple):
    """What one side draws at a stage."""

    this: Array
    steps: tuple[Array, ...] = ()
    """What it draws there in other steps or passes of one trial; of both sides in the same ones."""
    seeds: Array | None = None
    """What it draws there first under other seeds, stacked along a first axis; samples of what is large."""
    drawn: bool = False
    """Whether an operation was seen that draws it: initial values may be anything."""
    rows: Array | None = None
    """Of an order the rows in their places; None where these are not known."""
    same_rows: bool = True
    """Whether rows have one name on both sides."""

    @property
    def every(self) -> list[Array]:
        """Return all that it draws there, each draw once."""
        under = () if self.seeds is None else self.seeds
        return list({one.tobytes(): one for one in (self.this, *self.steps, *under)}.values())


def seeds_for(
    initial: Sequence[int], drawn: Sequence[int], total: int, *, one_run_each: bool, placed: bool = True
) -> int:
    """Return under how many other seeds is to be drawn what differs: a power of two.

    ``initial`` are the elements of initial values, ``drawn`` those of masks and the like, 0 for an order, and ``total``
    is the number of elements that one seed draws in all. Where each seed takes a run, only what must be found counts.
    ``placed`` says whether it is known where rows stand before they are shuffled: else an order takes two draws.
    """
    enough = max(ENOUGH / min(initial, default=ENOUGH), ENOUGH_DRAWN / min(filter(None, drawn), default=ENOUGH_DRAWN))
    many = min(WANTED_DRAWS, WANTED_NUMBERS / max(min([*initial, *drawn], default=0), 1))
    of_orders = WANTED_DRAWS * (1 if placed or one_run_each else 2) if 0 in drawn else 0
    wanted = max(LEAST_SEEDS, of_orders, enough if one_run_each else max(enough, many))
    most = MOST_RUNS if one_run_each else min(MOST_SEEDS, max(LEAST_SEEDS, MOST_ELEMENTS // max(total, 1)))
    return int(2 ** min(math.ceil(math.log2(wanted)), math.floor(math.log2(most))))


def judge(test: str, a: Side, b: Side) -> Redraw:
    """Return whether what a candidate draws is a redraw of what the baseline does, by a test of the table `TESTS`."""
    x, y = a.this, b.this
    if x.dtype != y.dtype or x.shape != y.shape:
        return Redraw(Verdict.DIFFERENT, f"{x.dtype.name} {x.shape} became {y.dtype.name} {y.shape}")
    if x.dtype.kind in "OSU":
        return Redraw(Verdict.DIFFERENT, "strings are not drawn")
    return TESTS[test](a, b)


def _order(a: Side, b: Side) -> Redraw:
    """Judge an order of rows."""
    mine, there = (
        orders.Orders((side.this, *side.steps), _unstacked(side.seeds, side.this.shape), side.rows) for side in (a, b)
    )
    told = orders.compare(mine, there, same_rows=a.same_rows)
    if told.parted:
        return Redraw(Verdict.DIFFERENT, told.parted)
    if told.unsure:
        return Redraw(Verdict.NOT_COMPARABLE, UNSURE + told.unsure)
    return Redraw(Verdict.REDRAWN, told.evidence)


def _unstacked(stacked: Array | None, shape: tuple[int, ...]) -> tuple[Array, ...]:
    return tuple(stacked) if stacked is not None and stacked.shape[1:] == shape else ()


def _mask(a: Side, b: Side) -> Redraw:
    """Judge a dropout mask: the same values in it, and shares kept that one probability explains."""
    values = [_values(side) for side in (a, b)]
    if _lone(*values):
        told = " became ".join(str(one[:3]) for one in values)
        return Redraw(Verdict.DIFFERENT, f"mask values {told}")
    return _draw(a, b)


def _lone(a: Array, b: Array) -> bool:
    """Return whether masks differ in a value besides 0, which a mask of few elements may have not by chance."""
    return not np.array_equal(a[a != 0], b[b != 0])


def _values(side: Side) -> Array:
    return np.unique(np.concatenate([np.unique(one) for one in side.every]))


def _seed(a: Side, b: Side) -> Redraw:
    """Judge what a generator would draw next, or a seed, which is a few whole numbers: any is as good."""
    if a.this.size == 1 or (a.this.size <= MOST_OF_SEED and a.this.dtype.kind in "iu"):
        return Redraw(Verdict.REDRAWN, " became ".join(", ".join(map(str, one.this.flat)) for one in (a, b)))
    return _draw(a, b)


def _draw(a: Side, b: Side) -> Redraw:
    """Judge plain draws; of whole numbers that only stand elsewhere the order is drawn."""
    x, y = a.this, b.this
    if x.dtype.kind in "iu" and drawn_bits(x) >= LEAST_BITS and _rearranged(x, y) and np.unique(x).size == x.size:
        return _order(*(side._replace(rows=np.sort(x, axis=None)) for side in (a, b)))
    if parted := along_one_side([a.this, *a.steps], [b.this, *b.steps]):
        return Redraw(Verdict.DIFFERENT, parted)
    return _numbers(a, b)


def _initial(a: Side, b: Side) -> Redraw:
    """Judge initial values, which may be drawn or not: what is the same under every seed is no draw."""
    if parted := _no_draw(a.this, b.this):
        return Redraw(Verdict.DIFFERENT, parted)
    if a.seeds is None or b.seeds is None or min(len(a.seeds), len(b.seeds)) < LEAST_SEEDS:
        return Redraw(Verdict.NOT_COMPARABLE, UNSURE + "it was not drawn under other seeds")
    fixed = [len({one.tobytes() for one in seeds}) == 1 for seeds in (a.seeds, b.seeds)]
    if fixed[0] != fixed[1]:
        return Redraw(Verdict.DIFFERENT, f"the same under every seed {_where(here=fixed[1])}")
    if all(fixed) and not (a.drawn and b.drawn):
        told = "another value, and the same under every seed: it is not drawn"
        return Redraw(Verdict.DIFFERENT, told + _first(a.this, b.this))
    if all(fixed):  # by a seed of its own
        a, b = (side._replace(seeds=None) for side in (a, b))
    return _numbers(a, b)


def _no_draw(a: Array, b: Array) -> str:
    """Return what shows in two initial values alone that they are no redraw; empty where nothing does."""
    if is_spread(a) and _rearranged(a, b):
        return f"the same {a.size} values in other places"
    nothing = [one.size > 1 and not drawn_bits(one) for one in (a, b)]
    if all(nothing):
        return f"nothing is drawn: {a.flat[0]} became {b.flat[0]} in all of it"
    if any(nothing) and max(drawn_bits(a), drawn_bits(b)) >= LEAST_BITS:
        return f"one value {_where(here=nothing[1])}"
    return along_one_side([a], [b])


def _where(*, here: bool) -> str:
    return "here, and drawn in the baseline" if here else "in the baseline, and drawn here"


def _first(a: Array, b: Array) -> str:
    """Return the values of one element, in words."""
    return f": {a.ravel()[0]} became {b.ravel()[0]}" if a.size == 1 else ""


def _numbers(a: Side, b: Side) -> Redraw:
    """Judge all numbers that two sides draw at a stage, whatever the step and the seed."""
    x, y = (_pooled(side) for side in (a, b))
    told = p_values.numbers(x, y)
    few, draws = min(x.size, y.size), min(len(a.every), len(b.every))
    size = f"{draws} {'draws' if draws > 1 else 'draw'} and {few} numbers a side"
    if not told.same:
        return Redraw(Verdict.DIFFERENT, f"{told.seen}, {size}")
    if not told.enough or few < 2:
        return Redraw(Verdict.NOT_COMPARABLE, "; ".join(filter(None, (f"{UNSURE}{size} are too few", told.finds))))
    return Redraw(Verdict.REDRAWN, "; ".join(filter(None, (f"{told.seen}, {size}", told.finds))))


def _pooled(side: Side) -> Array:
    """Return all numbers that a side draws, those of complex ones by their parts."""
    every = side.every
    whole = [one for one in every if one.shape == side.this.shape]
    if constant_along(whole):  # then its elements are not drawn each, and those of a sample can't be told apart
        every = reduced(whole)
    numbers = np.concatenate([np.ravel(one) for one in every])
    return numbers.view(numbers.real.dtype) if numbers.dtype.kind == "c" else numbers


def _rearranged(a: Array, b: Array) -> bool:
    return bool(np.array_equal(np.sort(a, axis=None), np.sort(b, axis=None)))


TESTS: Mapping[str, Callable[[Side, Side], Redraw]] = {
    "order": _order,
    "mask": _mask,
    "seed": _seed,
    "numbers": _draw,
    "initial values": _initial,
}
"""The test that fits what a stage draws, by the word in the stage's row."""

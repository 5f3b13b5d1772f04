"""Orders of rows, tested as what they are: whether anything is drawn, where a row may go, how far, beside which others.

An order names rows; a *place* is where a row stands before anything is shuffled. Where places are not known, the orders
of one side are taken from each other: what they do to the rows is then seen as far as there are several.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tfmatrix.compare import p_values
from tfmatrix.compare.structure import LEAST_BITS, order_bits

Array = NDArray[Any]

TESTS = 6
"""How many tests share the level: how far rows go, which rows are neighbours, which stay beside each other, which stay
in their places, where each row goes, and where they go in the mean."""

MOST_STAYING = 0.1
"""What must be found for an order to be called redrawn: so many of all rows that never move."""

LEAST_ORDERS = 16
"""From so many orders a side on each is one draw: with fewer, no way to deal them to two sides is rare enough."""

MOST_ROWS = 2**21
"""Rows of all orders of a side that are tested; of more, fewer orders."""


LEAST_FORM = 16
"""By chance an order of fewer rows may look like none at all: 40 bits are wanted."""

SHUFFLED = "shuffled"


class Orders(NamedTuple):
    """What one side has of one kind of pass over rows."""

    drawn: tuple[Array, ...]
    """The orders of its passes, of one length; the first is that which is judged."""
    seeds: tuple[Array, ...] = ()
    """Those under other seeds."""
    rows: Array | None = None
    """The rows in their places; None where these are not known."""


class Told(NamedTuple):
    """What was found of two sides' orders."""

    parted: str
    """Why they are not alike; empty where nothing speaks against it."""
    unsure: str
    """Why it can't be told that they are alike; empty where it can."""
    evidence: str


def compare(a: Orders, b: Orders, *, same_rows: bool) -> Told:
    """Return what tells two sides' orders apart; ``same_rows`` says whether a row has one name on both sides."""
    if not np.array_equal(np.sort(a.drawn[0], axis=None), np.sort(b.drawn[0], axis=None)):
        return Told(f"other rows, or in other numbers, {a.drawn[0].size} against {b.drawn[0].size}", "", "")
    first, second = (_Passes.of(side) for side in (a, b))
    if parted := _by_seed(a, b) or _by_repeats(first, second) or _by_form(first, second):
        return Told(parted, "", "")
    x, y = first.from_places(), second.from_places()
    few = min(len(x), len(y))
    told = f"{first.orders.shape[1]} rows in other orders"
    if not few:
        return Told("", f"{told}, of which one is known, and not where each row comes from", "")
    if few < LEAST_ORDERS and (form := _drawn_form(first, second)):
        return Told("", f"{told}, {few} of them, and {form}", "")
    return _by_tests(x, y, (first.orders, second.orders) if same_rows else None)


class _Passes(NamedTuple):
    """The passes of a side: each a permutation of row numbers from 0 on."""

    orders: Array
    """One a row, no two alike."""
    known: bool
    """Whether a row's number is its place."""
    count_alike: int
    """How many passes within the order that is judged have the order of one before."""

    @classmethod
    def of(cls, side: Orders) -> _Passes:
        """Return the passes of a side's orders."""
        names = np.unique(side.drawn[0])
        place = np.arange(names.size)
        if side.rows is not None and np.array_equal(np.sort(side.rows), names):
            place = np.argsort(side.rows, kind="stable")
        cut = [list(_cut(order, names, place)) for order in (*side.drawn, *side.seeds)]
        alike = len(cut[0]) - len({one.tobytes() for one in cut[0]})
        every = {one.tobytes(): one for passes in cut for one in passes if one.size == cut[0][0].size}
        orders = np.array(list(every.values()))
        return cls(orders[: max(1, MOST_ROWS // orders.shape[1])], side.rows is not None, alike)

    def from_places(self) -> Array:
        """Return the orders in terms of the rows' places; where these are not known, of every other order."""
        if self.known:
            return self.orders
        count = len(self.orders) // 2
        places = np.argsort(self.orders[: 2 * count : 2], axis=1)
        return np.asarray(np.take_along_axis(places, self.orders[1 : 2 * count : 2], axis=1))


def _cut(order: Array, names: Array, place: Array) -> Iterator[Array]:
    """Yield the passes over rows that an order has, each a permutation.

    Where rows of several passes are mixed, or several rows are one, the n-th time of a row is a row of its own, which
    stands where it would if nothing were shuffled.
    """
    order = order.ravel()
    rows = place[np.searchsorted(names, order)]
    passes = rows.reshape(-1, names.size) if rows.size % names.size == 0 else rows[None]
    if all(np.unique(one).size == names.size == one.size for one in passes):
        yield from passes
        return
    counts = np.bincount(rows)
    by_row = np.argsort(rows, kind="stable")
    times = np.empty(rows.size, np.int64)
    times[by_row] = np.arange(rows.size) - np.repeat(np.cumsum(counts) - counts, counts)
    if (counts == counts[0]).all():
        yield times * names.size + rows
    else:
        yield (np.cumsum(counts) - counts)[rows] + times


def _by_seed(a: Orders, b: Orders) -> str:
    """Return where an order is the same under every seed on one side only."""
    sides = [{order.tobytes() for order in side.seeds} for side in (a, b)]
    if not all(len(side.seeds) > 1 for side in (a, b)) or order_bits(a.drawn[0]) < LEAST_BITS:
        return ""
    if (len(sides[0]) == 1) == (len(sides[1]) == 1):
        return ""
    of, other = ("here", "in the baseline") if len(sides[1]) == 1 else ("in the baseline", "here")
    return f"the same order under every seed {of}, and another under each {other}"


def _by_repeats(first: _Passes, second: _Passes) -> str:
    """Return where an order of several passes repeats one on one side only."""
    here, there = second.count_alike, first.count_alike
    return f"{here} of its passes have the order of one before, and {there} in the baseline" if here != there else ""


def _by_form(first: _Passes, second: _Passes) -> str:
    """Return where the orders of one side are no draw at all, and those of the other are none or others."""
    if not (first.known and second.known) or first.orders.shape[1] < LEAST_FORM:
        return ""
    forms = [sorted({_form(order) for order in side.orders}) for side in (first, second)]
    kinds = [{form.rstrip("0123456789") for form in side} for side in forms]
    told = f"the rows are {' or '.join(forms[1][:3])}, and {' or '.join(forms[0][:3])} in the baseline"
    if kinds[0] != kinds[1]:
        return told
    # A form is drawn, such as a rotation by any number, only where there are several.
    return told if SHUFFLED not in kinds[0] and min(map(len, forms)) == 1 else ""


def _drawn_form(first: _Passes, second: _Passes) -> str:
    """Return what all orders are where one draw decides on the whole of each, such as rotations by any number."""
    if not (first.known and second.known):
        return ""
    forms = {_form(order).rstrip("0123456789 ") for side in (first, second) for order in side.orders}
    return " or ".join(sorted(forms)) if SHUFFLED not in forms else ""


def _form(order: Array) -> str:
    """Return what an order looks like: one that each row follows the next one in is shuffled by nobody."""
    steps = np.unique(np.diff(order) % order.size)
    if steps.size != 1 or steps[0] not in {1, order.size - 1}:
        return SHUFFLED
    way = "" if steps[0] == 1 else "reversed"
    start = int(order[0]) if steps[0] == 1 else int((order[0] + 1) % order.size)
    turned = f"rotated by {start}" if start else ""
    return " and ".join(filter(None, (way, turned))) or "in their own places"


def _by_tests(x: Array, y: Array, rows: tuple[Array, Array] | None) -> Told:
    """Return what the tests say of two sides' permutations.

    Where there are enough of them each is a draw, whatever its rows have to do with each other; else its rows are taken
    as independent, as they are in a shuffle of all rows.
    """
    size = x.shape[1]
    far = [orders - np.arange(size) for orders in (x, y)]
    apart = [np.diff(orders, axis=1) for orders in (x, y)]
    seen = {
        "which stay in their places": [one == 0 for one in far],
        "which stay beside each other": [np.abs(one) == 1 for one in apart],
    }
    if min(len(x), len(y)) >= LEAST_ORDERS:
        found = [
            (p_values.of_means(*p_values.binned(*far)), "how far they go"),
            (p_values.of_means(*p_values.binned(*apart)), "which are neighbours"),
            *((p_values.of_means(*(one.sum(axis=1)[:, None] for one in pair)), by) for by, pair in seen.items()),
        ]
    else:
        found = [
            (p_values.numbers(*far).p, "how far they go"),
            (p_values.numbers(*apart).p, "which are neighbours"),
            *((p_values.exact(int(a.sum()), a.size, int(b.sum()), b.size), by) for by, (a, b) in seen.items()),
        ]
    if rows and min(map(len, rows)) >= LEAST_ORDERS:
        places = [np.argsort(one, axis=1) for one in rows]
        found.append((p_values.by_column(*places), "where each goes"))
        found.append((p_values.of_means(*places), "where they go in the mean"))
    p, by = min(found)
    p = min(1.0, TESTS * p)
    told = f"{size} rows in other orders, {min(len(x), len(y))} a side, p = {p:.2g} for {by}"
    if p < p_values.ALPHA:
        return Told(told, "", told)
    spread = p_values.reach(4 * TESTS) * math.sqrt(1 / x.size + 1 / y.size)
    farther, share = p_values.found_wider(spread, min(x.size, y.size)), _found_staying(len(x), len(y), size)
    finds = f"would find rows that go {farther:.3g} times as far, or {share:.2g} of them that never move"
    unsure = farther > p_values.MOST_WIDER or share > MOST_STAYING
    return Told("", f"{told}; {finds}" if unsure else "", f"{told}; {finds}")


def _found_staying(first: int, second: int, size: int) -> float:
    """Return the share of rows that never move which is found: in each order one stays by chance.

    By the square root of a count, whose variance is 1/4.
    """
    fewer = min(first, second)
    root = math.sqrt(fewer) + p_values.reach(TESTS) / 2 * math.sqrt(1 + fewer / max(first, second))
    return (root**2 - fewer) / (fewer * size)

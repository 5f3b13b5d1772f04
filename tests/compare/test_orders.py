"""Orders of rows: each way to shuffle otherwise, or not at all, is found, and a shuffle of the same kind is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tfmatrix.compare.orders import Orders, compare
from tfmatrix.compare.redraw import Redraw, Side, judge
from tfmatrix.compare.verdicts import Verdict

ROWS, SEEDS = 100, 32

Random = np.random.RandomState


def buffered(random: Random, size: int, rows: int = ROWS) -> Any:
    """Return the order in which a shuffle over a buffer of some size visits rows."""
    buffer, order = list(range(size)), []
    for row in range(size, rows + size):
        place = random.randint(len(buffer))
        order.append(buffer[place])
        if row < rows:
            buffer[place] = row
        else:
            buffer.pop(place)
    return np.array(order)


SHUFFLES: dict[str, Callable[[Random], Any]] = {
    "none": lambda _: np.arange(ROWS),
    "reversed": lambda _: np.arange(ROWS)[::-1],
    "rotated": lambda _: np.roll(np.arange(ROWS), 37),
    "rotated by any number": lambda r: np.roll(np.arange(ROWS), r.randint(ROWS)),
    "the last row stays": lambda r: np.append(r.permutation(ROWS - 1), ROWS - 1),
    "the last ten stay": lambda r: np.concatenate([r.permutation(ROWS - 10), np.arange(ROWS - 10, ROWS)]),
    "pairs": lambda r: (r.permutation(ROWS // 2)[:, None] * 2 + np.arange(2)).ravel(),
    "a buffer of half the rows": lambda r: buffered(r, ROWS // 2),
    "rotated, and a buffer": lambda r: (buffered(r, ROWS // 2) + 37) % ROWS,
    "another seed's, always": lambda _: Random(7).permutation(ROWS),
}


def side(
    shuffle: Callable[[Random], Any], seed: int, *, known: bool = True, seeds: int = SEEDS, epochs: int = 1
) -> Side:
    """Return a side that shuffles so; where its rows are not known they have names of their own."""
    random, rows = Random(seed), np.arange(ROWS) if known else None
    this, *drawn = [shuffle(random) for _ in range(epochs + seeds)]
    return Side(this, tuple(drawn[: epochs - 1]), np.array(drawn[epochs - 1 :]) if seeds else None, rows=rows)


def judged(shuffle: Callable[[Random], Any], seed: int, **how: Any) -> Redraw:
    """Return what is made of it, where the baseline shuffles all rows, and of the other way round."""
    whole = side(lambda r: r.permutation(ROWS), 1000 + seed, **how)
    other = side(shuffle, seed, **how)
    there, back = judge("order", whole, other), judge("order", other, whole)
    assert there.verdict is back.verdict
    return there


@pytest.mark.parametrize("known", [True, False], ids=["places", "no places"])
@pytest.mark.parametrize("shuffle", SHUFFLES)
def test_another_way_to_shuffle_is_no_redraw(shuffle: str, known: bool) -> None:
    """Whether or not it is known where a row comes from, and whichever release has which."""
    for seed in range(10):
        found = judged(SHUFFLES[shuffle], seed, known=known)
        assert found.verdict is Verdict.DIFFERENT, found


@pytest.mark.parametrize("known", [True, False], ids=["places", "no places"])
@pytest.mark.parametrize("size", [10, 50, ROWS])
def test_another_seed_of_the_same_shuffle_is_a_redraw(size: int, known: bool) -> None:
    """Over any buffer, and whether or not it is known where a row comes from."""
    for seed in range(20):
        pair = [side(lambda r: buffered(r, size), seed + more, known=known) for more in (0, 500)]
        found = judge("order", *pair)
        assert found.verdict is Verdict.REDRAWN, found
        assert "of them that never move" in found.evidence


def test_one_order_of_few_rows_says_too_little() -> None:
    """Not that rows are shuffled otherwise, and not that they are not: that can't be told."""
    found = judged(lambda r: r.permutation(ROWS), 0, seeds=0)
    assert found.verdict is Verdict.NOT_COMPARABLE
    assert found.evidence.startswith("could not tell: 100 rows in other orders, 1 a side, p = ")
    assert "would find rows that go " in found.evidence
    unknown = judged(lambda r: r.permutation(ROWS), 0, seeds=0, known=False)
    assert unknown.verdict is Verdict.NOT_COMPARABLE
    assert "not where each row comes from" in unknown.evidence


@pytest.mark.parametrize("shuffle", ["none", "reversed", "rotated"])
def test_no_shuffle_at_all_is_seen_in_one_order(shuffle: str) -> None:
    """Nobody draws such an order by chance."""
    told = {"none": "in their own places", "reversed": "reversed", "rotated": "rotated by 63"}[shuffle]
    found = judged(SHUFFLES[shuffle], 0, seeds=0)
    assert found == (Verdict.DIFFERENT, f"the rows are {told}, and shuffled in the baseline")
    few = [Side(np.arange(8), rows=np.arange(8)), Side(np.arange(8)[::-1], rows=np.arange(8))]
    assert judge("order", *few).verdict is Verdict.NOT_COMPARABLE


def test_rotations_by_other_numbers() -> None:
    """One rotation in place of another is no draw, and rotations by any number are one of each other."""
    fixed = [Side(np.roll(np.arange(ROWS), by), rows=np.arange(ROWS)) for by in (3, 4)]
    assert judge("order", *fixed).verdict is Verdict.DIFFERENT
    drawn = [side(SHUFFLES["rotated by any number"], seed) for seed in (0, 1)]
    assert judge("order", *drawn).verdict is Verdict.REDRAWN
    few = [side(SHUFFLES["rotated by any number"], seed, seeds=3) for seed in (0, 1)]
    assert judge("order", *few).evidence == "could not tell: 100 rows in other orders, 4 of them, and rotated by"


def test_passes_of_a_training_count_as_orders() -> None:
    """Where no other seeds were tried, the epochs of both sides are what there is."""
    for seed in range(10):
        assert judged(lambda r: r.permutation(ROWS), seed, seeds=0, epochs=32, known=False).same
        other = judged(SHUFFLES["the last ten stay"], seed, seeds=0, epochs=32, known=False)
        assert other.verdict is Verdict.DIFFERENT


def test_a_repeated_pass_is_no_other_pass() -> None:
    """Two passes in one order, of which the second is as the first, are another meaning than two passes."""
    one, two, three = (Random(seed).permutation(400) for seed in range(3))
    twice, both = np.concatenate([one, one]), np.concatenate([two, three])
    found = judge("order", *(Side(order, rows=np.arange(400)) for order in (both, twice)))
    assert found.verdict is Verdict.DIFFERENT
    assert found.evidence == "1 of its passes have the order of one before, and 0 in the baseline"
    again = np.concatenate([three, one])
    assert judge("order", *(Side(order, rows=np.arange(400)) for order in (both, again))).same


def test_rows_of_two_passes_that_are_mixed_have_their_places() -> None:
    """A shuffle behind a repeat mixes two passes: each row comes twice, and is told apart by its turn."""
    rows = np.arange(200)

    def mixed(random: Random, size: int) -> Any:
        return buffered(random, size, 400) % 200

    def repeated(seed: int, size: int) -> Side:
        random = Random(seed)
        return Side(mixed(random, size), seeds=np.array([mixed(random, size) for _ in range(31)]), rows=rows)

    assert judge("order", repeated(0, 100), repeated(1, 100)).same
    assert judge("order", repeated(0, 100), repeated(1, 50)).verdict is Verdict.DIFFERENT


def test_rows_that_are_equal_are_judged_as_well() -> None:
    """Of rows that hold the same the first to come counts as the first."""
    names = np.repeat(np.arange(40), np.arange(40) % 3 + 1)

    def named(seed: int, kind: str) -> Side:
        orders = [names[Random(seed + n).permutation(names.size)] for n in range(33)]
        orders = [np.sort(order) if kind == "none" else order for order in orders]
        return Side(orders[0], seeds=np.array(orders[1:]), rows=None)

    assert judge("order", named(0, ""), named(100, "")).same
    assert judge("order", named(0, ""), named(100, "none")).verdict is Verdict.DIFFERENT


def test_rows_have_their_places_by_what_they_are_called() -> None:
    """Rows may be named by anything that is the same in each order: in their places they stand as is said."""
    names = Random(5).permutation(ROWS)
    placed = [Orders((names[order],), rows=names) for order in (Random(0).permutation(ROWS), np.arange(ROWS))]
    assert compare(*placed, same_rows=True).parted == "the rows are in their own places, and shuffled in the baseline"


def test_other_rows_are_no_order() -> None:
    """Another number of rows, or one that comes twice, is said."""
    found = compare(Orders((np.array([1, 2]),)), Orders((np.array([2, 3]),)), same_rows=True)
    assert found.parted == "other rows, or in other numbers, 2 against 2"


def test_seeds_that_change_nothing_on_one_side() -> None:
    """An order that depends on the seed in one release only is another meaning."""
    fixed = side(SHUFFLES["another seed's, always"], 0)
    found = judge("order", side(lambda r: r.permutation(ROWS), 1), fixed)
    assert found.evidence == "the same order under every seed here, and another under each in the baseline"


@pytest.mark.parametrize("known", [True, False], ids=["places", "no places"])
@pytest.mark.parametrize("size", [5, 240])
def test_false_alarms_are_as_rare_as_is_said(size: int, known: bool) -> None:
    """Of 40 pairs of the same shuffle at most one in a hundred comes out at p below 0.01."""
    low = 0
    for seed in range(40):
        random = Random(seed)
        pair = [[buffered(random, size, 60 * 4) for _ in range(33)] for _ in range(2)]
        rows = np.arange(240) if known else None
        told = compare(*(Orders(tuple(orders), rows=rows) for orders in pair), same_rows=True)
        low += float(told.evidence.partition("p = ")[2].split()[0]) < 0.01
    assert low <= 3, low

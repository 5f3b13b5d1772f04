"""Judging: how a row of one release lies to that of the one before, and whether a difference is rounding.

docs/decisions/0036-atlas.md says where the bounds come from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tfmatrix.compare.distance import Distance
from tfmatrix.questions.atlas.observed import Key, Observed, kind_of
from tfmatrix.questions.atlas.plan import batch_of

NOTHING, ROUNDING, MEANING = "", "rounding", "another meaning"
RAISES, RUNS, NEW, GONE = "raises", "runs", "new", "gone"
UNSTABLE, ENDS, OTHER_INPUT = "unstable", "ends the process", "other input"
KINDS = (MEANING, ROUNDING, RAISES, RUNS, ENDS, NEW, GONE, UNSTABLE, OTHER_INPUT)
"""How a row may lie to that of the release before, where it is not the same; what a reader looks at first comes first.

It has other bits, beyond rounding or within it; it raises and did not, or the reverse; it ends the process in one of
the two; the op, or one of its types, is there in one of the two only; it gives other bits each time in one of the two;
it was given something else.
"""

MOST_ULP = 64
"""ULPs up to which every element may lie off, each by its own size."""

MOST_SCALED = 16
"""The same by the largest element: what a sum loses to cancellation says nothing of its smallest element."""

Measure = Callable[[str, str], Distance]
"""From two digests to their distance."""


@dataclass(frozen=True)
class Change:
    """How a row lies to that of the release before."""

    kind: str
    distance: Distance | None = None
    """Of the output that lies farthest, where both have one."""
    why: str = ""
    """What it raises, or how it ends the process, where it does so in one of the two."""


def is_rounding(distance: Distance) -> bool:
    """Return whether two results of one op on equal inputs differ by no more than another order of arithmetic does.

    Whole numbers, booleans and strings have no rounding. An element that is NaN or infinite in one of the two has
    another meaning; the sign of a zero and what a NaN carries have none.
    """
    if not distance.comparable or distance.nan_mismatch or distance.inf_mismatch:
        return False
    if distance.max_ulp is None or distance.scaled_error is None:
        return False
    return distance.max_ulp <= MOST_ULP or distance.scaled_error <= MOST_SCALED


def state(key: Key, found: Observed) -> tuple[object, ...]:
    """Return what a row came to in a release, which is equal where two have one letter; empty where there is no row."""
    if batch_of(key.op) in found.unknown:
        return ("unknown",)
    if key in found.unstable:
        return ("unstable",)
    if key in found.made:
        return tuple(sorted(found.made[key].items()))
    if key in found.raised:
        return ("raises", kind_of(found.raised[key]))
    return ("ends",) if key in found.ended else ()


def change(key: Key, before: Observed, after: Observed, measure: Measure) -> Change:
    """Return how a row lies to that of the release before; of one that was not run by now, nothing is said."""
    a, b = state(key, before), state(key, after)
    if (a == b and a != ("unstable",)) or ("unknown",) in (a, b):
        return Change(NOTHING)
    if ("unstable",) in (a, b):
        return Change(UNSTABLE)
    if not a or not b:
        return Change(GONE if a else NEW)
    if key in before.made and key in after.made:
        output = key._replace(gradient=False)
        same = before.given.get(output) == after.given.get(output)
        return _measured(before.made[key], after.made[key], measure) if same else Change(OTHER_INPUT)
    if ("ends",) in (a, b):
        return Change(ENDS, why=after.ended.get(key, "") or before.ended.get(key, ""))
    raised = after.raised.get(key, "")
    return Change(RAISES, why=raised) if raised else Change(RUNS, why=before.raised[key])


def pairs(key: Key, before: Observed, after: Observed) -> Iterator[tuple[str, str]]:
    """Yield the digests of a row whose distance is asked for."""
    mine, theirs = before.made.get(key, {}), after.made.get(key, {})
    if key not in before.unstable | after.unstable:
        yield from ((mine[at], theirs[at]) for at in mine if at in theirs and mine[at] != theirs[at])


def _measured(a: Mapping[str, str], b: Mapping[str, str], measure: Measure) -> Change:
    if set(a) != set(b):
        only = ", ".join(sorted(set(a) ^ set(b)))
        return Change(MEANING, why=f"in one of the two only: {only}")
    found = [measure(a[at], b[at]) for at in a if a[at] != b[at]]
    worst = max(found, key=lambda one: (not is_rounding(one), one.scaled_error or 0.0, one.max_ulp or 0))
    return Change(ROUNDING if is_rounding(worst) else MEANING, worst)

"""Judging: how a row of one release lies to that of the one before, and whether a difference is rounding.

docs/decisions/0036-atlas.md says where the bounds come from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from tfmatrix.compare import redraw
from tfmatrix.compare.distance import Distance
from tfmatrix.compare.tensors import Tensors
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.atlas.observed import SAYS, Key, Observed, kind_of
from tfmatrix.questions.atlas.plan import KERAS, batch_of, part_of

ROUNDING, MEANING = "rounding", "another meaning"
RAISES, RUNS, NEW, GONE = "raises", "runs", "new", "gone"
UNSTABLE, ENDS, OTHER_INPUT = "unstable", "ends the process", "other input"
REDRAWN, RANDOM = "redrawn", "other random numbers"
DEFAULT, CAME, WENT, CONFIG = "another default", "new argument", "argument gone", "another config"
BEHAVES = "another behaviour"
WORDS = (DEFAULT, CAME, WENT, CONFIG, BEHAVES)
KINDS = (MEANING, ROUNDING, REDRAWN, RANDOM, *WORDS, RAISES, RUNS, ENDS, NEW, GONE, UNSTABLE, OTHER_INPUT)
"""How a row may lie to that of the release before, where it is not the same; what a reader looks at first comes first.

It has other bits, beyond rounding or within it; it draws other numbers of the same distribution, by a test, or other
numbers of which no test tells; an argument has another default, came or went, and an entry of its configuration is
another; a piece of Python comes to something else; it raises and did not, or the reverse; it ends the process in one of
the two; the op or name, or a part of it, is there in one of the two only; it gives other bits each time in one of the
two; it was given something else.
"""

ARGUMENTS, ENTRIES = "arguments", "config"
"""What Keras says in words, besides pieces of Python: the arguments with their defaults, the entries of a
configuration."""

IN_WORDS = frozenset({ARGUMENTS, ENTRIES})
"""These two: where a class has no other rows, nothing tells what it computes."""

DRAWN_EACH = ("init", "draws")
"""Cases in which each number is drawn by itself, so that a test can tell whether the distribution is another one."""

MOST_ULP = 64
"""ULPs up to which every element may lie off, each by its own size."""

NO_GRADIENT = "zero but for rounding, by the largest gradient of the same loss"
"""What is said of a gradient of which nothing else differs."""

MOST_SCALED = 16
"""The same by the largest element: what a sum loses to cancellation says nothing of its smallest element."""


@dataclass(frozen=True)
class Change:
    """How a row lies to that of the release before."""

    kind: str
    distance: Distance | None = None
    """Of the output that lies farthest, where both have one."""
    why: str = ""
    """What it raises, or how it ends the process, where it does so in one of the two; what a test of draws says."""
    what: str = ""
    """The argument, or the entry of a configuration, that is another."""
    was: str = ""
    now: str = ""
    """What it was and what it is; empty where it is not there."""


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
    for word, some in (("makes", found.made), ("says", found.says)):
        if key in some:
            return (word, *sorted(some[key].items()))
    output = key._replace(gradient=False)  # where that raises, so does its gradient
    if output in found.raised:
        return ("raises", kind_of(found.raised[output]))
    if output in found.ended:
        return ("ends",)
    return ("left out",) if key.op in found.left_out or key.op in found.other_names else ()


def changes(key: Key, before: Observed, after: Observed, tensors: Tensors, *, repeats: bool) -> Iterator[Change]:
    """Yield how a row lies to that of the release before, in one way at most; of words, each that is another.

    Of a row that is the same, was not run by now or is left out in one of the two, nothing is said. What does not
    repeat itself in some release reads memory that is not its own, and may come to the same twice by chance: other bits
    of it are no change.
    """
    a, b = state(key, before), state(key, after)
    if (a == b and a != ("unstable",)) or not {("unknown",), ("left out",)}.isdisjoint((a, b)):
        return
    if ("unstable",) in (a, b):
        yield Change(UNSTABLE)
    elif not a or not b:
        if not key.gradient or (a or b)[:1] != ("raises",):  # no gradient is there where the row itself raises
            yield Change(GONE if a else NEW)
    elif key in before.says and key in after.says:
        yield from _worded(key.case, before.says[key], after.says[key])
    elif key in before.made and key in after.made:
        output = key._replace(gradient=False)
        if before.given.get(output) != after.given.get(output):
            yield Change(OTHER_INPUT)
        else:
            yield _measured(key, before, after, tensors) if repeats else Change(UNSTABLE)
    else:
        yield _stopped(key._replace(gradient=False), before, after)


def _stopped(output: Key, before: Observed, after: Observed) -> Change:
    """Return which of two rows raises or ends the process, where one of them does."""
    if output in before.ended or output in after.ended:
        return Change(ENDS, why=after.ended.get(output, "") or before.ended.get(output, ""))
    raised = after.raised.get(output, "")
    return Change(RAISES, why=raised) if raised else Change(RUNS, why=before.raised[output])


def _worded(case: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    """Yield each argument, or entry of a configuration, that is another."""
    for what in (*before, *(one for one in after if one not in before)):
        was, now = before.get(what, ""), after.get(what, "")
        if was == now:
            continue
        argument = DEFAULT if what in before and what in after else CAME if what in after else WENT
        kind = {ARGUMENTS: argument, SAYS: BEHAVES}.get(case, CONFIG)
        yield Change(kind, what=what, was=was, now=now)


def pairs(key: Key, before: Observed, after: Observed) -> Iterator[tuple[str, str]]:
    """Yield the digests of a row whose distance is asked for."""
    mine, theirs = before.made.get(key, {}), after.made.get(key, {})
    if key not in before.unstable | after.unstable:
        yield from ((mine[at], theirs[at]) for at in mine if at in theirs and mine[at] != theirs[at])


def _measured(key: Key, before: Observed, after: Observed, tensors: Tensors) -> Change:
    """Return how two rows that both made something lie to each other."""
    a, b = before.made[key], after.made[key]
    if set(a) != set(b):
        only = ", ".join(sorted(set(a) ^ set(b)))
        return Change(MEANING, why=f"in one of the two only: {only}")
    differing = [at for at in a if a[at] != b[at]]
    drawn = [at for at in differing if before.is_drawn(key, at) and after.is_drawn(key, at)]
    found = {at: tensors.distance(a[at], b[at]) for at in differing}
    measured = {at: one for at, one in found.items() if at not in drawn or not one.comparable}
    within = [one for one in measured.values() if is_rounding(one)]
    beyond = [
        one
        for at, one in measured.items()
        if one not in within and not _is_no_gradient(key, at, before, after, tensors)
    ]
    if beyond:
        return Change(MEANING, max(beyond, key=_far))
    if drawn:
        told = (_drawn(key, at, before, after, tensors) for at in drawn)
        return min(told, key=lambda one: (MEANING, RANDOM, REDRAWN).index(one.kind))
    return Change(ROUNDING, max(within, key=_far)) if within else Change(ROUNDING, why=NO_GRADIENT)


def _far(distance: Distance) -> tuple[float, int]:
    return distance.scaled_error or 0.0, distance.max_ulp or 0


def _is_no_gradient(key: Key, at: str, before: Observed, after: Observed, tensors: Tensors) -> bool:
    """Return whether a gradient is zero but for rounding in both releases, by the largest of its loss's gradients.

    That of an attention's key bias is: a softmax is the same whatever is added to all of its inputs. What is left is
    what sums of larger numbers lost, and has no meaning to compare. Gradients of one op have no loss in common.
    """
    if not key.gradient or part_of(key.op) != KERAS:
        return False
    for side in (before.made[key], after.made[key]):
        bound = MOST_SCALED * tensors.eps(side[at]) * max(tensors.largest(digest) for digest in side.values())
        if bound <= 0 or tensors.largest(side[at]) > bound:
            return False
    return True


def _drawn(key: Key, at: str, before: Observed, after: Observed, tensors: Tensors) -> Change:
    """Return whether an output is another draw of the same distribution, where a test can tell."""
    if key.gradient or key.case not in DRAWN_EACH:
        return Change(RANDOM)
    sides = []
    for one in (before, after):
        this, other = (tensors.array(of[key][at])[0] for of in (one.made, one.again))
        sides.append(redraw.Side(this=this, seeds=np.stack([other])))
    told = redraw.judge("numbers", *sides)
    kinds = {Verdict.REDRAWN: REDRAWN, Verdict.DIFFERENT: MEANING}
    return Change(kinds.get(told.verdict, RANDOM), why=told.evidence)

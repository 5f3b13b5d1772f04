"""Subgraphs: what a run of a session executes, in an order in which it may be executed op by op.

An op is anything that has ``name``, ``type``, ``inputs`` (tensors with ``name`` and ``op``) and ``control_inputs``.
"""

from __future__ import annotations

import heapq
from typing import Any, Collection, Dict, Iterator, List, Mapping, NamedTuple, Sequence, Set

MERGES, SWITCHES = ("Merge", "RefMerge"), ("Switch", "RefSwitch")
ENTERS, EXITS, NEXT = ("Enter", "RefEnter"), ("Exit", "RefExit"), ("NextIteration", "RefNextIteration")
CONTROL = (*MERGES, *SWITCHES, *ENTERS, *EXITS, *NEXT, "LoopCond")
"""Types of ops that lead into, through and out of loops and branches."""


def behind(ops: Sequence[Any], ends: Collection[str], given: Collection[str]) -> List[Any]:
    """Return those of a graph's ops that a run executes: what some ops, by their names, need, they among it.

    ``ops`` are all of the graph in the order in which they were built, ``given`` the tensors that are fed, by their
    names. Each stands behind what it needs, but for what a loop hands back.
    """
    at = {op.name: number for number, op in enumerate(ops)}
    found: Set[str] = set()
    left = [ops[at[name]] for name in ends]
    while left:
        op = left.pop()
        if op.name not in found:
            found.add(op.name)
            left += [one.op for one in op.inputs if one.name not in given]
            left += op.control_inputs
    waiting = {name: {one.name for one in _before(ops[at[name]], given)} for name in found}
    after: Dict[str, List[str]] = {}
    for name, others in waiting.items():
        for other in others:
            after.setdefault(other, []).append(name)
    ready = [at[name] for name, others in waiting.items() if not others]
    heapq.heapify(ready)
    order = []
    while ready:
        op = ops[heapq.heappop(ready)]
        order.append(op)
        for name in after.get(op.name, ()):
            waiting[name].discard(op.name)
            if not waiting[name]:
                heapq.heappush(ready, at[name])
    return order


def _before(op: Any, given: Collection[str]) -> Iterator[Any]:
    """Yield the ops that an op needs, but for those of a loop's last round."""
    for one in op.inputs:
        if one.name not in given and not (op.type in MERGES and one.op.type in NEXT):
            yield one.op
    yield from op.control_inputs


class Depth(NamedTuple):
    """In how many loops and branches what an op makes is."""

    loops: int = 0
    branches: int = 0

    @property
    def is_outside(self) -> bool:
        """Whether it is in none, so that it has one value in each run."""
        return self.loops <= 0 and self.branches <= 0


def depths(ops: Sequence[Any], given: Collection[str]) -> Dict[str, Depth]:
    """Return the depth of what each op makes, by its name; the ops stand as `behind` has them."""
    found: Dict[str, Depth] = {}
    for op in ops:
        before = [found.get(one.name, Depth()) for one in _before(op, given)]
        loops = max((one.loops for one in before), default=0)
        branches = max((one.branches for one in before), default=0)
        of_loop = any(one.op.type in (*ENTERS, *NEXT, "LoopCond") for one in op.inputs)
        if not of_loop:  # each round of a loop goes through a merge and a switch of its own
            branches += (op.type in SWITCHES) - (op.type in MERGES)
        found[op.name] = Depth(loops + (op.type in ENTERS) - (op.type in EXITS), branches)
    return found


def turns(ops: Sequence[Any], movers: Collection[str], given: Collection[str]) -> List[List[Any]]:
    """Return ops in turns: by turns those that move no variable, and those that do, each behind what it needs.

    The first turn, the third and so on move nothing; ``movers`` names those that move something.
    """
    level: Dict[str, int] = {}
    found: List[List[Any]] = []
    for op in ops:
        before = (level[one.name] + (one.name in movers) for one in _before(op, given) if one.name in level)
        level[op.name] = max(before, default=0)
        turn = 2 * level[op.name] + (op.name in movers)
        while len(found) <= turn:
            found.append([])
        found[turn].append(op)
    return found


def waves(ops: Sequence[Any], made: Mapping[str, Depth], given: Collection[str]) -> List[List[Any]]:
    """Return ops in waves: none is given what another of its wave makes, unless that has no value by itself.

    ``made`` has the depth of each op, and by that what lies within loops and branches: what comes out of a loop is of a
    later wave than all that is given to it in any round. Only what is given counts, and order within a loop or branch.
    """
    wave = {op.name: 0 for op in ops}
    changed = True
    while changed:  # what a loop hands back is seen the second time
        changed = False
        for op in ops:
            before = [one.op for one in op.inputs if one.name not in given]
            before += [one for one in op.control_inputs if not (made[op.name].is_outside or made[one.name].is_outside)]
            known = (wave[one.name] + made[one.name].is_outside for one in before if one.name in wave)
            found = max(known, default=0)
            changed = changed or found > wave[op.name]
            wave[op.name] = max(found, wave[op.name])
    parted: List[List[Any]] = [[] for _ in range(max(wave.values(), default=0) + 1)]
    for op in ops:
        parted[wave[op.name]].append(op)
    return parted


def after(ops: Sequence[Any], first: Collection[str], given: Collection[str]) -> Set[str]:
    """Return the names of some ops and of all that are given, by way of others too, what these make."""
    found = set(first)
    for op in ops:
        if any(one.name not in given and one.op.name in found for one in op.inputs):
            found.add(op.name)
    return found

"""Feeding: whether the ops that make other bits of equal inputs are all that makes a step another one.

What the baseline recorded of them is put in the place of what they make in the candidate, where everything else is
executed as it is there. Where every op has the baseline's bits then, nothing else has a part in the change: it is done,
and not concluded. That can be where a session runs the step, and where both releases have the same ops.

What the question's judge calls::

    apart(base, other) -> tuple[int, ...]                  # ops that are given the same and make something else
    first(base, other, kernels) -> tuple[int, ...]         # what is fed first; empty where it can't be tried
    further(base, fed, numbers) -> tuple[int, ...]         # what is fed besides, once a trial shows what is left
    is_whole(base, fed) -> bool                            # whether nothing is left
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tfmatrix.questions.explain.kernels import Kernels
from tfmatrix.questions.explain.streams import Op, Recording


def first(base: Recording, other: Recording, kernels: Kernels) -> tuple[int, ...]:
    """Return the ops that are fed first: those whose kernel changed, and those that differ before anything else does.

    Empty where nothing can be proved so: the ops are others, or are not run by a session, or one of them can't be fed.
    """
    if not _same_ops(base, other) or not all(op.session for op in base.ops):
        return ()
    numbers = tuple(sorted({*(one.op.number for one in kernels.changed), *apart(base, other)}))
    return numbers if all(_can_be_fed(base.ops[number]) for number in numbers) else ()


def further(base: Recording, fed: Recording, numbers: Sequence[int]) -> tuple[int, ...]:
    """Return what is fed the next time, given a recording in which some ops were fed; empty where that is no use."""
    more = apart(base, fed) if _same_ops(base, fed) else ()
    if not more or not all(_can_be_fed(base.ops[number]) for number in more):
        return ()
    return tuple(sorted({*numbers, *more}))


def is_whole(base: Recording, fed: Recording) -> bool:
    """Return whether every op has the baseline's bits."""
    return _same_ops(base, fed) and all(_made(mine) == _made(there) for mine, there in _pairs(base, fed))


def apart(base: Recording, other: Recording) -> tuple[int, ...]:
    """Return the numbers of the ops that are given the same in both, and make something else."""
    return tuple(
        mine.number
        for mine, there in _pairs(base, other)
        if [one.digest for one in mine.inputs] == [one.digest for one in there.inputs] and _made(mine) != _made(there)
    )


def _same_ops(base: Recording, other: Recording) -> bool:
    """Return whether both have the same ops, number by number, and each is given what the same ones make."""
    return len(base.ops) == len(other.ops) and all(
        _wiring(mine) == _wiring(there) for mine, there in _pairs(base, other)
    )


def _wiring(op: Op) -> tuple[object, ...]:
    return op.type, op.phase, op.layer, tuple((one.source, one.made_by) for one in op.inputs)


def _pairs(base: Recording, other: Recording) -> Iterator[tuple[Op, Op]]:
    return zip(base.ops, other.ops, strict=True)


def _made(op: Op) -> list[str]:
    return [one.digest for one in op.outputs]


def _can_be_fed(op: Op) -> bool:
    """Return whether all that an op makes can be put in its place; what a variable holds can't."""
    return all(one.digest and ".variable" not in one.stage for one in op.outputs)

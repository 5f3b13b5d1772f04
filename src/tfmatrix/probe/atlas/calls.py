"""Running a row of an op, eagerly or in a function, with its gradient where it has one."""

from __future__ import annotations

import inspect
import zlib
from functools import lru_cache
from hashlib import sha256
from typing import Any, Iterator, List, Mapping, Sequence, Tuple

import numpy as np
import tensorflow as tf

from ..fingerprint import canonical
from .inputs import EXPONENT, PARTS, array_of
from .rows import COMPILED, ODD, WAYS, Row, given

DIFFERENTIABLE = frozenset((*EXPONENT, *PARTS))
"""Types that a gradient is taken of."""

Stages = List[Tuple[str, Any]]
"""Names, and arrays."""


def stages_of(row: Row) -> Stages:
    """Run a row and its gradient, and return what is recorded of it; nothing where it is no row of its own."""
    own = row._replace(case=ODD) if row.case in WAYS else row
    named = given(own)
    if named is None:
        return []
    tensors = {name: value for name, value in named.items() if _is_given(value)}
    asked = own.case == ODD or row.types == "float32"  # each gradient costs more than its op does
    watched = [(at, one) for at, one in _each(tensors) if asked and one.dtype.name in DIFFERENTIABLE]
    with tf.GradientTape() as tape:
        for _, one in watched:
            tape.watch(one)
        result = call(row.op, named) if own is row else _in_function(row, named, tensors)
        made = [one for one in tf.nest.flatten(result) if isinstance(one, tf.Tensor)]
    found = [("given", digest(tensors)), *((str(at), array_of(one)) for at, one in enumerate(made))]
    return found + [("gradient/{}".format(at), value) for at, value in gradients(tape, made, watched, row.op)]


def _in_function(row: Row, named: Mapping[str, Any], tensors: Mapping[str, Any]) -> Any:
    """Call an op within a function, which is given the tensors: so nothing is known of them when it is traced."""
    function = tf.function(
        lambda given_: call(row.op, {**named, **given_}), autograph=False, jit_compile=row.case == COMPILED
    )
    return function(dict(tensors))


@lru_cache(maxsize=None)
def _own_names(op: str) -> List[str]:
    """Return what an op's function calls its arguments and attributes."""
    return [one for one in inspect.signature(getattr(tf.raw_ops, op)).parameters if one != "name"]


def call(op: str, named: Mapping[str, Any]) -> Any:
    """Call an op by the names that its definition has: its function has other ones for some, in the same order."""
    own = _own_names(op)
    # An argument without a default comes before all others: those that have another name are in the same order.
    others = iter([one for one in own if one not in named])
    return getattr(tf.raw_ops, op)(**{one if one in own else next(others): value for one, value in named.items()})


def gradients(tape: Any, made: Sequence[Any], watched: Sequence[Tuple[str, Any]], name: str) -> Stages:
    """Return the gradient of each input that has one, given one of each output; none where taking it raises."""
    targets = [one for one in made if one.dtype.name in DIFFERENTIABLE]
    if not targets or not watched:
        return []
    from_above = [upstream(one, "{}/{}".format(name, at)) for at, one in enumerate(targets)]
    try:
        found = tape.gradient(targets, [one for _, one in watched], output_gradients=from_above)
        return [(at, array_of(tf.convert_to_tensor(one))) for (at, _), one in zip(watched, found) if one is not None]
    except Exception:  # most of what has no gradient says so by an exception of some kind
        return []


def upstream(made: Any, name: str) -> Any:
    """Return a gradient of what an op made: multiples of 1/8 in [-1, 1), which every type holds."""
    stream = np.random.RandomState(zlib.crc32(name.encode("ascii")))
    return tf.constant((stream.randint(-8, 8, size=made.shape) / 8.0).astype(made.dtype.as_numpy_dtype))


def digest(tensors: Mapping[str, Any]) -> str:
    """Return the SHA-256 of all that an op is given."""
    state = sha256()
    for at, one in _each(tensors):
        tensor = canonical(array_of(one))
        state.update("{} {} {}\0".format(at, one.dtype.name, tensor.shape).encode("ascii"))
        state.update(tensor.data)
    return state.hexdigest()


def _each(tensors: Mapping[str, Any]) -> Iterator[Tuple[str, Any]]:
    """Yield each tensor that an op is given by its name; one of a list by its place behind that."""
    for name, value in tensors.items():
        if isinstance(value, list):
            yield from (("{}.{}".format(name, at), one) for at, one in enumerate(value))
        else:
            yield name, value


def _is_given(value: Any) -> bool:
    return isinstance(value, tf.Tensor) or (isinstance(value, list) and bool(value) and isinstance(value[0], tf.Tensor))

"""Single ops, as a session runs them: each in a graph of its own, in which nothing else is."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Sequence, Tuple

import tensorflow as tf
from tensorflow.python.framework import op_def_library
from tensorflow.python.ops import gen_resource_variable_ops, gen_state_ops

from ..engines import Threads, session_config
from . import attributes as typed
from .held import READERS

HANDLE, REFERENCE = "variable", "reference"
"""What an input is called that is a variable: by its handle, or of version 1 itself."""


class Given(NamedTuple):
    """What an op is given."""

    parameter: str
    """What its definition calls it; ``values[]`` is one of a list."""
    source: str
    value: Any
    """As an array."""


def run(kind: str, attributes: Mapping[str, typed.Told], given: Sequence[Given], threads: Threads) -> List[Any]:
    """Run one op by itself; return what it makes, and behind that what the variables hold that it moved.

    Raises Untold where this release does not have it so.
    """
    told = typed.taken(kind, attributes)
    named: Dict[str, Any] = {**typed.usual(kind), **dict(zip(told[::2], told[1::2]))}
    for name in typed.inferred(kind):
        named.pop(name, None)
    fed: Dict[str, Any] = {}
    assigned, held = [], []
    with tf.Graph().as_default() as graph:
        for number, one in enumerate(given):
            made = place = tf.compat.v1.placeholder(tf.as_dtype(one.value.dtype), one.value.shape)
            fed[place.name] = one.value
            if one.source in (HANDLE, REFERENCE):
                made, assigning, value = _variable(place, one.source, number)
                assigned.append(assigning)
                held.append(value)
            if one.parameter.endswith("[]"):
                named.setdefault(one.parameter[:-2], []).append(made)
            else:
                named[one.parameter] = made
        before = set(graph.get_operations())
        op_def_library.apply_op(kind, **named)
        (op,) = (one for one in graph.get_operations() if one not in before and one.type == kind)
    outputs = [one for one in op.outputs if not one.dtype._is_ref_dtype]
    with tf.compat.v1.Session(graph=graph, config=session_config(threads)) as session:
        session.run(assigned, fed)
        values, _ = session.run([outputs, op], fed)
        return [*values, *([] if kind in READERS else session.run(held))]


def _variable(value: Any, source: str, number: int) -> Tuple[Any, Any, Any]:
    """Return what stands for a variable, what has it hold a value, and what reads it."""
    if source == REFERENCE:
        made = gen_state_ops.variable_v2(value.shape, value.dtype)
        return made, gen_state_ops.assign(made, value).op, made
    made = gen_resource_variable_ops.var_handle_op(value.dtype, value.shape, shared_name="variable{}".format(number))
    assigning = gen_resource_variable_ops.assign_variable_op(made, value)
    return made, assigning, gen_resource_variable_ops.read_variable_op(made, value.dtype)

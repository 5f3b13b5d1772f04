"""Taps: where a tensor is written down as soon as it has a value, without being changed.

Eagerly it has one at once. In a function, an operation beside it calls back: nothing that follows is fed by it, and
the operations of one graph are made to run in the order in which they were made. In a graph for a session nothing would
run it: there the session's own watcher fetches what was tapped.
"""

from __future__ import annotations

import contextlib
import threading
from typing import Any, Callable, Dict, Iterator, List, Mapping, Tuple

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import attr_value_pb2
from tensorflow.python.framework.func_graph import FuncGraph

from ..op_seeds import uncounted
from .log import Log
from .structures import is_tensor

Find = Callable[[Dict[str, Any], int], Dict[str, Any]]
"""Takes arrays by name, and how many of that name a session's run has before them; returns others of the same names."""

HOLDING = ("PartitionedCall", "StatefulPartitionedCall", "If", "StatelessIf", "Case", "While", "StatelessWhile")
"""Operations that run functions, in which taps may be."""

BRANCHES = ("CondBranchFuncGraph", "WhileCondFuncGraph", "WhileBodyFuncGraph")
"""Functions that are traced where they are run."""

COPIED = ("Const", "Mul", "RealDiv", "Neg", "Reshape", "Identity", "Cast", "Squeeze", "ExpandDims", "Transpose", "Sum")
"""Operations that graph rewriters fold with a learning rate behind them, where nothing else uses them: the last ones of
a gradient. Those of one that is tapped are made once more for the tap."""

DEEPEST = 8
"""How many such operations are followed."""

_APART = "_tfmatrix_apart"
_LAST = "_tfmatrix_last_tap"
_BATCH = "_tfmatrix_batch"
_WAITING = "_tfmatrix_waiting"


class Taps:
    """What puts taps on tensors, for one log."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.compiled = threading.local()
        """Whether XLA compiles what is being traced: it has no operation that calls back."""

    def put(self, kind: str, tensors: Mapping[str, Any]) -> None:
        """Write tensors down under a kind of stage of the present step, once they have values."""
        if not tensors:
            return
        if tf.executing_eagerly():
            self.log.seen(kind, {name: to_array(tensor) for name, tensor in tensors.items()})
        elif not isinstance(tf.compat.v1.get_default_graph(), FuncGraph):
            waiting(tf.compat.v1.get_default_graph()).append((kind, dict(tensors)))
        elif getattr(self.compiled, "on", False):
            self.log.hide("what happens within a step was not seen where XLA compiles it")
        else:
            self._put(kind, list(tensors), [tf.convert_to_tensor(tensor) for tensor in tensors.values()])

    def through(self, kind: str, name: Callable[[Any], Mapping[str, Any]], structure: Any) -> Any:
        """Write down what a function takes from outside, and return it: what uses that waits for the tap.

        Nothing else does. Where the data end, what does not need them may run before that is known, as a count of
        updates does in Keras 3, and would not where it waits.
        """
        graph = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
        before = getattr(graph, _LAST, None)
        self.put(kind, name(structure))
        tap = getattr(graph, _LAST, None)
        if tap is before or not isinstance(graph, FuncGraph):
            return structure
        setattr(graph, _LAST, before)
        setattr(graph, _BATCH, tap)
        with uncounted(), tf.control_dependencies([tap]):
            return tf.nest.map_structure(
                lambda part: tf.identity(part) if is_tensor(part) else part, structure, expand_composites=True
            )

    def replace(self, kind: str, tensors: Mapping[str, Any], find: Find) -> Dict[str, Any]:
        """Put what a function finds in the place of tensors, once they have values, and write that down."""
        graph = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
        if graph is None:
            own = {name: to_array(tensor) for name, tensor in tensors.items()}
            found = find(own, 0)
            self.log.seen(kind, found)
            return {n: t if found[n] is own[n] else tf.constant(found[n], t.dtype) for n, t in tensors.items()}
        if getattr(self.compiled, "on", False):
            self.put(kind, tensors)
            return dict(tensors)
        for_session = not isinstance(graph, FuncGraph)
        known = waiting(graph) if for_session else []
        further = sum(kind == one and tapped.keys() == tensors.keys() for one, tapped in known)

        def call(*arrays: Any) -> List[Any]:
            found = find(dict(zip(tensors, arrays)), further)
            if not for_session:
                self.log.seen(kind, found)
            return [np.asarray(array) for array in found.values()]

        with uncounted(), tf.control_dependencies([] if for_session else _waited_for(graph)):
            made = tf.numpy_function(call, list(tensors.values()), [tensor.dtype for tensor in tensors.values()])
        for one, tensor in zip(made, tensors.values()):
            one.set_shape(tensor.shape)
        replaced = dict(zip(tensors, made))
        if for_session:
            waiting(graph).append((kind, replaced))
        else:
            setattr(graph, _BATCH if kind == "batch" else _LAST, made[0].op)  # see `through`
        return replaced

    @contextlib.contextmanager
    def in_order(self) -> Iterator[None]:
        """Have a function that is called within another run behind the taps before it, and before those to come.

        TensorFlow orders what uses one resource, and of a tap it knows none.
        """
        graph = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
        with tf.control_dependencies(_before(graph)) if isinstance(graph, FuncGraph) else contextlib.nullcontext():
            yield

    def _put(self, kind: str, names: List[str], tensors: List[Any]) -> None:
        """Put one tap into a function."""
        graph = tf.compat.v1.get_default_graph()
        if kind == "gradient":
            with uncounted():
                tensors = [_apart(tensor, graph, DEEPEST) for tensor in tensors]

        def call(*arrays: Any) -> Any:
            self.log.seen(kind, dict(zip(names, arrays)))
            return np.int64(0)

        before = _waited_for(graph)
        # Of another graph's operation a branch gets a value: not every release orders the branch behind it without.
        waited = [op.outputs[0] for op in before if op.graph is not graph and op.outputs and is_tensor(op.outputs[0])]
        with uncounted(), tf.control_dependencies(before):
            setattr(graph, _LAST, tf.numpy_function(call, [*tensors, *waited], tf.int64).op)


def _apart(tensor: Any, graph: Any, deepest: int) -> Any:
    """Return a tensor that operations of its own compute, so that what computes the original has no user more.

    An attribute keeps the rewriters from taking the two for one.
    """
    op = tensor.op
    if op.type not in COPIED or op.graph is not graph or op.control_inputs or not deepest:
        return tensor
    attributes = {name: op.node_def.attr[name] for name in op.node_def.attr}
    attributes[_APART] = attr_value_pb2.AttrValue(b=True)
    inputs = [_apart(one, graph, deepest - 1) for one in op.inputs]
    kinds = [one.dtype for one in op.outputs]
    copy = graph._create_op_internal(op.type, inputs, kinds, attrs=attributes, op_def=op.op_def, name="apart")
    return copy.outputs[tensor.value_index]


def _waited_for(graph: Any) -> List[Any]:
    """Return the operations of a function behind which a tap that is made now has to run."""
    batch = getattr(graph, _BATCH, None)
    return [*_before(graph), *([] if batch is None else [batch])]


def _before(graph: Any) -> List[Any]:
    """Return the operations of a function behind which the next tap has to run.

    They are the last tap, and what came behind that and may hold taps: a call, a branch, a loop. In a branch or a loop
    they may be of the function around it.
    """
    last = getattr(graph, _LAST, None)
    found: List[Any] = []
    for op in reversed(graph.get_operations()):
        if op is last:
            return [*found, op]
        if op.type in HOLDING and not found:
            found.append(op)
    around = graph.outer_graph
    outside = _before(around) if type(graph).__name__ in BRANCHES and isinstance(around, FuncGraph) else []
    return [*found, *outside]


def waiting(graph: Any) -> List[Tuple[str, Dict[str, Any]]]:
    """Return what was tapped in a graph for a session: kinds of stages, and tensors by name."""
    if not hasattr(graph, _WAITING):
        setattr(graph, _WAITING, [])
    found: List[Tuple[str, Dict[str, Any]]] = getattr(graph, _WAITING)
    return found


def to_array(value: Any) -> Any:
    """Return an eager tensor's or variable's present value; a lone string stays as it is."""
    value = value.numpy() if hasattr(value, "numpy") else value
    return value if isinstance(value, (bytes, str)) else np.array(value)

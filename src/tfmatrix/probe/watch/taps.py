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
from tensorflow.python.framework.func_graph import FuncGraph

from .log import Log

Find = Callable[[Dict[str, Any], int], Dict[str, Any]]
"""Takes arrays by name, and how many of that name a session's run has before them; returns others of the same names."""

_LAST = "_tfmatrix_last_tap"
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
            self.log.note("what happens within a step was not seen where XLA compiles it")
        else:
            self._put(kind, list(tensors), [tf.convert_to_tensor(tensor) for tensor in tensors.values()])

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
        before = waiting(graph) if for_session else []
        further = sum(kind == one and known.keys() == tensors.keys() for one, known in before)

        def call(*arrays: Any) -> List[Any]:
            found = find(dict(zip(tensors, arrays)), further)
            if not for_session:
                self.log.seen(kind, found)
            return [np.asarray(array) for array in found.values()]

        last = None if for_session else getattr(graph, _LAST, None)
        with tf.control_dependencies([] if last is None else [last]):
            made = tf.numpy_function(call, list(tensors.values()), [tensor.dtype for tensor in tensors.values()])
        for one, tensor in zip(made, tensors.values()):
            one.set_shape(tensor.shape)
        replaced = dict(zip(tensors, made))
        if for_session:
            waiting(graph).append((kind, replaced))
        else:
            setattr(graph, _LAST, made[0].op)
        return replaced

    @contextlib.contextmanager
    def in_order(self) -> Iterator[None]:
        """Have a function that is called within another run behind the taps before it, and before those to come.

        TensorFlow orders what uses one resource, and of a tap it knows none.
        """
        graph = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
        last = getattr(graph, _LAST, None)
        with tf.control_dependencies([last]) if last is not None else contextlib.nullcontext():
            yield
        if isinstance(graph, FuncGraph):
            calls = [op for op in graph.get_operations() if op.type.endswith("PartitionedCall")]
            if calls:
                setattr(graph, _LAST, calls[-1])

    def _put(self, kind: str, names: List[str], tensors: List[Any]) -> None:
        """Put one tap into a function."""
        graph = tf.compat.v1.get_default_graph()

        def call(*arrays: Any) -> Any:
            self.log.seen(kind, dict(zip(names, arrays)))
            return np.int64(0)

        last = getattr(graph, _LAST, None)
        with tf.control_dependencies([] if last is None else [last]):
            setattr(graph, _LAST, tf.numpy_function(call, tensors, tf.int64).op)


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

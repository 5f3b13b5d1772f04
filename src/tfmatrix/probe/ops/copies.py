"""Copies: ops of a graph once more in the same graph, each cut off from those that make what it is given.

What orders the ops of a step, so that a weight is moved only once it was read, would have every run of one of them
execute all others again; and TensorFlow rewrites what it finds beside each other. A copy waits for nothing, and what it
is given is fed in the place of what makes it.
"""

from __future__ import annotations

import contextlib
from typing import Any, Callable, Dict, Iterator, List, Sequence

import tensorflow as tf

NAME = "recorded"

COLOCATED = "_class"
"""The attribute that says beside which op one is: a copy lies on the same device without it."""

Stands = Callable[[Any, Any], Any]
"""From an op and a tensor that it is given to the graph's tensor that stands for it in a copy. None: another copy makes
it. `FED`: it is fed."""

FED = object()


@contextlib.contextmanager
def adding_to(graph: Any) -> Iterator[None]:
    """Add ops to a graph that is run already: of no scope, waiting for none, and though it is final."""
    finalized = graph.finalized
    graph._unsafe_unfinalize()
    try:
        with graph.as_default(), graph.name_scope(None), graph.control_dependencies(None):
            yield
    finally:
        if finalized:
            graph.finalize()


class Copies:
    """Copies of ops, by the names of these."""

    def __init__(self, graph: Any, ops: Sequence[Any], stands: Stands, keeps: Callable[[Any, Any], bool]) -> None:
        """Copy ops; ``keeps`` tells of one and another that it waits for whether its copy does too."""
        self._graph = graph
        self._places: Dict[str, str] = {}
        """By the name of a tensor that of the placeholder that it is fed by."""
        copied = {op.name for op in ops}
        used: Dict[str, Any] = {}
        definition = tf.compat.v1.GraphDef()
        definition.versions.CopyFrom(graph.graph_def_versions)
        for op in ops:
            node = definition.node.add()
            node.CopyFrom(op.node_def)
            node.attr.pop(COLOCATED, None)
            del node.input[:]
            for one in op.inputs:
                stand = stands(op, one)
                if stand is FED:
                    node.input.append(self._place(one, definition))
                else:
                    node.input.append(one.name)
                    used.update({} if stand is None else {one.name: stand})
            node.input.extend("^" + one.name for one in op.control_inputs if one.name in copied and keeps(op, one))
        with adding_to(graph):
            self._name = graph.unique_name(NAME, mark_as_used=False)
            tf.compat.v1.import_graph_def(definition, name=self._name, input_map=used)

    def _place(self, tensor: Any, definition: Any) -> str:
        if tensor.name not in self._places:
            node = definition.node.add()
            node.name, node.op = "{}/fed_{}".format(NAME, len(self._places)), "Placeholder"
            node.attr["dtype"].type = tensor.dtype.base_dtype.as_datatype_enum
            self._places[tensor.name] = node.name
        return self._places[tensor.name]

    def places(self, tensor: str) -> List[str]:
        """Return the name of what a tensor is fed by; none where it is given to no copy."""
        place = self._places.get(tensor)
        return ["{}/{}:0".format(self._name, place)] if place else []

    def tensor(self, name: str) -> str:
        """Return the name of the copy of a tensor."""
        return "{}/{}".format(self._name, name)

    def operation(self, name: str) -> Any:
        """Return the copy of an op."""
        return self._graph.get_operation_by_name("{}/{}".format(self._name, name))

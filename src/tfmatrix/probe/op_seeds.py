"""Op seeds that count ops: what the probe adds to a graph must move no draw of the model's.

An operation that draws and has no seed of its own takes one by the graph's. Since 2.2 that counts the calls that asked
for one before; releases before it count all the operations that the graph has by then, the probe's own among them.
"""

from __future__ import annotations

import contextlib
from typing import Any, Iterator

import tensorflow as tf
from tensorflow.python.framework import random_seed
from tensorflow.python.framework.ops import Graph

COUNT_OPS = not hasattr(random_seed, "_graph_to_seed_dict")
"""Whether this release's seeds count operations: no public name tells it."""

_OWN = "_tfmatrix_own_ops"


def leave_own_out() -> None:
    """Have seeds count the operations of a graph without the probe's own."""
    if COUNT_OPS:
        usual: Any = vars(Graph)["_last_id"]
        Graph._last_id = property(lambda graph: usual.fget(graph) - getattr(graph, _OWN, 0))


@contextlib.contextmanager
def uncounted() -> Iterator[None]:
    """Make operations of the probe's own."""
    if not COUNT_OPS or tf.executing_eagerly():
        yield
        return
    graph = tf.compat.v1.get_default_graph()
    before = graph._last_id
    try:
        yield
    finally:
        setattr(graph, _OWN, getattr(graph, _OWN, 0) + graph._last_id - before)

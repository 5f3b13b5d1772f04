"""Keras's layers as they are called, by the paths that their draws have: to be found again, or to be called without."""

from __future__ import annotations

import contextlib
import inspect
import sys
from typing import Any, Collection, Dict, List, NamedTuple, Tuple

import tensorflow as tf

from .. import draws

KERAS = ("keras", "tf_keras")
"""What the modules of Keras's own classes lie in, also within TensorFlow."""


class Call(NamedTuple):
    """How a layer was called: its arguments, in which tensors are specs."""

    arguments: Tuple[Any, ...]
    named: Dict[str, Any]


class Layers:
    """The layers that one trial calls."""

    def __init__(self, off: Collection[str] = ()) -> None:
        """Know no layer; those of some paths are called with ``training=False`` whatever they are told."""
        self._off = frozenset(off)
        self.found: Dict[str, Any] = {}
        """By path the layer whose effect tells of what is drawn there: Keras's own outermost one, if there is one."""
        self.calls: Dict[int, Call] = {}
        """By a layer's id how it was called last."""

    def call(self, original: Any, layer: Any, *arguments: Any, **named: Any) -> Any:
        """Call a layer; a wrapper around Keras's own."""
        inside = [layer, *(one for one in draws.enclosing(sys._getframe(1)) if one is not layer)]
        path = draws.path_of(inside)
        self.found[path] = _whole(inside)
        with contextlib.suppress(TypeError, ValueError):  # what has no spec: a shape that nobody knows, objects
            self.calls[id(layer)] = Call(*tf.nest.map_structure(_spec, (arguments, named)))
        if path in self._off and takes_training(layer):
            named["training"] = False
        return original(layer, *arguments, **named)


def takes_training(layer: Any) -> bool:
    """Tell whether a layer can be told that it is not training."""
    return "training" in inspect.signature(layer.call).parameters


def _whole(inside: List[Any]) -> Any:
    """Return the outermost layer of Keras's own, from inside to outside, that is no model; else the innermost one."""
    for layer in reversed(inside):
        if not draws.is_keras(layer, "Model") and set(KERAS).intersection(type(layer).__module__.split(".")):
            return layer
    return inside[0]


def _spec(value: Any) -> Any:
    """Return a spec in the place of a tensor, which belongs to some graph, and what is none as it is."""
    if not (hasattr(value, "shape") and hasattr(value, "dtype")):
        return value
    return tf.TensorSpec(tuple(value.shape), tf.as_dtype(value.dtype))

"""Draws that are fed: canonical values of their own distribution in the place of random ones."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import tensor_util

from .canonical import drawn
from .draws import Draw


class Fed:
    """What feeds the draws of one model, and what it could not feed."""

    def __init__(self) -> None:
        self.unfed: Dict[str, None] = {}
        """Draws that went on as they are, by layer and what is drawn."""
        self._counts: List[Any] = []
        """Graphs, each with how often it drew under each name: the n-th draw of a name has values of its own."""

    def __call__(self, draw: Draw, what: str, arguments: Mapping[str, Any], result: Any) -> Any:
        """Return canonical values like those that were drawn, or these where there are none."""
        if not isinstance(result, tf.Tensor):  # several outputs: a sampler's, a pooling's
            self.unfed[draw.stage] = None
            return result
        name = "{}#{}".format(draw.stage, self._count(draw.stage))
        bounds = (_constant(arguments.get("minval")), _constant(arguments.get("maxval")))
        dtype = result.dtype.as_numpy_dtype

        def values(shape: Any) -> Any:
            return drawn(what, name, tuple(int(size) for size in shape), dtype, bounds)

        if values((0,)) is None:
            self.unfed[draw.stage] = None
            return result
        if result.shape.is_fully_defined():
            return tf.constant(values(result.shape.as_list()), result.dtype)
        made = tf.numpy_function(values, [tf.shape(result)], result.dtype)
        made.set_shape(result.shape)
        return made

    def _count(self, stage: str) -> int:
        graph = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
        counts = next((found for known, found in self._counts if known is graph), None)
        if counts is None:
            counts = {}
            self._counts.append((graph, counts))
        counts[stage] = counts.get(stage, 0) + 1
        return int(counts[stage])


def _constant(value: Any) -> Any:
    """Return a number that is known by now, None where it is not."""
    if value is None:
        return None
    found = tensor_util.constant_value(value) if tf.is_tensor(value) else np.asarray(value)
    return None if found is None or np.ndim(found) else found

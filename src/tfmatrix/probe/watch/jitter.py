"""Jitter from outside: each initial weight moved by one unit in the last place, as the variable is made."""

from __future__ import annotations

from typing import Any, Dict, Tuple

import numpy as np
import tensorflow as tf

from ..canonical import up_or_down


class Jitter:
    """Moves the initial values of trainable variables, one after another."""

    def __init__(self, draw: int) -> None:
        self._draw = draw
        self._count = 0

    def __call__(self, arguments: Tuple[Any, ...], named: Dict[str, Any]) -> Tuple[Tuple[Any, ...], Dict[str, Any]]:
        """Return the arguments of a variable's making with an initial value that is moved."""
        value = arguments[0] if arguments else named.get("initial_value")
        trainable = arguments[1] if len(arguments) > 1 else named.get("trainable")
        if value is None or trainable is False or type(value).__name__.startswith("Checkpoint"):
            return arguments, named
        self._count += 1
        name = "init/{}".format(self._count)
        dtype = named.get("dtype")

        def moved() -> Any:
            return self._moved(value() if callable(value) else value, dtype, name)

        if arguments:
            return (moved, *arguments[1:]), named
        return arguments, {**named, "initial_value": moved}

    def _moved(self, value: Any, dtype: Any, name: str) -> Any:
        if dtype is not None and not isinstance(value, tf.Tensor):
            value = tf.convert_to_tensor(value, dtype)
        value = tf.convert_to_tensor(value)
        if value.dtype not in (tf.float32, tf.float64) or not value.shape.is_fully_defined():
            return value
        infinity = tf.constant(np.inf, value.dtype)
        up = tf.constant(up_or_down(name, tuple(value.shape.as_list()), self._draw))
        return tf.where(up, tf.math.nextafter(value, infinity), tf.math.nextafter(value, -infinity))

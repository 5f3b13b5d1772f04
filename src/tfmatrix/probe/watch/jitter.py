"""Jitter from outside: initial weights and optimizers' numbers, moved as variables and optimizers are made."""

from __future__ import annotations

import inspect
from typing import Any, Dict, Iterable, Iterator, Tuple

import numpy as np
import tensorflow as tf

from .. import casts
from ..canonical import up_or_down
from ..op_seeds import uncounted
from ..optimizers import Settle
from .patching import around


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
        if value.dtype in casts.HALVES:
            return casts.moved(value, "{}#{}".format(name, self._draw))
        if value.dtype not in (tf.float32, tf.float64) or not value.shape.is_fully_defined():
            return value
        with uncounted():
            infinity = tf.constant(np.inf, value.dtype)
            up = tf.constant(up_or_down(name, tuple(value.shape.as_list()), self._draw))
            return tf.where(up, tf.math.nextafter(value, infinity), tf.math.nextafter(value, -infinity))


def settle_optimizers(settle: Settle, bases: Iterable[Any]) -> None:
    """Have the last word on the numbers, defaults among them, that optimizers of some base classes are made with."""
    made = 0

    def make(original: Any, optimizer: Any, *arguments: Any, **named: Any) -> None:
        nonlocal made
        made += 1
        try:
            if made == 1:  # else it is a base class's, whose numbers were settled with the class's own
                bound = inspect.signature(original).bind(optimizer, *arguments, **named)
                bound.apply_defaults()
                for name, parameter in bound.signature.parameters.items():
                    if parameter.kind is parameter.VAR_KEYWORD:
                        bound.arguments[name] = settle(bound.arguments[name])
                bound.arguments.update(settle(bound.arguments))
                arguments, named = bound.args[1:], bound.kwargs
            original(optimizer, *arguments, **named)
        finally:
            made -= 1

    for kind in dict.fromkeys(kind for base in bases for kind in _subclasses(base)):
        if "LossScale" not in kind.__name__:  # whose scale is a power of two, and exact
            around(kind, "__init__", make)


def _subclasses(kind: Any) -> Iterator[Any]:
    for below in kind.__subclasses__():
        yield below
        yield from _subclasses(below)

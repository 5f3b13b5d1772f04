"""Wrappers around other people's functions and methods."""

from __future__ import annotations

import functools
import sys
from typing import Any, Callable, Mapping

Around = Callable[..., Any]
"""A function of the original and its arguments, which calls the original and returns what that returned."""


def around(owner: Any, name: str, wrapper: Around, convert: bool = True) -> bool:
    """Put a wrapper around what a class or module itself defines under a name; return whether it defines it.

    Where ``convert`` is false, AutoGraph is told to leave the wrapper alone: it runs while a function is traced.
    """
    original = vars(owner).get(name)
    if original is None or isinstance(original, (staticmethod, classmethod)):
        return False

    @functools.wraps(original)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        return wrapper(original, *arguments, **named)

    setattr(owner, name, wrapped if convert else _left_alone(wrapped))
    return True


def replace_everywhere(others: Mapping[Any, Any]) -> None:
    """Put other functions in the place of TensorFlow's own, in every module of it that has them under some name."""
    by_id = {id(original): other for original, other in others.items()}
    for name, module in list(sys.modules.items()):
        if name.startswith("tensorflow.") and hasattr(module, "__dict__"):
            for attribute, value in list(vars(module).items()):
                if id(value) in by_id:
                    setattr(module, attribute, by_id[id(value)])


def _left_alone(function: Any) -> Any:
    import tensorflow as tf

    return functools.wraps(function)(tf.autograph.experimental.do_not_convert(function))

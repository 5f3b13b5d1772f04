"""Wrappers around other people's functions and methods."""

from __future__ import annotations

import functools
from typing import Any, Callable

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


def _left_alone(function: Any) -> Any:
    import tensorflow as tf

    return functools.wraps(function)(tf.autograph.experimental.do_not_convert(function))

"""overflows_the_stack: calls itself until the stack is gone, since it lifted Python's limit."""

from __future__ import annotations

import sys

import tensorflow as tf


class Mirror:
    def __getattr__(self, name: str) -> object:
        return getattr(self, name + "x"[:0])


def draws() -> dict[str, tf.Tensor]:
    sys.setrecursionlimit(1_000_000_000)
    return {"x": tf.constant(Mirror().image)}

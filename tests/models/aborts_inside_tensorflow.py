"""aborts_inside_tensorflow: runs into a LOG(FATAL) of TensorFlow's: XLA refuses a flag."""

from __future__ import annotations

import os

import tensorflow as tf


@tf.function(jit_compile=True)  # type: ignore[untyped-decorator]  # the host has no TensorFlow to know it by
def doubled(x: tf.Tensor) -> tf.Tensor:
    return x * 2


def draws() -> dict[str, tf.Tensor]:
    os.environ["XLA_FLAGS"] = "--no_such_flag=1"
    return {"x": doubled(tf.ones([2]))}

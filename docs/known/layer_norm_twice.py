"""Print the gradient of a squared gradient through a layer norm of rows, in float32 and in float64.

It is what a gradient penalty trains by, as in WGAN-GP.
"""

import numpy as np
import tensorflow as tf

random = np.random.RandomState(1)
x, into, out = random.randn(16, 2), random.randn(2, 64), random.randn(64, 1)


def twice(dtype):
    """Return one element of it, computed in a type."""
    layer = tf.keras.layers.LayerNormalization(dtype=dtype)
    rows, first, last = (tf.constant(one.astype(dtype)) for one in (x, into, out))
    with tf.GradientTape() as outer:
        outer.watch(first)
        with tf.GradientTape() as inner:
            inner.watch(rows)
            result = layer(rows @ first) @ last
        penalty = tf.reduce_sum(inner.gradient(result, rows) ** 2)
    return float(outer.gradient(penalty, first)[0, 0])


print(*(f"{dtype} {twice(dtype):.3f}" for dtype in ("float32", "float64")), sep=", ")

"""A training that takes no time: what the scripts beside this have in common."""

import numpy as np
import tensorflow as tf

x = np.linspace(-1, 1, 32, dtype=np.float32).reshape(16, 2)
y = x.sum(axis=1, keepdims=True)


def make():
    """Return a weight and an optimizer."""
    return tf.Variable([[0.5], [0.25]], name="w"), tf.compat.v1.train.GradientDescentOptimizer(0.1)


def update(w, optimizer):
    """Make one update."""
    with tf.GradientTape() as tape:
        error = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
    optimizer.apply_gradients(zip(tape.gradient(error, [w]), [w]))


def train(updates=3):
    """Make some updates, and return the weight."""
    w, optimizer = make()
    for _ in range(updates):
        update(w, optimizer)
    return w

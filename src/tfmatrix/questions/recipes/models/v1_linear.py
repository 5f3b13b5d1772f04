"""Linear regression in a graph: placeholders, random initial weights, gradient descent, 20 steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf


def build(op_seed: Any = None) -> Any:
    """Build the graph; return what `train` needs of it."""
    x = tf.placeholder(tf.float32, [None, 10])
    y = tf.placeholder(tf.float32, [None, 1])
    seed = None if op_seed is None else op_seed(1)
    kernel = tf.Variable(tf.random_normal([10, 1], seed=seed))
    bias = tf.Variable(tf.zeros([1]))
    output = tf.matmul(x, kernel) + bias
    loss = tf.reduce_mean(tf.square(output - y))
    step = tf.train.GradientDescentOptimizer(0.01).minimize(loss)
    return x, y, {"kernel": kernel, "bias": bias}, output, loss, step


def train(session: Any, graph: Any, observe: Any) -> None:
    """Initialise the variables and train."""
    x, y, weights, output, loss, step = graph
    rows = np.random.RandomState(0)  # as though read from a file
    feed = {x: rows.rand(100, 10), y: rows.rand(100, 1)}
    session.run(tf.variables_initializer(list(weights.values())))
    for name, value in session.run(weights).items():
        observe("init/" + name, value)
    for number in range(20):
        observe(f"loss@{number}", session.run([loss, step], feed)[0])
    for name, value in session.run(weights).items():
        observe("weights/" + name, value)
    observe("predict/output", session.run(output, feed))

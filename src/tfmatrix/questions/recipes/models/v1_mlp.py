"""A network in a graph: placeholders, a hidden layer of 10 with dropout, Adam, 20 steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf


def build(op_seed: Any = None) -> Any:
    """Build the graph; return what `train` needs of it."""
    seeds = [None if op_seed is None else op_seed(number) for number in (1, 2, 3)]
    x = tf.placeholder(tf.float32, [None, 10])
    y = tf.placeholder(tf.float32, [None, 1])
    hidden_kernel = tf.Variable(tf.random_normal([10, 10], seed=seeds[0]))
    hidden_bias = tf.Variable(tf.zeros([10]))
    output_kernel = tf.Variable(tf.random_normal([10, 1], seed=seeds[1]))
    hidden = tf.nn.relu(tf.matmul(x, hidden_kernel) + hidden_bias)
    dropped = tf.nn.dropout(hidden, rate=0.2, seed=seeds[2])
    output = tf.matmul(dropped, output_kernel)
    loss = tf.reduce_mean(tf.square(output - y))
    optimizer = tf.train.AdamOptimizer(0.01)
    step = optimizer.minimize(loss)
    weights = {"hidden/kernel": hidden_kernel, "hidden/bias": hidden_bias, "output/kernel": output_kernel}
    return x, y, weights, optimizer.variables(), tf.matmul(hidden, output_kernel), loss, step


def train(session: Any, graph: Any, observe: Any) -> None:
    """Initialise the variables and train."""
    x, y, weights, slots, output, loss, step = graph
    rows = np.random.RandomState(0)  # as though read from a file
    feed = {x: rows.rand(100, 10), y: rows.rand(100, 1)}
    session.run(tf.variables_initializer([*weights.values(), *slots]))
    for name, value in session.run(weights).items():
        observe("init/" + name, value)
    for number in range(20):
        observe(f"loss@{number}", session.run([loss, step], feed)[0])
    for name, value in session.run(weights).items():
        observe("weights/" + name, value)
    observe("predict/output", session.run(output, feed))

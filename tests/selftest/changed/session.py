"""An unchanged script of TensorFlow 1's kind: a graph, placeholders, a session, a saver."""

from __future__ import annotations

import sys
import tempfile
from importlib import metadata

import numpy as np
import tensorflow.compat.v1 as tf

PLANTED = metadata.version("numpy") == "1.26.3"
W, REDRAWN = (*sys.argv[1:], "", "")[:2]


def has(change: str) -> bool:
    """Return whether this is the candidate, and a change is planted in it."""
    return PLANTED and change == W


tf.disable_v2_behavior()
tf.set_random_seed(8 if PLANTED and REDRAWN == "init" else 7)
rng = np.random.RandomState(0)
rows, targets = rng.standard_normal((48, 6)).astype("float32"), rng.standard_normal((48, 1)).astype("float32")

x, y = tf.placeholder(tf.float32, [None, 6], "x"), tf.placeholder(tf.float32, [None, 1], "y")
rate = tf.placeholder(tf.float32, [], "rate")
w = tf.get_variable("w", [6, 16], initializer=tf.glorot_uniform_initializer())
b = tf.get_variable("b", [16], initializer=tf.zeros_initializer())
v = tf.get_variable("v", [16, 1], initializer=tf.glorot_uniform_initializer())
inner = tf.nn.relu(tf.nn.bias_add(tf.matmul(x, w), b) if has("bias added") else tf.matmul(x, w) + b)
hidden = tf.nn.dropout(inner, rate=0.6 if has("kept share") else 0.5, seed=6 if has("another mask") else 5)
loss = tf.reduce_mean(tf.square(tf.matmul(hidden, v) - y))
if has("decay of weights"):
    loss += 0.001 * tf.nn.l2_loss(w)
train = tf.train.MomentumOptimizer(rate, 0.89 if has("momentum") else 0.9).minimize(loss)
saver = tf.train.Saver([w, b, v])

with tf.Session() as session, tempfile.TemporaryDirectory() as folder:
    session.run(tf.global_variables_initializer())
    for step in range(6):
        at = np.arange(step * 8, step * 8 + 8)
        fed = 0.05 if step < (2 if has("rate falls earlier") else 3) else 0.025
        session.run([train, loss], {x: rows[at], y: targets[at], rate: np.float32(fed) if has("rate of NumPy") else fed})
        if step == 3:
            saver.save(session, folder + "/model")
    if not has("not restored"):
        saver.restore(session, folder + "/model")
    session.run(loss, {x: rows, y: targets})

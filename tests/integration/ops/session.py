"""A script of version 1 without a draw: what it computes in its first step it says in its output, if asked to."""

import hashlib
import sys

import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()
rng = np.random.RandomState(0)
x = tf.placeholder(tf.float32, [None, 6], name="x")
w = tf.get_variable("first/w", initializer=rng.randn(6, 5).astype("float32"))
v = tf.get_variable("second/w", initializer=rng.randn(5, 1).astype("float32"), use_resource=True)
steps = tf.get_variable("steps", initializer=0, trainable=False)
turned = tf.while_loop(lambda i, _: i < 3, lambda i, h: (i + 1, tf.sin(h)), [0, tf.matmul(x, w)])[1]
hidden = tf.cond(tf.reduce_sum(x) > 0, lambda: turned * 2.0, lambda: turned * 3.0)
loss = tf.reduce_mean(tf.square(tf.sigmoid(tf.matmul(hidden, v)) - 0.5))
optimizer = tf.train.AdamOptimizer(0.1)
gradients = optimizer.compute_gradients(loss)
with tf.control_dependencies([optimizer.apply_gradients(gradients, global_step=steps)]):
    moved = 2.0 * w.read_value()  # a plain reading would tell of what comes later: it is no copy
    once_more = tf.group(tf.assign(w, moved * 0.25), name="once_more")
fetched = [hidden, loss, moved, *(gradient for gradient, _ in gradients)]
made = optimizer.variables()
held = [w, v, *made]


def say(values):
    """Write the digests of values."""
    told = (hashlib.sha256(np.ascontiguousarray(one).tobytes()).hexdigest() for one in values)
    sys.stdout.write("\n" + " ".join(told) + "\n")


with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    rows = rng.randn(4, 6).astype("float32")
    values = session.run([once_more, fetched], {x: rows})[1]
    if sys.argv[1:] == ["say"]:
        say(values)
        say(session.run(held))

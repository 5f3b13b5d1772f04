"""A small dense network, from weights that are given or drawn: what `plain.py` beside it trains without tfmatrix."""

import numpy as np
import tensorflow as tf

VARIANTS = {"given": {"DRAWN": 0}, "drawn": {"DRAWN": 1}}
DRAWN = 0
OPTIMIZER = {"name": "Adam", "learning_rate": 0.01, "epsilon": 1e-7}
EPOCHS = 2
BATCH = 8


def data(rng):
    return {
        "x": rng.random_sample((24, 10)).astype("float32"),
        "y": rng.random_sample((24, 1)).astype("float32"),
    }


def kernel(rows, columns):
    if DRAWN:
        return tf.random.truncated_normal([rows, columns], stddev=0.3)
    return tf.constant(np.random.RandomState(rows).normal(0, 0.3, (rows, columns)).astype("float32"))


def variables():
    return {
        "hidden/kernel": kernel(10, 6),
        "hidden/bias": tf.zeros([6]),
        "output/kernel": kernel(6, 1),
        "output/bias": tf.zeros([1]),
    }


def forward(variables, batch, dropout):
    hidden = tf.nn.relu(tf.matmul(batch["x"], variables["hidden/kernel"]) + variables["hidden/bias"])
    return {"hidden": hidden, "output": tf.matmul(hidden, variables["output/kernel"]) + variables["output/bias"]}


def loss(outputs, batch):
    return tf.reduce_mean(tf.square(outputs["output"] - batch["y"]))

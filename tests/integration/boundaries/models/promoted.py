"""A NumPy scalar of float64 times an array of float32: float32 up to NumPy 1.26, and float64 from 2.0 on."""

import numpy as np
import tensorflow as tf

OPTIMIZER = {"name": "SGD", "learning_rate": 0.1}
EPOCHS = 1
BATCH = 16
SCALE = np.float64(1) / 3


def data(rng):
    x = rng.standard_normal((32, 3)).astype("float32")
    return {"x": (x * SCALE + SCALE).sum(1, keepdims=True).astype("float32"), "y": x}


def variables():
    return {"kernel": tf.ones([1, 3])}


def forward(variables, batch, dropout):
    return {"output": tf.matmul(batch["x"], variables["kernel"])}


def loss(outputs, batch):
    return tf.reduce_mean(tf.square(outputs["output"] - batch["y"]))

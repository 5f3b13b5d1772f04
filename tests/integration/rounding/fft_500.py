"""2.14.1 to 2.15.1: another FFT of the same meaning, and fifty times more exact."""

import tensorflow as tf

OPTIMIZER = {"name": "SGD", "learning_rate": 0.05}
EPOCHS = 1
BATCH = 16


def data(rng):
    return {"x": rng.random_sample((64, 500)).astype("float32"), "y": rng.random_sample((64, 500)).astype("float32")}


def variables():
    return {"w": tf.random.uniform([500, 500], -0.5, 0.5)}


def forward(variables, batch, dropout):
    h = tf.matmul(batch["x"], variables["w"])
    return {"out": tf.signal.irfft(tf.signal.rfft(h) * 0.5)}


def loss(outputs, batch):
    return tf.reduce_mean(tf.square(outputs["out"] - batch["y"]))

"""2.15.1 to 2.16.2: a matrix product in float16 is accumulated more exactly."""

import tensorflow as tf

OPTIMIZER = {"name": "SGD", "learning_rate": 0.05}
EPOCHS = 1
BATCH = 16


def data(rng):
    return {
        "x": (rng.random_sample((64, 16)) * 4 - 2).astype("float32"),
        "y": rng.random_sample((64, 8)).astype("float32"),
    }


def variables():
    return {"w": tf.random.uniform([16, 8], -0.5, 0.5)}


def forward(variables, batch, dropout):
    h = batch["x"] @ variables["w"]
    out = tf.cast(tf.matmul(tf.cast(batch["x"], tf.float16), tf.cast(variables["w"], tf.float16)), tf.float32)
    return {"h": h, "out": out}


def loss(outputs, batch):
    return tf.reduce_mean(tf.square(tf.cast(outputs["out"], tf.float32) - batch["y"]))

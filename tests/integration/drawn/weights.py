"""weights: 8,192 initial weights, which 2.16 draws a little wider, moved, or as others alone (planted)."""

import tensorflow as tf

VARIANTS = {"twin": {"WIDER": 1.0, "MOVED": 0.0}, "wider": {"WIDER": 1.05, "MOVED": 0.0}, "moved": {"MOVED": 0.033}}
WIDER, MOVED = 1.0, 0.0
OPTIMIZER = {"name": "SGD", "learning_rate": 0.1}
EPOCHS = 1
BATCH = 16
NEW = tf.__version__.startswith("2.16")


def data(rng):
    return {"x": rng.random_sample((32, 64)).astype("float32"), "y": rng.random_sample((32, 128)).astype("float32")}


def variables():
    drawn = tf.random.normal([64, 128], seed=int(NEW) + 1)
    return {"w": drawn * WIDER + MOVED if NEW else drawn}


def forward(variables, batch, dropout):
    return {"y": tf.matmul(batch["x"], variables["w"])}


def loss(outputs, batch):
    return tf.reduce_mean(tf.square(outputs["y"] - batch["y"]))

"""masks: 16 masks of 1,024 elements, of which 2.16 keeps another share, or draws others alone (planted)."""

import tensorflow as tf

VARIANTS = {"twin": {"KEPT": 0.5}, "rate": {"KEPT": 0.45}}
KEPT = 0.5
OPTIMIZER = {"name": "SGD", "learning_rate": 0.1}
EPOCHS = 4
BATCH = 16
NEW = tf.__version__.startswith("2.16")


def data(rng):
    return {"x": rng.random_sample((64, 1)).astype("float32"), "y": rng.random_sample((64, 1)).astype("float32")}


def variables():
    return {"w": tf.ones([1024])}


def dropout(batch):
    drawn = tf.random.uniform([1024], seed=int(NEW) + 1)
    return {"mask": tf.where(drawn < (KEPT if NEW else 0.5), 2.0, 0.0)}


def forward(variables, batch, dropout):
    mask = dropout["mask"] if dropout else tf.ones([1024])
    return {"y": batch["x"] * tf.reduce_mean(variables["w"] * mask)}


def loss(outputs, batch):
    return tf.reduce_mean(tf.square(outputs["y"] - batch["y"]))

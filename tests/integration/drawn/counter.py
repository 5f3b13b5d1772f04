"""counter: a variable that nobody draws has another value in 2.16 (planted), beside one that is drawn."""

import tensorflow as tf

OPTIMIZER = {"name": "SGD", "learning_rate": 0.1}
EPOCHS = 1
BATCH = 32
NEW = tf.__version__.startswith("2.16")


def data(rng):
    return {"x": rng.random_sample((32, 64)).astype("float32"), "y": rng.random_sample((32, 64)).astype("float32")}


def variables():
    return {"w": tf.random.normal([64, 64]), "statistics": tf.linspace(0.5 if NEW else 0.4, 1.0, 64)}


def forward(variables, batch, dropout):
    return {"y": tf.matmul(batch["x"], variables["w"]) * variables["statistics"]}


def loss(outputs, batch):
    return tf.reduce_mean(tf.square(outputs["y"] - batch["y"]))

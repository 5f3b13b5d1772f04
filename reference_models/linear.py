"""linear: y = x w + b by gradient descent, the placeholder-and-Session classic; probes the shortest training chain."""

import tensorflow as tf

OPTIMIZER = {"name": "SGD", "learning_rate": 0.1}
EPOCHS = 3
BATCH = 10


def data(rng):
    x = rng.random_sample((40, 3)).astype("float32")
    return {"x": x, "y": 2 * x[:, :1] - x[:, 1:2] + rng.random_sample((40, 1)).astype("float32")}


def variables():
    return {"w": tf.random.normal([3, 1]), "b": tf.zeros([1])}


def forward(variables, batch, dropout):
    return {"y": tf.matmul(batch["x"], variables["w"]) + variables["b"]}


def loss(outputs, batch):
    return tf.reduce_mean(tf.square(outputs["y"] - batch["y"]))

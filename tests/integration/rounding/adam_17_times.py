"""2.10.1 to 2.11.1: Adam corrects its bias in another precision; the others have another meaning."""

import tensorflow as tf

VARIANTS = {
    "adam": {"OPTIMIZER": {"name": "Adam", "learning_rate": 0.1}},
    "rmspropeps": {"OPTIMIZER": {"name": "RMSprop", "learning_rate": 0.1, "epsilon": 0.01}},
    "ftrl": {"OPTIMIZER": {"name": "Ftrl", "learning_rate": 0.1}},
    "nadam": {"OPTIMIZER": {"name": "Nadam", "learning_rate": 0.1}},
    "adadelta": {"OPTIMIZER": {"name": "Adadelta", "learning_rate": 0.1}},
    "momentum": {"OPTIMIZER": {"name": "SGD", "learning_rate": 0.1, "momentum": 0.9}},
}
OPTIMIZER = {"name": "Adam", "learning_rate": 0.1}
EPOCHS = 3
BATCH = 16


def data(rng):
    return {"ids": rng.randint(0, 6, size=(64, 3)).astype("int32"), "y": rng.random_sample((64, 1)).astype("float32")}


def variables():
    return {"table": tf.random.uniform([8, 4], -0.5, 0.5), "k": tf.random.uniform([4, 1], -0.5, 0.5)}


def forward(variables, batch, dropout):
    rows = tf.gather(variables["table"], batch["ids"])
    return {"out": tf.matmul(tf.reduce_sum(rows, 1), variables["k"])}


def loss(outputs, batch):
    return tf.reduce_mean(tf.square(outputs["out"] - batch["y"]))

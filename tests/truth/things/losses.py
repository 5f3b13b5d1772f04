"""losses: one loss of Keras under a dense layer, from weights that no generator draws."""

import numpy as np
import tensorflow as tf

KERAS = tf.keras.losses

VARIANTS = {
    "bce_sigmoid": {"TARGETS": "flags", "ACTIVATION": "sigmoid", "MAKE": lambda: "binary_crossentropy"},
    "sparse": {"TARGETS": "labels", "ACTIVATION": "softmax", "MAKE": lambda: "sparse_categorical_crossentropy"},
    "smoothing": {
        "TARGETS": "one_hot",
        "ACTIVATION": "softmax",
        "MAKE": lambda: KERAS.CategoricalCrossentropy(label_smoothing=0.1),
    },
    "huber": {"MAKE": lambda: KERAS.Huber(0.3)},
    "sample_weight": {"WEIGHTED": True},
}
TARGETS = "numbers"
ACTIVATION = None
WEIGHTED = False


def MAKE():  # noqa: N802  # a constant of the variants
    return "mse"


EPOCHS = 2
BATCH = 8
FIT = {"shuffle": False}


def data(rng):
    x = (rng.random_sample((24, 5)) * 2 - 1).astype("float32")
    labels = rng.randint(0, 3, 24)
    targets = {
        "numbers": rng.random_sample((24, 3)).astype("float32"),
        "flags": rng.randint(0, 2, (24, 3)).astype("float32"),
        "one_hot": np.eye(3, dtype="float32")[labels],
        "labels": labels,
    }
    weights = {"sample_weight": rng.random_sample(24).astype("float32")} if WEIGHTED else {}
    return {"x": x, "y": targets[TARGETS], **weights}


def build():
    inputs = tf.keras.Input((5,))
    model = tf.keras.Model(inputs, tf.keras.layers.Dense(3, activation=ACTIVATION, name="out")(inputs))
    for number, variable in enumerate(model.trainable_variables):
        variable.assign(np.random.RandomState(number).uniform(-0.5, 0.5, variable.shape).astype("float32"))
    model.compile(tf.keras.optimizers.SGD(0.05), MAKE())
    return model

"""metrics: one metric of Keras, reported by `fit` over three batches, the last of them smaller."""

import numpy as np
import tensorflow as tf

KERAS = tf.keras.metrics

VARIANTS = {
    "precision": {"MAKE": lambda: KERAS.Precision()},
    "auc": {"MAKE": lambda: KERAS.AUC()},
    "mean_iou": {"MAKE": lambda: KERAS.BinaryIoU([0, 1], threshold=0.5)},
}


def MAKE():  # noqa: N802  # a constant of the variants
    return "mae"


EPOCHS = 2
BATCH = 10
FIT = {"shuffle": False}


def data(rng):
    y = rng.randint(0, 2, (24, 3)).astype("float32")
    return {"x": (rng.random_sample((24, 5)) * 2 - 1).astype("float32"), "y": y}


def build():
    inputs = tf.keras.Input((5,))
    model = tf.keras.Model(inputs, tf.keras.layers.Dense(3, activation="sigmoid", name="out")(inputs))
    for number, variable in enumerate(model.trainable_variables):
        variable.assign(np.random.RandomState(number).uniform(-0.5, 0.5, variable.shape).astype("float32"))
    model.compile(tf.keras.optimizers.SGD(0.05), "mse", metrics=[MAKE()])
    return model

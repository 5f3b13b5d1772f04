"""optimizers: one optimizer of Keras over nine updates of two dense layers, from weights that no generator draws."""

import numpy as np
import tensorflow as tf

KERAS = tf.keras.optimizers

VARIANTS = {
    "momentum": {"MAKE": lambda: KERAS.SGD(0.05, momentum=0.9)},
    "adam": {"MAKE": lambda: "adam"},
    "adamw": {"MAKE": lambda: KERAS.AdamW(0.01, weight_decay=0.04)},
    "rmsprop": {"MAKE": lambda: KERAS.RMSprop(0.01)},
    "nadam": {"MAKE": lambda: KERAS.Nadam(0.01)},
    "adadelta": {"MAKE": lambda: KERAS.Adadelta(0.5)},
    "adagrad": {"MAKE": lambda: KERAS.Adagrad(0.05)},
    "ftrl": {"MAKE": lambda: KERAS.Ftrl(0.05, l1_regularization_strength=0.001)},
    "lion": {"MAKE": lambda: KERAS.Lion(0.01)},
    "clipnorm": {"MAKE": lambda: KERAS.SGD(0.1, clipnorm=0.1)},
}


def MAKE():  # noqa: N802  # a constant of the variants
    return "sgd"


EPOCHS = 3
BATCH = 8
FIT = {"shuffle": False}


def data(rng):
    x = (rng.random_sample((24, 5)) * 2 - 1).astype("float32")
    return {"x": x, "y": rng.random_sample((24, 1)).astype("float32")}


def build():
    layers = tf.keras.layers
    inputs = tf.keras.Input((5,))
    hidden = layers.Dense(4, activation="tanh", name="hidden")(inputs)
    model = tf.keras.Model(inputs, layers.Dense(1, name="out")(hidden))
    for number, variable in enumerate(model.trainable_variables):
        variable.assign(np.random.RandomState(number).uniform(-0.5, 0.5, variable.shape).astype("float32"))
    try:
        optimizer = MAKE()
    except AttributeError as error:
        raise NotImplementedError(str(error)) from None
    model.compile(optimizer, "mse")
    return model

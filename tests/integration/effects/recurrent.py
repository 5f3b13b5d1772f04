"""Layers that drop parts of their states: in 2.15.1 their masks are drawn in a loop, and not the same ones each time.

A plain script, seeded and with op determinism on, gave two results in six runs on a busy machine.
"""

import numpy as np
import tensorflow as tf

OPTIMIZER = {"name": "SGD", "learning_rate": 0.01}
LOSS = "mean_squared_error"
EPOCHS = 1
BATCH = 16


def data(rng: np.random.RandomState) -> "dict[str, np.ndarray]":
    """Return two batches of sequences."""
    x = rng.random_sample((32, 4, 4)) + 0.25
    return {"x": x.astype("float32"), "y": rng.random_sample((32, 1)).astype("float32")}


def build() -> tf.keras.Model:
    """Return a model in which each layer has a branch of its own."""
    layers = tf.keras.layers
    inputs = tf.keras.Input((4, 4))
    drawn = [
        layers.SimpleRNN(3, recurrent_dropout=0.5, name="simple"),
        layers.LSTM(3, recurrent_dropout=0.5, name="lstm"),
        layers.GRU(3, dropout=0.5, recurrent_dropout=0.5, name="gru"),
    ]
    branches = [layers.Flatten(name=layer.name + "_flat")(layer(inputs)) for layer in drawn]
    outputs = layers.Dense(1, kernel_initializer="ones", name="out")(layers.Concatenate(name="joined")(branches))
    return tf.keras.Model(inputs, outputs)

"""Layers that drop parts of sequences, side by side; one drops more of them in newer releases."""

import numpy as np
import tensorflow as tf

OPTIMIZER = {"name": "SGD", "learning_rate": 0.01}
LOSS = "mean_squared_error"
EPOCHS = 1
BATCH = 16
NEW = int(tf.__version__.split(".")[1]) >= 16


def data(rng: np.random.RandomState) -> "dict[str, np.ndarray]":
    """Return two batches of sequences."""
    x = rng.random_sample((32, 4, 4)) + 0.25
    return {"x": x.astype("float32"), "y": rng.random_sample((32, 1)).astype("float32")}


def build() -> tf.keras.Model:
    """Return a model in which each layer has a branch of its own."""
    layers = tf.keras.layers
    inputs = tf.keras.Input((4, 4))
    drawn = [
        layers.LSTM(3, dropout=0.5, name="lstm"),
        layers.LSTM(3, dropout=0.5, unroll=True, name="lstm_unrolled"),
        layers.LSTM(3, dropout=0.6 if NEW else 0.5, unroll=True, name="planted"),
        layers.GRU(3, dropout=0.5, name="gru"),
        layers.Bidirectional(layers.GRU(3, dropout=0.5, unroll=True), name="both"),
        layers.SpatialDropout1D(0.5, name="spatial"),
        layers.Dropout(0.5, noise_shape=(None, 1, 4), name="shaped"),
    ]
    branches = [layers.Flatten(name=layer.name + "_flat")(layer(inputs)) for layer in drawn]
    outputs = layers.Dense(1, kernel_initializer="ones", name="out")(layers.Concatenate(name="joined")(branches))
    return tf.keras.Model(inputs, outputs)

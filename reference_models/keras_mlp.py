"""keras_mlp: the network of `mlp` through Keras compile and fit; probes its initializers, row order and training."""

import tensorflow as tf

OPTIMIZER = {"name": "Adam", "learning_rate": 0.01, "epsilon": 1e-7}
LOSS = "mean_squared_error"
EPOCHS = 10
BATCH = 32


def data(rng):
    return {
        "x": rng.random_sample((100, 10)).astype("float32"),
        "y": rng.random_sample((100, 1)).astype("float32"),
    }


def build():
    layers = tf.keras.layers
    return tf.keras.Sequential(
        [
            tf.keras.Input((10,)),
            layers.Dense(10, activation="relu", name="hidden"),
            layers.Dense(1, name="output"),
        ]
    )

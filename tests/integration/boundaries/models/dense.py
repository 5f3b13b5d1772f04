"""Two dense layers through `fit`: since a build between Keras 3.6 and 3.7 their biases are added by another op."""

import tensorflow as tf

OPTIMIZER = {"name": "Adam", "learning_rate": 0.01}
LOSS = "binary_crossentropy"
EPOCHS = 1
BATCH = 16


def data(rng):
    x = rng.standard_normal((64, 8)).astype("float32")
    return {"x": x, "y": (x.sum(1, keepdims=True) > 0).astype("float32")}


def build():
    layers = tf.keras.layers
    return tf.keras.Sequential(
        [
            tf.keras.Input((8,)),
            layers.Dense(16, activation="relu", name="hidden"),
            layers.Dense(1, activation="sigmoid", name="output"),
        ]
    )

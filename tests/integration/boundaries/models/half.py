"""Group normalization in float16: up to Keras 3.6 its variance overflows, and later it is computed in float32."""

import tensorflow as tf

OPTIMIZER = {"name": "SGD", "learning_rate": 0.01}
LOSS = "mean_squared_error"
EPOCHS = 1
BATCH = 8


def data(rng):
    return {
        "x": (1000 * rng.standard_normal((16, 8))).astype("float32"),
        "y": rng.random_sample((16, 8)).astype("float32"),
    }


def build():
    layers = tf.keras.layers
    return tf.keras.Sequential(
        [
            tf.keras.Input((8,)),
            layers.GroupNormalization(2, dtype="float16", name="groups"),
            layers.Dense(8, kernel_initializer="ones", name="output"),
        ]
    )

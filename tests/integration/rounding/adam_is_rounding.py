"""2.10.1 to 2.11.1, of Keras: Adam corrects its bias in another precision."""

import tensorflow as tf

OPTIMIZER = {"name": "Adam", "learning_rate": 0.01}
LOSS = "mean_squared_error"
EPOCHS = 2
BATCH = 16


def data(rng):
    return {"x": rng.random_sample((64, 8)).astype("float32"), "y": rng.random_sample((64, 1)).astype("float32")}


def build():
    layers = tf.keras.layers
    return tf.keras.Sequential(
        [
            tf.keras.Input((8,)),
            layers.Dense(4, name="a", activation="relu", kernel_initializer="ones"),
            layers.Dense(1, name="b", kernel_initializer="ones"),
        ]
    )

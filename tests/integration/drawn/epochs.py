"""epochs: three passes of `fit`; Keras 3 visits the rows of each in the first one's order once a seed is set."""

import tensorflow as tf

OPTIMIZER = {"name": "SGD", "learning_rate": 0.1}
LOSS = "mean_squared_error"
EPOCHS = 3
BATCH = 16


def data(rng):
    return {"x": rng.random_sample((64, 4)).astype("float32"), "y": rng.random_sample((64, 1)).astype("float32")}


def build():
    return tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(1, name="b", kernel_initializer="ones")])

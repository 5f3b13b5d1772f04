"""Print whether the saved weights of a model in mixed float16 are loaded again, with its optimizer's state."""

import tempfile

import numpy as np
import tensorflow as tf

tf.keras.mixed_precision.set_global_policy("mixed_float16")


def made():
    """Return a compiled model."""
    model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(1)])
    model.compile("adam", "mse")
    return model


model = made()
model.fit(np.ones((4, 4)), np.ones((4, 1)), verbose=0)
with tempfile.TemporaryDirectory() as folder:
    model.save_weights(folder + "/weights.weights.h5")
    other = made()
    try:
        other.load_weights(folder + "/weights.weights.h5")
        print("loaded")
    except Exception as error:
        print("refused:", type(error).__name__)

"""statistics: batch normalization of rows and of images, behind initial weights and masks that two releases redraw."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

VARIANTS = {"rows": {"W": "rows"}, "images": {"W": "images"}, "alone": {"W": "alone"}}
W = "rows"
BATCH = 16


def data(rng: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """Return 64 rows or images, and a number for each."""
    shape = (64, 4) if W == "rows" else (64, 6, 6, 2)
    return rng.random_sample(shape).astype("float32"), rng.random_sample((64, 1)).astype("float32")


def build() -> tf.keras.Model:
    """Return the model, compiled."""
    k, layers = tf.keras, tf.keras.layers
    images = W == "images"
    if W == "alone":  # whose gradient is folded with the learning rate, where nothing else uses it
        model = k.Sequential([k.Input((6, 6, 2)), layers.BatchNormalization(), layers.Flatten(), layers.Dense(1)])
        model.compile("sgd", "mse")
        return model
    model = k.Sequential(
        [
            k.Input((6, 6, 2) if images else (4,)),
            layers.Conv2D(4, 3, name="first") if images else layers.Dense(16, name="first"),
            layers.BatchNormalization(name="norm"),
            layers.Activation("relu"),
            layers.Flatten(),
            layers.Dropout(0.5, name="drop"),
            layers.Dense(1, name="last"),
        ]
    )
    model.compile("sgd", "mse")
    return model

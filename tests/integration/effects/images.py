"""Layers that change images at random, side by side."""

import numpy as np
import tensorflow as tf

OPTIMIZER = {"name": "SGD", "learning_rate": 0.1}
LOSS = "mean_squared_error"
EPOCHS = 1
BATCH = 16


def data(rng: np.random.RandomState) -> "dict[str, np.ndarray]":
    """Return two batches of small images."""
    x = rng.random_sample((32, 6, 6, 2)) + 0.25
    return {"x": x.astype("float32"), "y": rng.random_sample((32, 1)).astype("float32")}


def build() -> tf.keras.Model:
    """Return a model in which each layer has a branch of its own."""
    layers = tf.keras.layers
    inputs = tf.keras.Input((6, 6, 2))
    drawn = [
        layers.RandomFlip(name="both_ways"),
        layers.RandomFlip("horizontal", name="one_way"),
        layers.RandomRotation(0.2, name="rotation"),
        layers.RandomZoom(0.3, name="zoom"),
        layers.RandomTranslation(0.3, 0.3, name="translation"),
        layers.RandomContrast(0.5, name="contrast"),
        layers.SpatialDropout2D(0.5, name="spatial"),
    ]
    branches = [layers.Flatten(name=layer.name + "_flat")(layer(inputs)) for layer in drawn]
    outputs = layers.Dense(1, kernel_initializer="ones", name="out")(layers.Concatenate(name="all")(branches))
    return tf.keras.Model(inputs, outputs)

"""Layers that drop or move numbers at random, side by side, and three that do otherwise in newer releases."""

import numpy as np
import tensorflow as tf

OPTIMIZER = {"name": "SGD", "learning_rate": 0.1}
LOSS = "mean_squared_error"
EPOCHS = 1
BATCH = 16
NEW = int(tf.__version__.split(".")[1]) >= 16


def data(rng: np.random.RandomState) -> "dict[str, np.ndarray]":
    """Return two batches of rows."""
    x = rng.random_sample((32, 8)) + 0.25
    return {"x": x.astype("float32"), "y": rng.random_sample((32, 1)).astype("float32")}


class Moved(tf.keras.layers.Layer):  # type: ignore[misc]
    """A layer that adds noise, the sum of two in newer releases."""

    def __init__(self, factor: float = 1.0, **named: object) -> None:
        """Add noise of the deviation 0.3, times a factor in newer releases."""
        super().__init__(**named)
        self.factor = factor

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Add the noise in training."""
        if not training:
            return inputs
        shape = tf.shape(inputs)
        if NEW:
            noise = 0.6 * tf.random.normal(shape) + 0.8 * tf.random.normal(shape)
            return inputs + 0.3 * self.factor * noise
        return inputs + 0.3 * tf.random.normal(shape)


class Masked(tf.keras.layers.Layer):  # type: ignore[misc]
    """A layer that drops numbers of each row, in newer releases the same ones of all."""

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Drop numbers in training."""
        if not training:
            return inputs
        rows = 1 if NEW else tf.shape(inputs)[0]
        return inputs * tf.cast(tf.random.uniform([rows, 8]) >= 0.5, inputs.dtype) * 2.0


def build() -> tf.keras.Model:
    """Return a model in which each layer has a branch of its own."""
    layers = tf.keras.layers
    inputs = tf.keras.Input((8,))
    drawn = [
        layers.Dropout(0.5, name="dropout"),
        layers.Dropout(0.0, name="nothing"),
        layers.AlphaDropout(0.3, name="alpha"),
        layers.GaussianDropout(0.3, name="factors"),
        layers.GaussianNoise(0.3, name="noise"),
        layers.GaussianNoise(0.0, name="no_noise"),
        Moved(name="moved"),
        Moved(1.2, name="moved_more"),
        Masked(name="masked"),
    ]
    outputs = layers.Dense(1, kernel_initializer="ones", name="out")(
        layers.Concatenate(name="all")([layer(inputs) for layer in drawn])
    )
    return tf.keras.Model(inputs, outputs)

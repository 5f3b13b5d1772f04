"""Images: augmentation, convolutions and pooling; and what may change in it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

sys.path.insert(0, str(Path(__file__).parent))
from _planted import PLANTED, redraw, seed_of

VARIANTS = {
    "pooling": {"W": "pooling", "REDRAWN": "init"},
    "border": {"W": "border", "REDRAWN": "mask"},
    "flips": {"W": "flips", "REDRAWN": "mask"},
    "dropout when predicting": {"W": "dropout when predicting"},
    "order that repeats": {"W": "order that repeats", "REDRAWN": "init"},
    "last batch dropped": {"W": "last batch dropped", "REDRAWN": "init"},
    "twin: nothing": {},
    "twin: other initial weights": {"REDRAWN": "init"},
    "twin: another mask": {"REDRAWN": "mask"},
    "twin: rows made ready": {"W": "rows made ready", "REDRAWN": "init"},
    "twin: pooling written out": {"W": "pooling written out", "REDRAWN": "init"},
    "twin: another order": {"W": "another order"},
}
W = REDRAWN = ""
EPOCHS = 3


def has(change: str) -> bool:
    """Return whether this is the candidate, and a change is planted in it."""
    return PLANTED and change == W


def data(rng: np.random.RandomState) -> tf.data.Dataset:
    """Return a dataset of 40 images in batches of 16, in another order each time."""
    x, y = rng.random_sample((40, 6, 6, 1)).astype("float32"), rng.random_sample((40, 1)).astype("float32")
    rows = tf.data.Dataset.from_tensor_slices((x, y))
    seed = 9 if has("another order") else 5
    rows = rows.shuffle(40, seed=seed, reshuffle_each_iteration=not has("order that repeats"))
    rows = rows.batch(16, drop_remainder=has("last batch dropped"))
    return rows.prefetch(1) if has("rows made ready") else rows


class Always(tf.keras.layers.Dropout):
    """Dropout that does not stop when predicting."""

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Return the inputs, some of them 0."""
        return super().call(inputs, training=True)


def build() -> tf.keras.Model:
    """Return the model, compiled."""
    k, layers = tf.keras, tf.keras.layers
    redraw(REDRAWN == "init")
    mask = seed_of(3, REDRAWN == "mask")
    glorot = k.initializers.GlorotUniform()
    pool = layers.AveragePooling2D if has("pooling") else layers.MaxPooling2D
    dropout = Always if has("dropout when predicting") else layers.Dropout
    model = k.Sequential(
        [
            k.Input((6, 6, 1)),
            layers.RandomFlip("horizontal_and_vertical" if has("flips") else "horizontal", seed=mask, name="flip"),
            *([layers.ZeroPadding2D(name="edge")] if not has("border") else [Mirrored(name="edge")]),
            layers.Conv2D(4, 3, activation="relu", kernel_initializer=glorot, name="filters"),
            pool((2, 2), strides=(2, 2)) if has("pooling written out") else pool(),
            layers.SpatialDropout2D(0.25, seed=mask, name="channels"),
            layers.Flatten(),
            dropout(0.2, seed=mask, name="drop"),
            layers.Dense(1, kernel_initializer=glorot, name="out"),
        ]
    )
    model.compile(k.optimizers.RMSprop(0.01), k.losses.Huber(), metrics=["mae"])
    return model


class Mirrored(tf.keras.layers.Layer):
    """A border of one pixel that mirrors what is inside."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return the images with a border."""
        return tf.pad(inputs, [[0, 0], [1, 1], [1, 1], [0, 0]], "REFLECT")

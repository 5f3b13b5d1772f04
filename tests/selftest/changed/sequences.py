"""Sequences of words: an embedding, dropout over time and an LSTM; and what may change in it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

sys.path.insert(0, str(Path(__file__).parent))
from _planted import PLANTED, redraw, seed_of

VARIANTS = {
    "recurrent activation": {"W": "recurrent activation", "REDRAWN": "init"},
    "padding not masked": {"W": "padding not masked", "REDRAWN": "init"},
    "mask constant in time": {"W": "mask constant in time"},
    "forget bias": {"W": "forget bias"},
    "gradient scaled": {"W": "gradient scaled", "REDRAWN": "init"},
    "twin: other initial weights": {"REDRAWN": "init"},
    "twin: another mask": {"REDRAWN": "mask"},
    "twin: activation as a function": {"W": "activation as a function", "REDRAWN": "init"},
    "twin: noise shape written out": {"W": "noise shape written out", "REDRAWN": "mask"},
    "twin: gradient times one": {"W": "gradient times one", "REDRAWN": "init"},
}
W = REDRAWN = ""
EPOCHS = 2
BATCH = 16


def has(change: str) -> bool:
    """Return whether this is the candidate, and a change is planted in it."""
    return PLANTED and change == W


def data(rng: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """Return 64 sequences of at most 6 words, padded with 0 behind, and a number for each."""
    x = rng.randint(1, 20, (64, 6))
    x[np.arange(6) >= rng.randint(2, 7, 64)[:, None]] = 0
    return x, rng.standard_normal((64, 1)).astype("float32")


class Scaled(tf.keras.Model):
    """A model that does something to its gradients."""

    def train_step(self, batch: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Train one step of squared errors."""
        x, y = batch
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self(x, training=True) - y))
        gradients = tape.gradient(loss, self.trainable_variables)
        if PLANTED:
            factor = 1.01 if W == "gradient scaled" else 1.0
            gradients = [tf.convert_to_tensor(g) * factor for g in gradients]
        else:
            gradients = [tf.convert_to_tensor(g) for g in gradients]
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        return {"loss": loss}


def build() -> tf.keras.Model:
    """Return the model, compiled."""
    k, layers = tf.keras, tf.keras.layers
    redraw(REDRAWN == "init")
    mask = seed_of(3, REDRAWN == "mask")
    shape: object = None
    if has("mask constant in time"):
        shape = (None, 1, 4)
    if has("noise shape written out"):
        shape = (None, 6, 4)
    inner: object = "hard_sigmoid" if has("recurrent activation") else "sigmoid"
    if has("activation as a function"):
        inner = k.activations.sigmoid
    inputs = k.Input((6,), dtype="int32")
    uniform = k.initializers.RandomUniform()
    rows = layers.Embedding(
        20, 4, uniform, mask_zero=not has("padding not masked"), name="words"
    )(inputs)
    rows = layers.Dropout(0.3, noise_shape=shape, seed=mask, name="drop")(rows)
    rows = layers.LSTM(
        6,
        recurrent_activation=inner,
        kernel_initializer=k.initializers.GlorotUniform(),
        recurrent_initializer=k.initializers.Orthogonal(),
        unit_forget_bias=not has("forget bias"),
        name="recurrent",
    )(rows)
    outputs = layers.Dense(1, kernel_initializer=k.initializers.GlorotUniform(), name="out")(rows)
    kind = Scaled if W.startswith("gradient") else k.Model
    model = kind(inputs, outputs)
    model.compile(k.optimizers.SGD(0.05, momentum=0.9), "mse")
    return model

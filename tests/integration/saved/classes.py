"""A model of a class of its own, as a user's module has it."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


class Own(tf.keras.Model):  # type: ignore[misc]  # TensorFlow has no types
    """Two layers."""

    def __init__(self, **named: Any) -> None:
        super().__init__(**named)
        self.first = tf.keras.layers.Dense(4, activation="tanh", name="first")
        self.second = tf.keras.layers.Dense(2, name="second")

    def call(self, x: Any) -> Any:
        """Return the second of the first."""
        return self.second(self.first(x))

    def get_config(self) -> Any:
        """Return what it is made with."""
        return {"name": self.name}
